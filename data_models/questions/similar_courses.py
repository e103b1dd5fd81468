"""The band of similar courses that one course is drawn over: percentiles of scores by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, SQLColumnExpression, and_, case, func, select

from data_models.database.loading import read_frame
from data_models.database.tables import Course, Patient, ScoreFact, SessionFact
from data_models.definitions.scope import Scope
from data_models.outcomes.similar_courses import (
    BINS,
    COURSE,
    LAST_OF_COURSE,
    LAST_OF_PHASE,
    LAST_OF_SESSIONS,
    percentiles,
)
from data_models.questions import Shows, shows
from data_models.questions.conditions import visible


@dataclass(frozen=True, slots=True)
class BandBin:
    """Scores of similar courses from one day to another: percentiles (score points) over so many courses.

    A course counts once, by its last score there. Percentiles are the lowest score that at least that share of
    courses does not exceed.
    """

    day_from: float
    day_to: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    courses: int

    @property
    def middle(self) -> float:
        """The day in its middle."""
        return (self.day_from + self.day_to) / 2


@dataclass(frozen=True, slots=True)
class SimilarCourses:
    """The band of courses like one course: of its instrument, route and phase; the bins that hold a score, in order."""

    instrument: str
    route: str | None
    phase: str | None
    alignment: str
    bins: tuple[BandBin, ...]


@shows(Shows.COHORT)
def similar_courses(
    connection: Connection,
    scope: Scope,
    instrument: str,
    route: str | None,
    *,
    phase: str | None = None,
    alignment: str = COURSE,
) -> SimilarCourses:
    """Percentiles of an instrument's scores over the courses of one route and phase, by day.

    Parameters
    ----------
    route : the courses' route; None: courses without a recorded one.
    phase : None: all. Aligned on the first session, courses whose latest session is of this phase; aligned on
        the latest session, scores whose latest session is.
    alignment : "course" counts days since the course's first session, "session" since the latest session.
    """
    days = BINS[alignment]
    if alignment == COURSE:
        clock: SQLColumnExpression[Any] = ScoreFact.days
        bit, of_phase = LAST_OF_COURSE, _latest_phase() == phase
    else:
        clock, bit = ScoreFact.since_session_days, LAST_OF_SESSIONS if phase is None else LAST_OF_PHASE
        of_phase = ScoreFact.session_phase == phase
    place = case(*((clock < end if end else clock <= 0, number) for number, (_, end) in enumerate(days)))
    counted = (
        select(place.label("bin"), ScoreFact.score, func.count().label("courses"))
        .join_from(Course, Patient, Patient.patient_id == Course.patient_id)
        .join(ScoreFact, and_(ScoreFact.patient_id == Course.patient_id, ScoreFact.course == Course.course))
        .where(
            ScoreFact.instrument == instrument,
            ScoreFact.last_in_bin.bitwise_and(bit) != 0,
            Course.route == route,
            *([] if phase is None else [of_phase]),
            *visible(scope),
        )
        .group_by("bin", ScoreFact.score)
        .order_by("bin", ScoreFact.score)
    )
    found = percentiles(read_frame(connection, counted), days)
    bins = tuple(BandBin(*row) for row in found.itertuples(index=False))
    return SimilarCourses(instrument, route, phase, alignment, bins)


def _latest_phase() -> ColumnElement[str]:
    latest = and_(SessionFact.patient_id == Course.patient_id, SessionFact.hours == Course.last_session_hours)
    return select(SessionFact.phase).where(latest).scalar_subquery()
