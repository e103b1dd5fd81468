"""Kaplan-Meier with delayed entry, as R's `survfit` computes it, and the mean time under its curve.

The estimate is the product limit of Kaplan and Meier (1958), its interval on the log(-log) scale (Kalbfleisch and
Prentice 1980), its median interval the times at which the curve's interval crosses one half (Brookmeyer and Crowley
1982). The variance is Greenwood's (1926); where a patient has several courses, which resemble each other, it is the
infinitesimal jackknife over patients (see `influence`; R: `survfit(Surv(entry, time, event) ~ 1, cluster = patient)`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_models.outcomes.influence import squared_influence
from data_models.outcomes.risk_sets import Followed, RiskTable, adequate_rows, followed, from_adequate_risk_set

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
    log_variance : of log(survival); inf where survival is 0, NaN where all courses are of one patient.
    low, high : log-log interval; NaN where it does not exist (survival 0 or 1), as in R.
    start : from when the curve runs: of those without the event at that time. None: never enough at risk to start.
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
    start: float | None = 0.0

    @property
    def standard_error(self) -> Floats:
        """Standard error of survival; NaN once survival is 0."""
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


def kaplan_meier(
    times: ArrayLike,
    events: ArrayLike,
    entries: ArrayLike | None = None,
    level: float = 0.95,
    *,
    patients: ArrayLike | None = None,
    adequate: bool = False,
) -> SurvivalCurve:
    """Kaplan-Meier curve with a log-log interval.

    Parameters
    ----------
    times : exit times (event or censoring), shape (k,), any unit.
    events : 1 where the exit is the event, 0 where it is censored, shape (k,).
    entries : times of delayed entry; None: at risk from the start.
    level : confidence level of the interval.
    patients : whose course each row is; where one has several, the variance is by patient.
    adequate : start where `STARTS_AT` are at risk, of those then free of the event, and stop where fewer than
        `STOPS_BELOW` are (definitions, section 5.2).

    Returns
    -------
    curve : one element per distinct exit time, ascending (Kaplan and Meier 1958; variance of Greenwood 1926, or the
        infinitesimal jackknife by patient).

    Raises
    ------
    ValueError
        when an exit precedes its entry or a time is not finite.

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 3], [1, 0, 1])
    >>> [round(float(s), 3) for s in curve.survival]
    [0.667, 0.667, 0.0]

    Two courses of one patient that go alike say no more than one.

    >>> whose = [1, 1, 2, 2, 3, 3]
    >>> round(float(kaplan_meier([1, 1, 2, 2, 3, 3], [1, 1, 1, 1, 0, 0], patients=whose).standard_error[0]), 3)
    0.272
    >>> round(float(kaplan_meier([1, 2, 3], [1, 1, 0]).standard_error[0]), 3)
    0.272
    """
    courses = followed(times, np.asarray(events, dtype=bool), entries, patients)
    start: float | None = 0.0
    if adequate:
        courses, start = from_adequate_risk_set(courses)
    table = courses.table()
    variance = log_variance_by_patient(courses, table) if courses.several else None
    curve = kaplan_meier_of(table, level, variance)
    return stopped(curve, adequate_rows(table), start) if adequate else curve


def kaplan_meier_of(
    table: RiskTable, level: float = 0.95, log_variance: Floats | None = None, effect: float = 1.0
) -> SurvivalCurve:
    """Kaplan-Meier curve of a risk table; every kind but 0 counts as the event.

    `log_variance`: of log(survival); None: Greenwood's, times a design `effect`.
    """
    events, at_risk = table.ends[1:].sum(axis=0), table.at_risk
    survival = np.cumprod(1.0 - np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0))
    if log_variance is None:
        log_variance = np.where(survival > 0, effect * np.cumsum(greenwood_steps(table)), np.inf)
    low, high = log_log_interval(survival, np.sqrt(log_variance), level)
    happened = float(events.sum())
    return SurvivalCurve(
        table.n, happened, table.times, at_risk, events, table.ends[0], survival, log_variance, low, high
    )


def stopped(curve: SurvivalCurve, rows: int, start: float | None) -> SurvivalCurve:
    """The first rows of a curve; its events are those in them."""
    names = ("times", "at_risk", "events", "censored", "survival", "log_variance", "low", "high")
    kept = {name: getattr(curve, name)[:rows] for name in names}
    return replace(curve, total_events=float(kept["events"].sum()), start=start, **kept)


def greenwood_steps(table: RiskTable) -> Floats:
    """d / (Y (Y - d)) at each time; 0 where all at risk have the event: nothing moves after it."""
    events, at_risk = table.ends[1:].sum(axis=0), table.at_risk
    left = at_risk - events
    steps = np.zeros(events.size)
    np.divide(events, at_risk * left, out=steps, where=(left > 0) & (at_risk > 0))
    return steps


class Influence(NamedTuple):
    """What each course, weighing more, does to log(survival): A(t) - A(entry) while at risk, then what stays.

    `hazard`: A(t) = sum d / (Y (Y - d)) at each time. `since`, `until`: the first time at which a course is at risk,
    and that of its exit. `entered`: A at its entry; `after`: its influence from its exit on.
    """

    hazard: Floats
    since: NDArray[np.int64]
    until: NDArray[np.int64]
    entered: Floats
    after: Floats


def log_survival_influence(courses: Followed, table: RiskTable) -> Influence:
    """The influence of each course: what weighs more makes the curve fall less; its own event takes 1 / (Y - d)."""
    hazard = np.cumsum(greenwood_steps(table))
    left = table.at_risk - table.ends[1:].sum(axis=0)
    since, until = courses.since(table.times), np.searchsorted(table.times, courses.exits)
    entered = np.append(0.0, hazard)[since]
    lost = (courses.kinds > 0) & (left[until] > 0)
    own = np.divide(1.0, left[until], out=np.zeros(until.size), where=lost)
    return Influence(hazard, since, until, entered, hazard[until] - entered - own)


def log_variance_by_patient(courses: Followed, table: RiskTable) -> Floats:
    """Variance of log(survival), the infinitesimal jackknife over patients; NaN of one patient alone.

    Where the patients differ in nothing it would be 0 and say nothing: each patient then counts as one course.
    """
    if courses.people < 2:
        return np.full(table.times.size, np.nan)
    of = log_survival_influence(courses, table)
    ones = np.ones(of.since.size)
    changes = np.vstack((np.append(-of.entered, of.entered + of.after), np.append(ones, -ones)))
    functions = np.vstack((np.ones(of.hazard.size), of.hazard))
    variance = squared_influence(functions, *courses.changes(of.since, of.until), changes)
    variance = np.where(variance <= 1e-9 * of.hazard, of.hazard * courses.exits.size / courses.people, variance)
    survives = np.cumprod(table.at_risk > table.ends[1:].sum(axis=0)) > 0
    return np.where(survives, variance, np.inf)


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
