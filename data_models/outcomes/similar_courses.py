"""The band of similar courses: bins of days, which score of a course counts in each, and percentiles of these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data_models.definitions.rules import FADE_BINS_DAYS
from data_models.outcomes.clock import Flags, Floats, Ints

# Days since the course's first session, [from, to); the first holds the scores of the 14 days up to it.
COURSE_BINS_DAYS: tuple[tuple[float, float], ...] = (
    (-1, 0), (0, 1), (1, 3), (3, 7), (7, 14), (14, 21), (21, 28), (28, 42), (42, 60), (60, 90), (90, 120), (120, 180),
    (180, 270), (270, 365),
)  # fmt: skip
COURSE, SESSION = "course", "session"  # days since the course's first session, since the latest session
BINS = {COURSE: COURSE_BINS_DAYS, SESSION: FADE_BINS_DAYS}
_EARLIEST_DAYS = {COURSE: -14.0, SESSION: 0.0}
# Bits of `last_in_bin`: a course's last score in a bin of each clock, and on that of sessions in each of their phases.
LAST_OF_COURSE, LAST_OF_SESSIONS, LAST_OF_PHASE = 1, 2, 4
_SHARES = {"p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90}
_COLUMNS = ["day_from", "day_to", *_SHARES, "courses"]


def last_in_bins(series: Ints, course_days: Floats, session_days: Floats, phase: Ints) -> Ints:
    """Of which bins a score is its course's last one: a course counts once a bin.

    Parameters
    ----------
    series : per score (n,) in order of time, a number of its course and instrument, from 0.
    course_days, session_days : days since the course's first session, and since the latest session (NaN: none).
    phase : a number of the latest session's phase, from 0 (any where there is none).

    Returns
    -------
    bits : `LAST_OF_COURSE`, `LAST_OF_SESSIONS`, `LAST_OF_PHASE`, added (n,).

    Examples
    --------
    >>> days = np.array([1.5, 2.0, 3.0])  # two scores in the bin from 1 to 3 days, of which the second counts
    >>> last_in_bins(np.zeros(3, int), days, np.full(3, np.nan), np.zeros(3, int)).tolist()
    [0, 1, 1]
    """
    bits = np.zeros(len(series), np.int64)
    phases = int(phase.max(initial=0)) + 1
    for bit, group, days, clock in (
        (LAST_OF_COURSE, series, course_days, COURSE),
        (LAST_OF_SESSIONS, series, session_days, SESSION),
        (LAST_OF_PHASE, series * phases + phase, session_days, SESSION),
    ):
        # What lies at or before day 0 is before the course.
        ends = np.array([end or np.nextafter(0.0, 1.0) for _, end in BINS[clock]])
        inside: Flags = (days >= _EARLIEST_DAYS[clock]) & (days < ends[-1])
        at = np.flatnonzero(inside)
        slot = group[at] * len(ends) + np.searchsorted(ends, days[at], side="right")
        last = np.full(int(slot.max(initial=-1)) + 1, -1, dtype=np.int64)
        last[slot] = at  # of several for one slot the last stays
        bits[last[last >= 0]] |= bit
    return bits


def percentiles(counts: pd.DataFrame, bins: Sequence[tuple[float, float]]) -> pd.DataFrame:
    """Percentiles per bin from counts of courses by bin and score (both ascending).

    Returns
    -------
    One row a bin that holds a score: day_from, day_to, p10, p25, p50, p75, p90 (score points), courses.
    Percentiles are the lowest score that at least that share of courses does not exceed.
    """
    rows: list[dict[str, float]] = []
    for number, held in counts.groupby("bin", sort=True):
        low, high = bins[int(str(number))]
        below = np.cumsum(held["courses"].to_numpy())
        values = held["score"].to_numpy(dtype=float)
        total = int(below[-1])
        # The first score whose cumulated share reaches the wanted one; 1e-9 for shares like 0.1 * 10.
        found = {name: float(values[np.searchsorted(below, share * total - 1e-9)]) for name, share in _SHARES.items()}
        rows.append({"day_from": float(low), "day_to": float(high), **found, "courses": total})
    return pd.DataFrame(rows, columns=_COLUMNS)
