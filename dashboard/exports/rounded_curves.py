"""Interval-censored curves made of rounded counts, as `rounding` makes all others."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dashboard.exports.rounding import DESIGN_EFFECTS, LEAST, count, cumulative
from data_models.outcomes.interval_censored import IntervalCurve
from data_models.outcomes.proportions import wilson_bounds

_Z = 1.959963984540054
_NONE = np.zeros(0)
_EFFECTS = (*DESIGN_EFFECTS, 6.0, 8.0, 12.0, 16.0, 24.0)  # between two scores an interval is wider than n would give

Floats = NDArray[np.float64]


def interval_curve(exact: IntervalCurve, *, zero: bool = True) -> IntervalCurve:
    """A curve from rounded running counts, at whole days.

    The running count is the share of all courses; at risk is in bins of ten; an interval is Wilson's of the rounded
    share at the rounded number divided by the design effect of the exact one, rounded up to one of few. What was not
    told by scores (an interval that begins at 0) has no row.

    Returns
    -------
    Rows up to the last at which at least `LEAST` are at risk; none where n is hidden.
    """
    n, events = count(exact.n or 0, zero=zero), count(exact.total_events or 0, zero=zero)
    nothing = replace(
        exact, n=n, total_events=events, start=None, times=_NONE, at_risk=_NONE, share=_NONE, low=_NONE, high=_NONE,
        median=(math.nan, math.nan, math.nan), median_within=(math.nan, math.nan),
    )  # fmt: skip
    if not n or exact.start is None:
        return nothing
    start, times = float(math.ceil(exact.start)), np.ceil(np.round(exact.times, 9))
    many = exact.at_risk >= LEAST
    enough = many & ~np.logical_or.accumulate(~many & np.logical_or.accumulate(many))  # from the first to before few
    told = enough & (times > start) & ((exact.low > 0) | (exact.share == 0))
    rows = np.flatnonzero(told & np.append(times[1:] != times[:-1], True))
    running = np.minimum(cumulative(exact.share[rows] * (exact.n or 0)), n)
    # Where the running count stays the same nothing new is told: the first of these rows stands for all, and the last.
    stepped = np.diff(running, prepend=0.0) > 0
    stepped[-1:] = running[-1:] > 0
    kept = np.flatnonzero(stepped)
    rows, running = rows[kept], running[kept]
    if not rows.size:
        return nothing
    bounds = [
        wilson_bounds(share, n / _effect(exact, row), _Z)
        for share, row in zip((running / n).tolist(), rows.tolist(), strict=True)
    ]
    low, high = np.maximum.accumulate(np.array(bounds), axis=0).T
    days, share = np.concatenate(([start], times[rows])), np.concatenate(([0.0], running / n))
    low, high = np.concatenate(([0.0], low)), np.concatenate(([0.0], high))
    at_risk = cumulative(exact.at_risk[np.concatenate((rows[:1], rows))])
    middle, earliest, latest = (_crossing(days, of) for of in (share, high, low))
    place = int(np.searchsorted(days, middle)) if middle == middle else 0
    within = (float(days[place - 1]), float(days[place])) if place else (math.nan, math.nan)
    return replace(
        nothing, start=start, times=days, at_risk=at_risk, share=share, low=low, high=high,
        median=(middle, earliest, latest), median_within=within,
    )  # fmt: skip


def _effect(exact: IntervalCurve, row: int) -> float:
    """By how much fewer courses would give the interval of a row, rounded up."""
    share, high = float(exact.share[row]), float(exact.high[row])
    end = high if high < 1 else float(exact.low[row])
    if not 0 < end < 1 or end == share:
        return 1.0
    # Wilson's bound u of a share p: (u - p)^2 = (z^2 / size) u (1 - u).
    effect = (exact.n or 0) * (end - share) ** 2 / (end * (1 - end)) / _Z**2
    return next((step for step in _EFFECTS if step >= effect - 1e-9), _EFFECTS[-1])


def _crossing(days: Floats, rising: Floats) -> float:
    """The whole day by which a rounded curve reaches one half; NaN: none."""
    if rising[-1] < 0.5:
        return math.nan
    return float(math.ceil(np.interp(0.5, rising, days)))
