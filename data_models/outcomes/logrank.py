"""The log-rank test for two or more groups (Mantel 1966; Peto and Peto 1972), with delayed entry.

It compares observed with expected events at every time, the expected ones under equal hazards. Where each course is of
another patient its variance is the hypergeometric one. Where a patient has several, which resemble each other, that
calls twice to four times as many equal groups different as it promises; the variance is then the sum over patients of
their squared contributions (Lin and Wei 1989; R: the robust score test of
`coxph(Surv(entry, time, event) ~ group, cluster = patient, ties = "breslow")`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_models.outcomes.risk_sets import Followed, followed

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LogRank:
    """Result of a log-rank test.

    `statistic` is chi-squared with `degrees` degrees of freedom under equal hazards; `p_value` None
    (and 0 degrees) where no time has two groups at risk. `observed`, `expected`: events per group.
    """

    statistic: float
    degrees: int
    p_value: float | None
    observed: tuple[float, ...]
    expected: tuple[float, ...]


def log_rank(
    times: ArrayLike,
    events: ArrayLike,
    groups: ArrayLike,
    entries: ArrayLike | None = None,
    patients: ArrayLike | None = None,
) -> LogRank:
    """Compare the hazards of an event between groups.

    Parameters
    ----------
    times : exit times (event or censoring), shape (n,), any unit.
    events : 1 where the exit is the event, 0 where it is censored.
    groups : whole numbers from 0.
    entries : times of delayed entry; None: all are at risk from the start.
    patients : whose course each row is; where one has several, in one group or in more, the test is by patient.

    Returns
    -------
    result : chi-squared, degrees of freedom, p-value, observed and expected events per group.

    Raises
    ------
    ValueError
        when an exit precedes its entry or a time is not finite.

    Examples
    --------
    >>> result = log_rank([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1])
    >>> round(result.statistic, 2), result.degrees, round(result.p_value, 3)
    (5.05, 1, 0.025)

    Each course twice proves twice as much as once, but not where the second is the same patient's.

    >>> times, events, groups = [1, 2, 3, 4, 5, 6] * 2, [1, 1, 1, 1, 1, 0] * 2, [0, 0, 0, 1, 1, 1] * 2
    >>> round(log_rank(times, events, groups).statistic, 2)
    11.38
    >>> round(log_rank(times, events, groups, patients=[1, 2, 3, 4, 5, 6] * 2).statistic, 2)
    5.58
    """
    group = np.asarray(groups, dtype=np.int64).ravel()
    k = int(group.max(initial=-1)) + 1
    courses = followed(times, np.asarray(events, dtype=bool), entries, patients)
    if entries is not None:
        group = group[np.asarray(entries, dtype=float).ravel() < np.asarray(times, dtype=float).ravel()]
    each = [courses.rows(group == row) for row in range(k)]
    at = np.unique(courses.exits[courses.kinds > 0])
    at_risk = np.array([part.at_risk(at) for part in each]).reshape(k, at.size)
    lost = np.array([_count(part.exits[part.kinds > 0], at) for part in each]).reshape(k, at.size)
    total, all_lost = at_risk.sum(axis=0), lost.sum(axis=0)
    share = at_risk / total
    expected = share * all_lost
    surplus = (lost - expected).sum(axis=1)
    if courses.several:
        covariance = _by_patient(courses, group, at, share, all_lost / total)
    else:
        spread = all_lost * np.where(total > 1, (total - all_lost) / np.where(total > 1, total - 1, 1.0), 0.0)
        covariance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    observed, awaited = tuple(lost.sum(axis=1).tolist()), tuple(expected.sum(axis=1).tolist())
    degrees = int(np.linalg.matrix_rank(covariance, hermitian=True)) if k and at.size else 0
    if degrees == 0:
        return LogRank(0.0, 0, None, observed, awaited)
    statistic = float(surplus @ np.linalg.pinv(covariance, hermitian=True) @ surplus)
    from scipy.special import chdtrc  # imported here: only a comparison pays for it

    return LogRank(statistic, degrees, float(chdtrc(degrees, statistic)), observed, awaited)


def _count(exits: Floats, at: Floats) -> Floats:
    return np.bincount(np.searchsorted(at, exits), minlength=at.size).astype(float)


def _by_patient(courses: Followed, group: NDArray[np.int64], at: Floats, share: Floats, hazard: Floats) -> Floats:
    """Sum over patients of the outer products of their contributions, shape (groups, groups).

    A course's contribution to observed less expected events of a group g is, with Z = 1 in its own group and 0 in the
    others, (Z - share_g) at its event, less the sum of (Z - share_g) times the hazard while it was at risk: its part
    of the score of a Cox model without an effect (Lin and Wei 1989), ties by Breslow.
    """
    own = (np.arange(len(share))[:, None] == group).astype(float)
    until = np.searchsorted(at, courses.exits, side="right")
    since = courses.since(at)
    event = np.flatnonzero(courses.kinds > 0)
    summed = np.append(0.0, np.cumsum(hazard))
    contribution = -own * (summed[until] - summed[since])
    for row, of in enumerate(share):
        shared = np.append(0.0, np.cumsum(of * hazard))
        contribution[row] += shared[until] - shared[since]
        contribution[row, event] += own[row, event] - of[until[event] - 1]
    assert courses.patients is not None
    sums = np.array([np.bincount(courses.patients, row) for row in contribution])
    return np.asarray(sums @ sums.T)
