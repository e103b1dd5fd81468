"""Mean time free of an event up to a time: the area under a Kaplan-Meier curve (Irwin 1949; Royston and Parmar 2013).

Equal to R's `print(survfit(...), rmean = until)` and to `survRM2` in one group; where a patient has several courses its
variance is the infinitesimal jackknife over patients (see `influence`), as it is for the curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_models.outcomes.proportions import wilson_bounds
from data_models.outcomes.risk_sets import Followed, RiskTable, followed
from data_models.outcomes.survival import greenwood_steps, log_survival_influence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RestrictedMean:
    """Mean time free of the event from 0 to `until`, of `n` courses, in their unit.

    `error`: its standard error. None where the curve ends before `until`, or where all courses are of one patient.
    """

    n: int
    until: float
    mean: float | None
    error: float | None
    low: float | None
    high: float | None


def restricted_mean(
    times: ArrayLike,
    events: ArrayLike,
    until: float,
    entries: ArrayLike | None = None,
    patients: ArrayLike | None = None,
    level: float = 0.95,
) -> RestrictedMean:
    """Mean time free of an event, up to a time.

    Parameters
    ----------
    times : exit times (event or censoring), shape (k,), any unit from 0.
    events : 1 where the exit is the event, 0 where it is censored.
    until : the time up to which it is counted.
    entries : times of delayed entry; None: at risk from the start.
    patients : whose course each row is; where one has several, the variance is by patient.
    level : confidence level of the interval.

    Returns
    -------
    mean : with its standard error and interval, in the unit of the times. Where nothing varies (nobody had the event,
        or all at once) the interval is what Wilson's of as many patients leaves open.

    Raises
    ------
    ValueError
        when an exit precedes its entry or a time is not finite.

    Examples
    --------
    Of four followed for ten days one loses response after two days and one after six.

    >>> found = restricted_mean([2, 6, 10, 10], [1, 1, 0, 0], until=10)
    >>> found.mean, round(found.error, 2)
    (7.0, 1.66)
    """
    courses = followed(times, np.asarray(events, dtype=bool), entries, patients)
    table, n = courses.table(), int(courses.n)
    free = np.cumprod(1.0 - table.ends[1] / np.where(table.at_risk > 0, table.at_risk, 1.0))
    if not free.size or (table.times[-1] < until and free[-1] > 0):
        return RestrictedMean(n, until, None, None, None, None)
    before = table.times < until
    grid = np.concatenate(([0.0], table.times[before], [until]))
    height = np.append(1.0, free[before])
    area = np.append(0.0, np.cumsum(height * np.diff(grid)))
    mean = float(area[-1])
    if courses.people < 2:
        return RestrictedMean(n, until, mean, None, None, None)
    if courses.several:
        variance = _by_patient(courses, table, grid, height, area)
    else:
        rest = mean - np.interp(table.times, grid, area)
        variance = float((rest**2 * greenwood_steps(table)).sum())
    error = float(np.sqrt(variance))
    quantile = NormalDist().inv_cdf(0.5 + level / 2)
    low, high = max(0.0, mean - quantile * error), min(until, mean + quantile * error)
    if error <= 1e-9 * until:
        # Nothing varies. A share that Wilson leaves open may have been free for none of the time, or for all of it.
        share = mean / until
        low, high = mean * wilson_bounds(1.0, courses.people, quantile)[0], mean
        high += until * (1 - share) * wilson_bounds(0.0, courses.people, quantile)[1]
    return RestrictedMean(n, until, mean, error, low, high)


def _by_patient(courses: Followed, table: RiskTable, grid: Floats, height: Floats, area: Floats) -> float:
    """Sum over patients of the squared influence on the area: the integral of S(t) times that on log S(t)."""
    of = log_survival_influence(courses, table)
    until = grid[-1]
    falling = np.append(0.0, of.hazard[table.times < until])
    weighted = np.append(0.0, np.cumsum(height * falling * np.diff(grid)))
    begin = np.zeros(courses.exits.size) if courses.entries is None else np.clip(courses.entries, 0.0, until)
    end = np.minimum(courses.exits, until)
    area_at, area_from = np.interp(end, grid, area), np.interp(begin, grid, area)
    influence = (
        np.interp(end, grid, weighted)
        - np.interp(begin, grid, weighted)
        - of.entered * (area_at - area_from)
        + of.after * (area[-1] - area_at)
    )
    assert courses.patients is not None
    return float((np.bincount(courses.patients, influence) ** 2).sum())
