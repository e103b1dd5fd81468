"""Single patients: the records and outcomes of one, for a scope that may see patients."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, and_, case, func, select

from data_models.bulk import read_frame
from data_models.queries.conditions import looks_back, single_patients
from data_models.scope import Scope
from data_models.tables import Course, CourseOutcome, Patient, ScoreFact, Session, SessionFact, SideEffect


def patient(connection: Connection, scope: Scope, patient_code: str) -> dict[str, Any] | None:
    """The patient's row of `patients`; None where there is none that this scope reaches."""
    statement = select(*Patient.__table__.columns).where(Patient.patient_code == patient_code, *single_patients(scope))
    row = connection.execute(statement).mappings().one_or_none()
    return dict(row) if row else None


def patient_sessions(connection: Connection, scope: Scope, patient_id: int) -> pd.DataFrame:
    """One row a session in time order: the record, and its course, number, days, phase, asked, worst, effects."""
    record = [c for c in Session.__table__.columns if c.name != "phase"]
    facts = [c for c in SessionFact.__table__.columns if c.name not in ("patient_id", "hours")]
    statement = (
        select(*record, *facts)
        .join_from(
            Session,
            SessionFact,
            (SessionFact.patient_id == Session.patient_id) & (SessionFact.hours == Session.hours),
        )
        .order_by(Session.hours)
    )
    return read_frame(connection, _of(statement, Session.patient_id, scope, patient_id))


def patient_scores(connection: Connection, scope: Scope, patient_id: int) -> pd.DataFrame:
    """Score facts of all instruments and courses by instrument and time, and what follows from them.

    Beside the columns of `score_facts`: `change` (points) and `improvement` (share) against the course's
    baseline for scores after its first session; `session_hours`, the start of the latest session before
    the score; `recall` 1: the score looks back past that session.
    """
    baseline = CourseOutcome.baseline
    after = ScoreFact.days > 0
    latest = (
        select(func.max(SessionFact.hours))
        .where(SessionFact.patient_id == ScoreFact.patient_id, SessionFact.hours < ScoreFact.at_hours)
        .scalar_subquery()
    )
    statement = (
        select(
            *ScoreFact.__table__.columns,
            case((after, ScoreFact.score - baseline)).label("change"),
            case((and_(after, baseline > 0), (baseline - ScoreFact.score) / baseline)).label("improvement"),
            latest.label("session_hours"),
            looks_back().label("recall"),
        )
        .select_from(ScoreFact)
        .outerjoin(
            CourseOutcome,
            and_(
                CourseOutcome.patient_id == ScoreFact.patient_id,
                CourseOutcome.course == ScoreFact.course,
                CourseOutcome.instrument == ScoreFact.instrument,
            ),
        )
        .order_by(ScoreFact.instrument, ScoreFact.at_hours)
    )
    return read_frame(connection, _of(statement, ScoreFact.patient_id, scope, patient_id))


def patient_side_effects(connection: Connection, scope: Scope, patient_id: int) -> pd.DataFrame:
    """Side effects in time order; onset_minutes -1 is not recorded."""
    statement = select(*SideEffect.__table__.columns).order_by(SideEffect.hours, SideEffect.term)
    return read_frame(connection, _of(statement, SideEffect.patient_id, scope, patient_id))


def patient_outcomes(connection: Connection, scope: Scope, patient_id: int) -> pd.DataFrame:
    """Course outcomes with the columns of their courses; one row a course and instrument."""
    of_course = [c for c in Course.__table__.columns if c.name not in ("patient_id", "course")]
    statement = (
        select(*CourseOutcome.__table__.columns, *of_course)
        .join_from(
            CourseOutcome,
            Course,
            (Course.patient_id == CourseOutcome.patient_id) & (Course.course == CourseOutcome.course),
        )
        .order_by(CourseOutcome.course, CourseOutcome.instrument)
    )
    return read_frame(connection, _of(statement, CourseOutcome.patient_id, scope, patient_id))


def _of(statement: Select[Any], column: Any, scope: Scope, patient_id: int) -> Select[Any]:
    """Bind to one patient, within the scope: the right is checked in the query itself."""
    reached = select(Patient.patient_id).where(Patient.patient_id == patient_id, *single_patients(scope))
    return statement.where(column == patient_id, column.in_(reached))
