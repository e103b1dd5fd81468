"""Differences of groups in what curves say: shares by a day, and days spent in a state, each less the first group's.

Each group's share has its interval by patient already (see `interval_censored` and `states`). That of a difference is
recovered from the two (MOVER: Zou and Donner 2008), as it is for rates, and takes the groups as independent: where
patients have courses in both it is too wide. Of several differences each interval is the one that Holm's (1979) steps
ask for. They are of the groups as they are: no p-value goes with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from data_models.outcomes.interval_censored import IntervalCurve
from data_models.outcomes.proportions import Difference, Proportion, difference
from data_models.outcomes.standardisation import holm
from data_models.outcomes.states import StateCurves

UNKNOWN = Proportion(None, None, None, None, None, "")


@dataclass(frozen=True, slots=True)
class Differences:
    """Differences from the first group that has a share with an interval.

    Attributes
    ----------
    first : its place among the groups; None: no group has one.
    of : one a group: its share less that of the first; None for the first and where it cannot be told.
    """

    first: int | None
    of: tuple[Difference | None, ...]

    @property
    def told(self) -> bool:
        return any(one is not None for one in self.of)


def by_day(curve: IntervalCurve, day: float) -> Proportion:
    """The share with the event by a day; without a row of it `UNKNOWN`."""
    share, low, high = curve.at(day)
    return UNKNOWN if share != share else Proportion(None, curve.n, share, low, high, "curve")


def spent(curves: StateCurves, state: int) -> Proportion:
    """The share of its days that a course spends in a state; `UNKNOWN` where it holds on no day."""
    if not curves.days:
        return UNKNOWN
    share, low, high = (float(of[state]) / curves.days for of in (curves.spent, curves.spent_low, curves.spent_high))
    return UNKNOWN if low != low or share != share else Proportion(None, curves.courses, share, low, high, "curve")


def less_first(shares: Sequence[Proportion], level: float = 0.95) -> Differences:
    """Each group's share less that of the first, with intervals for as many comparisons as there are.

    By Holm's steps the difference that is surest is held to alpha / m, the next to alpha / (m - 1), until one is not
    told from 0. For that an interval is taken to grow as a normal quantile does with its level.

    Parameters
    ----------
    shares : one a group, with intervals of `level`; those without are passed over.
    level : confidence level of a comparison alone.

    Returns
    -------
    differences : one a group.

    Examples
    --------
    One comparison is Newcombe's: 56 of 70 against 48 of 80. With a second one beside it the interval is wider.

    >>> from data_models.outcomes.proportions import wilson
    >>> def rounded(groups):
    ...     return [one and (round(one.low, 3), round(one.high, 3)) for one in less_first(groups).of]
    >>> rounded([wilson(48, 80), wilson(56, 70)]), rounded([wilson(48, 80), wilson(56, 70), wilson(30, 50)])
    ([None, (0.052, 0.334)], [None, (0.031, 0.353), (-0.171, 0.165)])
    """
    known = [place for place, one in enumerate(shares) if one.share is not None and one.low is not None]
    if not known:
        return Differences(None, (None,) * len(shares))
    first, rest = known[0], known[1:]
    alone = [difference(shares[place], shares[first]) for place in rest]
    normal = NormalDist()
    usual = normal.inv_cdf(0.5 + level / 2)
    raw = [2 * normal.cdf(-usual * _reach(one)) for one in alone]
    alphas = holm(np.array(raw), 1 - level)[1].tolist()
    found: list[Difference | None] = [None] * len(shares)
    for place, one, alpha in zip(rest, alone, alphas, strict=True):
        found[place] = _wider(one, normal.inv_cdf(1 - alpha / 2) / usual)
    return Differences(first, tuple(found))


def less_first_spent(curves: Sequence[StateCurves], state: int) -> Differences:
    """The share of its days that each group spends in a state, less that of the first that is known.

    Of groups that are followed for as many days as that one: a mean of fewer days is of others.
    """
    days = next((one.days for one in curves if one.days and one.courses), 0.0)
    return less_first([spent(one, state) if one.days == days else UNKNOWN for one in curves])


def _reach(of: Difference) -> float:
    """How many times its interval's reach towards 0 a difference is."""
    assert of.difference is not None
    assert of.low is not None
    assert of.high is not None
    side = of.difference - of.low if of.difference > 0 else of.high - of.difference
    return abs(of.difference) / max(side, 1e-12)


def _wider(of: Difference, times: float) -> Difference:
    """The same with its interval so many times as wide; a difference of shares is from -1 to 1."""
    assert of.difference is not None
    assert of.low is not None
    assert of.high is not None
    low = max(-1.0, of.difference - times * (of.difference - of.low))
    return Difference(of.difference, low, min(1.0, of.difference + times * (of.high - of.difference)))
