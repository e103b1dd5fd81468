"""The log-rank test for two or more groups (Mantel 1966; Peto and Peto 1972), with delayed entry.

It compares observed with expected events at every time, the expected ones under equal hazards, with
the hypergeometric variance. Only groups of different courses may be compared: it takes all courses
as independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_models.outcomes.survival import RiskTable


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


def _at_risk(table: RiskTable, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """At risk of one group just before each of the pooled times.

    Between two of its own times a group's risk set changes only by entries, which the table holds
    at the next own time; so they are counted back from the exits and entries themselves.
    """
    exits_left = np.concatenate((np.cumsum(table.drops[::-1])[::-1], [0.0]))
    leaving = exits_left[np.searchsorted(table.times, times, side="left")]
    waiting = table.entry_counts[::-1].cumsum()[::-1]
    not_entered = np.concatenate((waiting, [0.0]))[np.searchsorted(table.entry_times, times, side="left")]
    return np.asarray(leaving - not_entered)


def log_rank(groups: Sequence[RiskTable]) -> LogRank:
    """Compare the hazards of the event (every kind but 0) between groups.

    Parameters
    ----------
    groups : one risk table a group, on the same clock.

    Returns
    -------
    result : chi-squared, degrees of freedom, p-value, observed and expected events per group.

    Examples
    --------
    >>> from data_models.outcomes.survival import risk_table
    >>> early, late = risk_table([1, 2, 3], [1, 1, 1], [1, 1, 1]), risk_table([4, 5, 6], [1, 1, 0], [1, 1, 1])
    >>> result = log_rank([early, late])
    >>> round(result.statistic, 2), result.degrees, round(result.p_value, 3)
    (5.05, 1, 0.025)
    """
    times = np.unique(np.concatenate([table.times[table.ends[1:].sum(axis=0) > 0] for table in groups] or [[]]))
    k = len(groups)
    at_risk, events = np.zeros((k, times.size)), np.zeros((k, times.size))
    for row, table in enumerate(groups):
        at_risk[row] = _at_risk(table, times)
        own = table.ends[1:].sum(axis=0)
        happened = own > 0
        events[row, np.searchsorted(times, table.times[happened])] = own[happened]
    total, lost = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / np.where(total > 0, total, 1.0)
    expected = share * lost
    spread = lost * np.where(total > 1, (total - lost) / np.where(total > 1, total - 1, 1.0), 0.0)
    covariance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    surplus = (events - expected).sum(axis=1)
    observed = tuple(events.sum(axis=1).tolist())
    degrees = int(np.linalg.matrix_rank(covariance)) if k and times.size else 0
    if degrees == 0:
        return LogRank(0.0, 0, None, observed, tuple(expected.sum(axis=1).tolist()))
    statistic = float(surplus @ np.linalg.pinv(covariance) @ surplus)
    from scipy.special import chdtrc  # imported here: only a comparison pays for it

    return LogRank(
        statistic, degrees, float(chdtrc(degrees, statistic)), observed, tuple(expected.sum(axis=1).tolist())
    )
