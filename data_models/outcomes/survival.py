"""Kaplan-Meier from grouped counts, with delayed entry, as R's `survfit` computes it.

What goes in are counts by time, so that a database groups and Python sees hundreds of rows. The
estimate is the product-limit of Kaplan and Meier (1958), its variance Greenwood's (1926), its
interval on the log(-log) scale (Kalbfleisch and Prentice 1980), its median interval the times at
which the curve's interval crosses one half (Brookmeyer and Crowley 1982).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Two survival values closer than this are one step: the tolerance of R's quantile.survfit.
_TOLERANCE = float(np.sqrt(np.finfo(float).eps))


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """A Kaplan-Meier curve: one element per distinct time of an event or a censoring.

    Attributes
    ----------
    n : persons or courses that went in, also those never at risk (left at their own entry); None: hidden.
    total_events : events among them; None: hidden.
    times : ascending (unit of the input).
    at_risk, events, censored : counts at each time; at risk just before it.
    survival : share without the event just after each time.
    log_variance : Greenwood's sum, the variance of log(survival); inf where survival is 0.
    low, high : log-log interval; NaN where it does not exist (survival 0 or 1), as in R.
    """

    n: float | None
    total_events: float | None
    times: Floats
    at_risk: Floats
    events: Floats
    censored: Floats
    survival: Floats
    log_variance: Floats
    low: Floats
    high: Floats

    @property
    def standard_error(self) -> Floats:
        """Greenwood's standard error of survival; NaN once survival is 0."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.survival * np.sqrt(self.log_variance), dtype=float)

    def at(self, time: float) -> tuple[float, float, float]:
        """Survival, low and high just after `time`; (1, NaN, NaN) before the first row."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 1.0, float("nan"), float("nan")
        return float(self.survival[place]), float(self.low[place]), float(self.high[place])

    def quantile(self, probability: float) -> tuple[float, float, float]:
        """Time by which a share `probability` has the event, with its interval; NaN: not reached.

        Where the curve lies exactly at 1 - probability, the middle of that flat part (R's rule).
        """
        return (
            _crossing(self.times, self.survival, probability),
            _crossing(self.times, self.low, probability),
            _crossing(self.times, self.high, probability),
        )

    @property
    def median(self) -> tuple[float, float, float]:
        """Median time with its interval; NaN where not reached."""
        return self.quantile(0.5)

    def as_dict(self, time_name: str = "days") -> dict[str, Any]:
        """The curve in the form of the data contract (`KM`); None where there is no number."""
        middle, low, high = (_or_none(value) for value in self.median)
        names = (time_name, "at_risk", "events", "censored", "survival", "low", "high")
        columns = [self.times, self.at_risk, self.events, self.censored, self.survival, self.low, self.high]
        lists: list[list[Any]] = [column.tolist() for column in columns]
        for place in (1, 2, 3):
            lists[place] = columns[place].astype(np.int64).tolist()
        for place in (5, 6):
            lists[place] = [None if value != value else value for value in lists[place]]
        return {
            "n": None if self.n is None else int(self.n),
            "events": None if self.total_events is None else int(self.total_events),
            "median": middle,
            "low": low,
            "high": high,
            "curve": [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)],
        }


def _or_none(value: float) -> float | None:
    return None if value != value or value in (float("inf"), float("-inf")) else float(value)


def _crossing(times: Floats, survival: Floats, probability: float) -> float:
    """First time at which 1 - survival reaches `probability`, by the rule of quantile.survfit."""
    known = ~np.isnan(survival)
    times, lost = times[known], 1.0 - survival[known]
    if times.size == 0 or lost[-1] < probability - _TOLERANCE:
        return float("nan")
    # Running maximum: an interval's bound need not be monotone under delayed entry.
    lost = np.maximum.accumulate(lost)
    reached = int(np.searchsorted(lost, probability - _TOLERANCE, side="left"))
    passed = int(np.searchsorted(lost, probability + _TOLERANCE, side="left"))
    if passed == reached:
        return float(times[reached])
    end = times[passed] if passed < times.size else times[-1]
    return float((times[reached] + end) / 2)


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Counts by distinct exit time: what each estimator with right censoring rests on.

    `ends` has one row per kind of end (row 0 is censoring) and one column per time. `entry_times`,
    `entry_counts`: delayed entries by time, empty where all are at risk from the start.
    """

    n: float
    times: Floats
    at_risk: Floats
    ends: Floats
    entry_times: Floats = field(default_factory=lambda: np.zeros(0))
    entry_counts: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def drops(self) -> Floats:
        """How many leave at each time."""
        return np.asarray(self.ends.sum(axis=0))


def risk_table(
    times: ArrayLike,
    kinds: ArrayLike,
    counts: ArrayLike,
    entries: ArrayLike | None = None,
    n_kinds: int = 2,
) -> RiskTable:
    """Group exits into a risk table.

    Parameters
    ----------
    times : exit time of each group (any unit), in any order, repeated or not.
    kinds : what happened at it: 0 censored, 1.. the kinds of event.
    counts : how many left so at that time.
    entries : time of entry of each group; None: all are at risk from the start. A group is at risk
        on (entry, exit]; one that leaves at its own entry is never at risk and is in `n` alone.
    n_kinds : kinds of end including censoring.

    Raises
    ------
    ValueError
        when an exit precedes its entry or a time is not finite.
    """
    exits = np.asarray(times, dtype=float).ravel()
    kind = np.asarray(kinds, dtype=np.int64).ravel()
    weight = np.asarray(counts, dtype=float).ravel()
    if exits.size and not np.isfinite(exits).all():
        raise ValueError("survival times must be finite numbers")
    n = float(weight.sum())
    entry: Floats | None = None
    if entries is not None:
        entry = np.asarray(entries, dtype=float).ravel()
        if (entry > exits).any():
            raise ValueError("survival times must not precede their entry")
        seen = entry < exits
        exits, kind, weight, entry = exits[seen], kind[seen], weight[seen], entry[seen]
    unique, place = np.unique(exits, return_inverse=True)
    flat: Floats = np.bincount(kind * unique.size + place, weight, n_kinds * unique.size).astype(float)
    ends = flat.reshape(n_kinds, unique.size)
    leaving = ends.sum(axis=0)
    at_risk = leaving[::-1].cumsum()[::-1]
    if entry is None:
        return RiskTable(n, unique, at_risk, ends)
    # Not yet entered: entry at or after the time (a course enters just after its entry time).
    entry_times, place = np.unique(entry, return_inverse=True)
    entry_counts: Floats = np.bincount(place, weight, entry_times.size).astype(float)
    waiting = np.concatenate((entry_counts[::-1].cumsum()[::-1], [0.0]))
    at_risk = at_risk - waiting[np.searchsorted(entry_times, unique, side="left")]
    return RiskTable(n, unique, at_risk, ends, entry_times, entry_counts)


def kaplan_meier(
    times: ArrayLike,
    events: ArrayLike,
    counts: ArrayLike | None = None,
    entries: ArrayLike | None = None,
    level: float = 0.95,
) -> SurvivalCurve:
    """Kaplan-Meier curve with a log-log interval.

    Parameters
    ----------
    times : exit times (event or censoring), shape (k,), any unit.
    events : 1 where the exit is the event, 0 where it is censored, shape (k,).
    counts : how many exits each row stands for; None: one each.
    entries : times of delayed entry; None: at risk from the start.
    level : confidence level of the interval.

    Returns
    -------
    curve : one element per distinct exit time, ascending (Kaplan and Meier 1958; variance of Greenwood 1926).

    Raises
    ------
    ValueError
        when an exit precedes its entry or a time is not finite.

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 3], [1, 0, 1])
    >>> [round(float(s), 3) for s in curve.survival]
    [0.667, 0.667, 0.0]
    """
    exits = np.asarray(times, dtype=float).ravel()
    weights = np.ones(exits.size) if counts is None else counts
    return kaplan_meier_of(risk_table(exits, events, weights, entries), level)


def kaplan_meier_of(table: RiskTable, level: float = 0.95) -> SurvivalCurve:
    """Kaplan-Meier curve of a risk table; every kind but 0 counts as the event."""
    events, at_risk = table.ends[1:].sum(axis=0), table.at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1.0 - np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0))
        step = np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0)
        log_variance = np.cumsum(step)
        low, high = log_log_interval(survival, np.sqrt(log_variance), level)
    happened = float(events.sum())
    return SurvivalCurve(
        table.n, happened, table.times, at_risk, events, table.ends[0], survival, log_variance, low, high
    )


def log_log_interval(survival: Floats, log_error: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Interval on the log(-log) scale from survival and the standard error of log(survival).

    NaN where survival is 0 or 1: there the scale has no value (as in R).
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_survival = np.log(survival)
        inside = (survival > 0) & (survival < 1)
        spread = np.where(inside, NormalDist().inv_cdf(0.5 + level / 2) * log_error / -log_survival, np.nan)
        low = np.where(inside, np.exp(log_survival * np.exp(spread)), np.nan)
        high = np.where(inside, np.exp(log_survival * np.exp(-spread)), np.nan)
    return low, high
