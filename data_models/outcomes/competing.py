"""Aalen-Johansen: the share lost and the share re-treated over time, as competing events.

Cumulative incidence by Aalen and Johansen (1978), with delayed entry. Its variance is the infinitesimal jackknife
over patients (see `influence`; R: the influence of `survfit(Surv(entry, time, kind) ~ 1, id = course, influence =
TRUE)` summed by patient), of rounded counts the delta-method one of Marubini and Valsecchi (1995, section 10.3); its
interval is on the log(-log) scale of 1 - incidence. Where re-treatment is instead counted as censoring, 1 -
Kaplan-Meier says what would be lost if nobody were re-treated and lasted as the others do; it always exceeds the
share really lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_models.outcomes.influence import squared_influence
from data_models.outcomes.risk_sets import Followed, RiskTable, adequate_rows, followed, from_adequate_risk_set
from data_models.outcomes.survival import (
    SurvivalCurve,
    kaplan_meier_of,
    log_log_interval,
    log_survival_influence,
    log_variance_by_patient,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """Cumulative incidence of each competing event; row k - 1 belongs to kind k.

    Attributes
    ----------
    n : courses that went in; None: hidden.
    times : ascending, those with an event or a censoring, shape (m,).
    at_risk : just before each time, shape (m,).
    censored : counts, shape (m,).
    events : counts, shape (kinds, m).
    incidence, variance, low, high : shape (kinds, m); low and high NaN where incidence is 0 or 1.
    free, free_low, free_high : share without any of the events, shape (m,). Incidences and it sum to 1.
    start : from when it runs: of those without any event at that time. None: never enough at risk to start.
    """

    n: float | None
    times: Floats
    at_risk: Floats
    censored: Floats
    events: Floats
    incidence: Floats
    variance: Floats
    low: Floats
    high: Floats
    free: Floats
    free_low: Floats
    free_high: Floats
    start: float | None = 0.0

    def at(self, time: float, kind: int) -> tuple[float, float, float]:
        """Incidence of `kind` (from 1), low and high just after `time`."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 0.0, float("nan"), float("nan")
        row = kind - 1
        return float(self.incidence[row, place]), float(self.low[row, place]), float(self.high[row, place])

    def as_rows(self, names: tuple[str, ...], free_name: str) -> list[dict[str, Any]]:
        """One dict a time: days, at_risk, and of each state its share and interval under its name.

        NAME, NAME_low, NAME_high for each kind of event and for those free of all; None where there is no interval.
        """
        columns: dict[str, Floats] = {}
        for name, shares, low, high in zip(
            (*names, free_name),
            (*self.incidence, self.free),
            (*self.low, self.free_low),
            (*self.high, self.free_high),
            strict=True,
        ):
            columns |= {name: shares, f"{name}_low": low, f"{name}_high": high}
        days, at_risk = self.times.tolist(), self.at_risk.astype(np.int64).tolist()
        values = ([None if value != value else value for value in column.tolist()] for column in columns.values())
        keys = ("days", "at_risk", *columns)
        return [dict(zip(keys, row, strict=True)) for row in zip(days, at_risk, *values, strict=True)]


def aalen_johansen(
    times: ArrayLike,
    kinds: ArrayLike,
    entries: ArrayLike | None = None,
    n_kinds: int = 3,
    level: float = 0.95,
    *,
    patients: ArrayLike | None = None,
    adequate: bool = False,
) -> CumulativeIncidence:
    """Cumulative incidence of competing events.

    Parameters
    ----------
    times : exit times, shape (k,), any unit.
    kinds : what happened: 0 censored, 1 .. `n_kinds` - 1 the competing events.
    entries : times of delayed entry; None: at risk from the start.
    n_kinds : kinds of end including censoring.
    level : confidence level of the intervals.
    patients : whose course each row is; None: each is somebody else's.
    adequate : start where `STARTS_AT` are at risk, of those then free of any event, and stop where fewer than
        `STOPS_BELOW` are (definitions, section 5.2).

    Returns
    -------
    incidence : one row per competing event (Aalen and Johansen 1978); variance by patient.

    Raises
    ------
    ValueError
        when an exit precedes its entry or a time is not finite.

    Examples
    --------
    >>> result = aalen_johansen([1, 2, 3, 4], [1, 2, 0, 1])
    >>> result.incidence[:, -1].round(2).tolist()
    [0.75, 0.25]

    39 in response from day 10 to day 60, one scored on day 1 and treated again on day 5: the curve starts on day 10.

    >>> result = aalen_johansen([60] * 39 + [5], [0] * 39 + [2], entries=[10] * 39 + [1], adequate=True)
    >>> result.start, result.incidence[:, -1].tolist()
    (10.0, [0.0, 0.0])
    """
    courses = followed(times, kinds, entries, patients)
    start: float | None = 0.0
    if adequate:
        courses, start = from_adequate_risk_set(courses)
    table = courses.table(n_kinds)
    # The share free of all events is 1 - incidence of any: where it is 0 its logarithm has no variance.
    free = kaplan_meier_of(table, level, log_variance_by_patient(courses, table))
    found = _incidence(table, free, variance_by_patient(courses, table), level)
    return _stopped(found, adequate_rows(table), start) if adequate else found


def aalen_johansen_of(table: RiskTable, level: float = 0.95, effect: float = 1.0) -> CumulativeIncidence:
    """Cumulative incidence from a risk table alone: variance of as many patients, times a design `effect`."""
    return _incidence(table, kaplan_meier_of(table, level, effect=effect), effect * delta_variance(table), level)


