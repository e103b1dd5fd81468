"""How complete the records are, clinic by clinic: what was asked, scored and given a baseline, with its n."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, case, exists, func, literal, select, union_all

from data_models.database.loading import read_rows
from data_models.database.tables import Course, CourseOutcome, Patient, ScoreFact, SessionFact
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.conditions import looks_back, visible


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """Counts of records that are there and of those that ought to be; None: hidden.

    Attributes
    ----------
    patients, sessions, courses : how many there are.
    asked : sessions in which side effects were asked about.
    scored_before : sessions with a score on any scale in the 7 days up to their start.
    scored_after : sessions with a score on any scale within the 7 days after their start and not after
        the start of the next session.
    scores_after_session : scores taken after some session.
    recall : those of them that were taken sooner after it than the scale's recall window is long, so that they look
        back past it.
    no_baseline : courses without a baseline on any scale.
    """

    patients: int | None
    sessions: int | None
    asked: int | None
    scored_before: int | None
    scored_after: int | None
    scores_after_session: int | None
    recall: int | None
    courses: int | None
    no_baseline: int | None


COUNTS = tuple(field.name for field in fields(RecordCounts))


@dataclass(frozen=True, slots=True)
class ClinicRecords:
    """The records of one clinic; `clinic` None: of patients without one."""

    clinic: str | None
    counts: RecordCounts


@dataclass(frozen=True, slots=True)
class Completeness:
    """How complete the records are.

    Attributes
    ----------
    every : of all clinics together.
    clinics : each by itself, by name; patients without a clinic last.
    """

    every: RecordCounts
    clinics: tuple[ClinicRecords, ...]


def _counted(scope: Scope, rows: Any, patient_id: Any, **counts: Any) -> Select[Any]:
    """One row a clinic with some of the counts, the others 0, over rows that have a patient (None: patients)."""
    columns = [counts[name].label(name) if name in counts else literal(0).label(name) for name in COUNTS]
    statement = select(Patient.clinic.label("clinic"), *columns).where(*visible(scope)).group_by(Patient.clinic)
    return statement if rows is None else statement.select_from(rows).join(Patient, Patient.patient_id == patient_id)


@shows(Shows.COHORT)
def completeness(connection: Connection, scope: Scope) -> Completeness:
    """Counts of records that are there and of those that ought to be, of all clinics and of each."""
    follows = ScoreFact.since_session_days.is_not(None)
    # Summed by patient first: the clinic is then looked up once a patient and not once a score.
    scores = (
        select(
            ScoreFact.patient_id,
            func.sum(case((follows, 1), else_=0)).label("following"),
            func.sum(looks_back()).label("flagged"),
        )
        .group_by(ScoreFact.patient_id)
        .subquery()
    )
    with_baseline = exists().where(
        CourseOutcome.patient_id == Course.patient_id,
        CourseOutcome.course == Course.course,
        CourseOutcome.baseline.is_not(None),
    )
    parts = union_all(
        _counted(scope, None, None, patients=func.count()),
        _counted(
            scope,
            SessionFact,
            SessionFact.patient_id,
            sessions=func.count(),
            asked=func.sum(SessionFact.asked),
            scored_before=func.sum(SessionFact.scored_before),
            scored_after=func.sum(SessionFact.scored_after),
        ),
        _counted(
            scope,
            scores,
            scores.c.patient_id,
            scores_after_session=func.sum(scores.c.following),
            recall=func.sum(scores.c.flagged),
        ),
        _counted(
            scope,
            Course,
            Course.patient_id,
            courses=func.count(),
            no_baseline=func.sum(case((with_baseline, 0), else_=1)),
        ),
    ).subquery()
    statement = (
        select(parts.c.clinic, *(func.sum(parts.c[name]).label(name) for name in COUNTS))
        .group_by(parts.c.clinic)
        .order_by(parts.c.clinic.is_(None), parts.c.clinic)
    )
    rows = read_rows(connection, statement)
    clinics = [ClinicRecords(row["clinic"], RecordCounts(*(int(row[name]) for name in COUNTS))) for row in rows]
    every = RecordCounts(*(sum(int(row[name]) for row in rows) for name in COUNTS))
    return Completeness(every, tuple(clinics))
