"""Aalen-Johansen: the share lost and the share re-treated over time, as competing events.

Cumulative incidence by Aalen and Johansen (1978) from grouped counts, with delayed entry. Its
variance is the delta-method (Greenwood-type) one of Marubini and Valsecchi (1995, section 10.3),
its interval on the log(-log) scale of 1 - incidence. Where re-treatment is instead counted as
censoring, 1 - Kaplan-Meier says what would be lost if nobody were re-treated and lasted as the
others do; it always exceeds the share really lost. In the coverage study (tests/benchmarks) its
interval holds the true share lost by day 28 in 78 % of clinics and lies above it in 22 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_models.outcomes.survival import RiskTable, log_log_interval, risk_table

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
    free : share without any of the events, shape (m,). Incidences and it sum to 1.
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

    def at(self, time: float, kind: int) -> tuple[float, float, float]:
        """Incidence of `kind` (from 1), low and high just after `time`."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return 0.0, float("nan"), float("nan")
        row = kind - 1
        return float(self.incidence[row, place]), float(self.low[row, place]), float(self.high[row, place])

    def as_rows(self, names: tuple[str, ...], free_name: str) -> list[dict[str, Any]]:
        """One dict a time: days, the incidence of each kind under its name, the event-free share."""
        columns = [self.times.tolist(), *self.incidence.tolist(), self.free.tolist()]
        keys = ("days", *names, free_name)
        return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def aalen_johansen(
    times: ArrayLike,
    kinds: ArrayLike,
    counts: ArrayLike | None = None,
    entries: ArrayLike | None = None,
    n_kinds: int = 3,
    level: float = 0.95,
) -> CumulativeIncidence:
    """Cumulative incidence of competing events.

    Parameters
    ----------
    times : exit times, shape (k,), any unit.
    kinds : what happened: 0 censored, 1 .. `n_kinds` - 1 the competing events.
    counts : how many exits each row stands for; None: one each.
    entries : times of delayed entry; None: at risk from the start.
    n_kinds : kinds of end including censoring.
    level : confidence level of the intervals.

    Returns
    -------
    incidence : one row per competing event (Aalen and Johansen 1978).

    Raises
    ------
    ValueError
        when an exit precedes its entry or a time is not finite.

    Examples
    --------
    >>> result = aalen_johansen([1, 2, 3, 4], [1, 2, 0, 1])
    >>> result.incidence[:, -1].round(2).tolist()
    [0.75, 0.25]
    """
    exits = np.asarray(times, dtype=float).ravel()
    weights = np.ones(exits.size) if counts is None else counts
    return aalen_johansen_of(risk_table(exits, kinds, weights, entries, n_kinds), level)


def aalen_johansen_of(table: RiskTable, level: float = 0.95) -> CumulativeIncidence:
    """Cumulative incidence from a risk table."""
    events, at_risk = table.ends[1:], table.at_risk
    all_events = events.sum(axis=0)
    safe = np.where(at_risk > 0, at_risk, 1.0)
    free = np.cumprod(1.0 - all_events / safe)
    before = np.concatenate(([1.0], free[:-1])) if free.size else free
    incidence = np.cumsum(before * events / safe, axis=1)
    variance = _variance(events, all_events, safe, before, incidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = 1.0 - incidence
        log_error = np.sqrt(variance) / without
        low, high = log_log_interval(without, log_error, level)
    low, high = 1.0 - high, 1.0 - low
    censored = table.ends[0]
    return CumulativeIncidence(table.n, table.times, at_risk, censored, events, incidence, variance, low, high, free)


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