def _incidence(table: RiskTable, free: SurvivalCurve, variance: Floats, level: float) -> CumulativeIncidence:
    incidence = np.cumsum(_steps(table), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = 1.0 - incidence
        low, high = log_log_interval(without, np.sqrt(variance) / without, level)
    return CumulativeIncidence(
        table.n, table.times, table.at_risk, table.ends[0], table.ends[1:], incidence, variance, 1.0 - high, 1.0 - low,
        free.survival, free.low, free.high,
    )  # fmt: skip


def _stopped(found: CumulativeIncidence, rows: int, start: float | None) -> CumulativeIncidence:
    names = ("times", "at_risk", "censored", "events", "incidence", "variance", "low", "high",
             "free", "free_low", "free_high")  # fmt: skip
    return replace(found, start=start, **{name: getattr(found, name)[..., :rows] for name in names})


def _free_before(table: RiskTable) -> Floats:
    """The share free of all events just before each time."""
    shares = table.ends[1:].sum(axis=0) / np.where(table.at_risk > 0, table.at_risk, 1.0)
    return np.append(1.0, np.cumprod(1.0 - shares))[:-1]


def _steps(table: RiskTable) -> Floats:
    """By how much each incidence rises at each time, shape (kinds, m)."""
    return _free_before(table) * table.ends[1:] / np.where(table.at_risk > 0, table.at_risk, 1.0)


def variance_by_patient(courses: Followed, table: RiskTable) -> Floats:
    """Variance of each incidence, the infinitesimal jackknife over patients, shape (kinds, m); NaN of one patient.

    What a course at risk weighs more makes those free of events more by A(s-) - A(entry) (see
    `log_survival_influence`), and of each event that is not its own less by S(s-) d_k / Y^2:

        influence on F_k(t) = sum over its time at risk of (A(s-) - A(entry)) dF_k(s) - S(s-) d_k(s) / Y(s)^2
                              + S(x-) / Y(x) for an own event of kind k at its exit x
                              + (F_k(t) - F_k(x)) times its influence on log S from x on:

    sums of constants of the course times 1, F_k(t) and C_k(t) = sum A(s-) dF_k(s) - S(s-) d_k(s) / Y(s)^2.
    """
    kinds, size = table.ends.shape[0] - 1, table.times.size
    if courses.people < 2:
        return np.full((kinds, size), np.nan)
    of = log_survival_influence(courses, table)
    at_risk, before, rises = np.where(table.at_risk > 0, table.at_risk, 1.0), _free_before(table), _steps(table)
    whose, places = courses.changes(of.since, of.until)
    ones = np.ones(of.since.size)
    found = np.zeros((kinds, size))
    for row in range(kinds):
        incidence = np.cumsum(rises[row])
        common = np.cumsum(np.append(0.0, of.hazard)[:-1] * rises[row] - before * table.ends[row + 1] / at_risk**2)
        constant = of.entered * np.append(0.0, incidence)[of.since] - np.append(0.0, common)[of.since]
        own = np.where(courses.kinds == row + 1, (before / at_risk)[of.until], 0.0)
        # At the exit the terms that moved while at risk stand still; from it on log S moves F.
        ended = constant + common[of.until] + own - (of.entered + of.after) * incidence[of.until]
        changes = np.vstack(
            (
                np.append(constant, ended - constant),
                np.append(-of.entered, of.after + of.entered),
                np.append(ones, -ones),
            )
        )
        functions = np.vstack((np.ones(size), incidence, common))
        found[row] = squared_influence(functions, whose, places, changes)
    # Where the patients differ in nothing it is 0 and says nothing: each of them then counts as one course.
    independent = delta_variance(table)
    return np.where(found <= 1e-9 * independent, independent * courses.exits.size / courses.people, found)


def delta_variance(table: RiskTable) -> Floats:
    """Marubini and Valsecchi's variance of each incidence, shape (kinds, m)."""
    at_risk = np.where(table.at_risk > 0, table.at_risk, 1.0)
    incidence = np.cumsum(_steps(table), axis=1)
    return _variance(table.ends[1:], table.ends[1:].sum(axis=0), at_risk, _free_before(table), incidence)


def _variance(events: Floats, all_events: Floats, at_risk: Floats, before: Floats, incidence: Floats) -> Floats:
    """Marubini and Valsecchi's three sums over the times up to t, each opened into running sums.

    sum (I(t) - I_i)^2 d_i / (r_i (r_i - d_i)) + sum S_i^2 d_ki (r_i - d_ki) / r_i^3
    - 2 sum (I(t) - I_i) S_i d_ki / r_i^2
    """
    left = at_risk - all_events
    # Where all at risk leave at once nothing moves afterwards: that term is 0 at every later time.
    greenwood = np.where(left > 0, all_events / (at_risk * np.where(left > 0, left, 1.0)), 0.0)
    own = before**2 * events * (at_risk - events) / at_risk**3
    cross = before * events / at_risk**2
    total = (
        incidence**2 * np.cumsum(greenwood)
        - 2 * incidence * np.cumsum(greenwood * incidence, axis=1)
        + np.cumsum(greenwood * incidence**2, axis=1)
        + np.cumsum(own, axis=1)
        - 2 * incidence * np.cumsum(cross, axis=1)
        + 2 * np.cumsum(cross * incidence, axis=1)
    )
    return np.asarray(np.maximum(total, 0.0))
