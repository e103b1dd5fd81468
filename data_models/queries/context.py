"""The band of similar courses that one course is drawn over: percentiles of scores by day.

The database counts (one score a course and bin, grouped by bin and score: some hundreds of rows);
percentiles are read off the counts here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, case, func, select

from data_models.bulk import read_frame
from data_models.queries.conditions import visible
from data_models.rules import FADE_BINS_DAYS
from data_models.scope import Scope
from data_models.tables import Course, Patient, ScoreFact, SessionFact

# Days since the course's first session, [from, to); the first holds the scores before it.
COURSE_BINS_DAYS: tuple[tuple[float, float], ...] = (
    (-1, 0), (0, 1), (1, 3), (3, 7), (7, 14), (14, 21), (21, 28), (28, 42), (42, 60), (60, 90), (90, 120), (120, 180),
    (180, 270), (270, 365),
)  # fmt: skip
_SHARES = {"p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90}
_COLUMNS = ["day_from", "day_to", *_SHARES, "courses"]


def context_band(
    connection: Connection,
    scope: Scope,
    instrument: str,
    route: str | None,
    *,
    phase: str | None = None,
    alignment: str = "course",
) -> pd.DataFrame:
    """Percentiles of an instrument's scores over the courses of one route and phase, by day.

    Parameters
    ----------
    route : the courses' route; None: courses without a recorded one.
    phase : None: all. Aligned on the first session, courses whose latest session is of this phase; aligned on
        the latest session, scores whose latest session is.
    alignment : "course" counts days since the course's first session, "session" since the latest session.

    Returns
    -------
    One row a bin that holds a score: day_from, day_to, p10, p25, p50, p75, p90 (score points), courses.
    A course counts once a bin, by its last score there. Percentiles are the lowest score that at least
    that share of courses does not exceed.
    """
    bins = COURSE_BINS_DAYS if alignment == "course" else FADE_BINS_DAYS
    clock = ScoreFact.days if alignment == "course" else ScoreFact.since_session_days
    place = case(*((clock < end if end else clock <= 0, number) for number, (_, end) in enumerate(bins)))
    latest = func.row_number().over(
        partition_by=(ScoreFact.patient_id, ScoreFact.course, place), order_by=ScoreFact.at_hours.desc()
    )
    scores = (
        select(place.label("bin"), ScoreFact.score, latest.label("place"))
        .join(Course, (Course.patient_id == ScoreFact.patient_id) & (Course.course == ScoreFact.course))
        .join(Patient, Patient.patient_id == ScoreFact.patient_id)
        .where(
            ScoreFact.instrument == instrument,
            Course.route == route if route is not None else Course.route.is_(None),
            clock >= (-14.0 if alignment == "course" else 0.0),
            clock < bins[-1][1],
            *_of_phase(phase, alignment),
            *visible(scope),
        )
        .subquery()
    )
    counted = (
        select(scores.c.bin, scores.c.score, func.count().label("courses"))
        .where(scores.c.place == 1)
        .group_by(scores.c.bin, scores.c.score)
        .order_by(scores.c.bin, scores.c.score)
    )
    return percentiles(read_frame(connection, counted), bins)


def _of_phase(phase: str | None, alignment: str) -> list[ColumnElement[bool]]:
    if phase is None:
        return []
    if alignment == "session":
        return [ScoreFact.session_phase == phase]
    latest = (SessionFact.patient_id == Course.patient_id) & (SessionFact.hours == Course.last_session_hours)
    return [select(SessionFact.phase).where(latest).correlate(Course).scalar_subquery() == phase]


def percentiles(counts: pd.DataFrame, bins: Sequence[tuple[float, float]]) -> pd.DataFrame:
    """Percentiles per bin from counts of courses by bin and score (both ascending)."""
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
