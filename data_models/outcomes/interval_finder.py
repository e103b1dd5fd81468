"""Which interval between maintenance sessions holds (definitions, section 5.5)?

An interval runs from one session of a course to the next, where the next is a maintenance session: the first one begins
with the last induction session. It held where the last score of the `INTERVAL_SCORE_DAYS` days up to the session that
ends it (at its start is before it, and after the session that began it) is in response. This describes: whoever chose
an interval knew how the patient was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_models.definitions.rules import INTERVAL_BINS_DAYS, INTERVAL_SCORE_DAYS
from data_models.outcomes.clock import Flags, Floats, Ints, day_ticks, days, key, take, ticks
from data_models.outcomes.proportions import PatientSums, Proportion, clustered


@dataclass(frozen=True, slots=True)
class Intervals:
    """Maintenance intervals in order of patient and time, one entry each (k,).

    Attributes
    ----------
    began, ended : places of the sessions between which they lie. score : place of the score at the end (-1: none).
    days : from start to start. response : 1 held, 0 not, NaN no score at the end, or a course that is not judged.
    """

    began: Ints
    ended: Ints
    score: Ints
    days: Floats
    response: Floats

    @property
    def whole_days(self) -> Ints:
        """Their lengths as they are compared: in whole days, half days up."""
        return np.floor(self.days + 0.5).astype(np.int64)


def maintenance_intervals(
    patient: Ints, course: Ints, hours: Floats, maintenance: Flags, scored: Ints, scored_hours: Floats, state: Floats
) -> Intervals:
    """The maintenance intervals of some patients, each with the score at its end.

    Parameters
    ----------
    patient, course, hours, maintenance : of every session (n,), in any order; hours on the patient's clock.
    scored, scored_hours, state : of every score on one scale (m,): the patient, the resolved time, 2 for a response
        (NaN: not judged).

    Examples
    --------
    The last induction session on day 14, then sessions on days 28 and 56, scored a day and five days before.

    >>> one, two = np.ones(3, dtype=np.int64), np.ones(2, dtype=np.int64)
    >>> found = maintenance_intervals(
    ...     one, one, np.array([14.0, 28.0, 56.0]) * 24, np.array([False, True, True]),
    ...     two, np.array([27.0, 51.0]) * 24, np.array([2.0, 0.0]),
    ... )
    >>> found.whole_days.tolist(), found.response.tolist()
    ([14, 28], [1.0, nan])
    """
    people, group = np.unique(patient, return_inverse=True)
    at = ticks(hours)
    order = np.argsort(key(group, at), kind="stable")
    began, ended = order[:-1], order[1:]
    counts = maintenance[ended] & (group[began] == group[ended]) & (course[began] == course[ended])
    began, ended = began[counts], ended[counts]
    treated = np.flatnonzero(np.isin(scored, people))
    taken = key(np.searchsorted(people, scored[treated]), ticks(scored_hours[treated]))
    by_time = np.argsort(taken, kind="stable")
    earliest = np.maximum(at[began] + 1, at[ended] - day_ticks(INTERVAL_SCORE_DAYS))
    first = np.searchsorted(taken[by_time], key(group[ended], earliest))
    last = np.searchsorted(taken[by_time], key(group[ended], at[ended]), side="right") - 1
    score: NDArray[np.int64] = np.full(len(ended), -1, dtype=np.int64)
    score[last >= first] = treated[by_time[last[last >= first]]]
    state_at_end = take(state, score)
    response = np.where(np.isnan(state_at_end), np.nan, (state_at_end == 2).astype(float))
    return Intervals(began, ended, score, days(at[ended] - at[began]), response)


@dataclass(frozen=True, slots=True)
class Held:
    """The longest interval at which it and all shorter ones held, in whole days and counts of judged intervals.

    Attributes
    ----------
    up_to : its length; None: not even the shortest held each time. times : intervals so long or shorter, all held.
    longer_from : the shortest of the longer ones; None: there is none. longer_held of longer : these held.
    """

    up_to: int | None
    times: int
    longer_from: int | None
    longer_held: int
    longer: int


def longest_held(lengths: Sequence[int], held: Sequence[bool]) -> Held:
    """What one patient's judged intervals say, in any order; of several equally long ones each must have held.

    Examples
    --------
    >>> longest_held([14, 21, 21, 28, 28, 35], [True, True, True, False, True, False])
    Held(up_to=21, times=3, longer_from=28, longer_held=1, longer=3)
    >>> longest_held([14, 14], [True, False])
    Held(up_to=None, times=0, longer_from=14, longer_held=1, longer=2)
    >>> longest_held([], [])
    Held(up_to=None, times=0, longer_from=None, longer_held=0, longer=0)
    """
    lost_at = min((length for length, well in zip(lengths, held, strict=True) if not well), default=None)
    shorter = [length for length in lengths if lost_at is None or length < lost_at]
    longer = [well for length, well in zip(lengths, held, strict=True) if lost_at is not None and length >= lost_at]
    return Held(max(shorter, default=None), len(shorter), lost_at, sum(longer), len(longer))


@dataclass(frozen=True, slots=True)
class IntervalBin:
    """Judged intervals of `from_days` up to (not including) `to_days` whole days.

    Attributes
    ----------
    held : those that held of all, with an interval clustered by patient. patients : whose they are; None: hidden.
    """

    from_days: int
    to_days: int
    held: Proportion
    patients: int | None


def interval_bins(patient: Ints, whole_days: Ints, response: Floats) -> tuple[IntervalBin, ...]:
    """One element a bin of `INTERVAL_BINS_DAYS`; intervals without a judged score are in none.

    Parameters
    ----------
    patient, whole_days, response : of each interval (k,), as `Intervals` has them.

    Examples
    --------
    Two patients with three intervals of two weeks; that of a patient without a score does not count.

    >>> bins = interval_bins(np.array([1, 1, 2, 3]), np.array([14, 15, 13, 14]), np.array([1.0, 1.0, 0.0, np.nan]))
    >>> [(one.from_days, one.to_days, one.held.events, one.held.n, one.patients) for one in bins if one.held.n]
    [(11, 18, 2.0, 3.0, 2)]
    """
    found = []
    for start, end in INTERVAL_BINS_DAYS:
        inside = (whole_days >= start) & (whole_days < end) & ~np.isnan(response)
        of = np.unique(patient[inside], return_inverse=True)[1]
        n, x = np.bincount(of).astype(float), np.bincount(of, response[inside])
        some, short = float((x > 0).sum()), float((x < n).sum())
        sums = PatientSums(
            len(n), float(x.sum()), float(n.sum()), float(x @ x), float(x @ n), float(n @ n), some, short
        )
        found.append(IntervalBin(start, end, clustered(sums), len(n)))
    return tuple(found)
