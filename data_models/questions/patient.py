"""Single patients: the records and outcomes of one, for a scope that may see patients."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, and_, bindparam, case, func, select

from data_models.database.loading import read_frame, read_rows
from data_models.database.tables import Course, CourseOutcome, Patient, ScoreFact, Session, SessionFact, SideEffect
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.conditions import improved, looks_back, single_patients


@shows(Shows.PATIENT)
def patient(connection: Connection, scope: Scope, patient_code: str) -> dict[str, Any] | None:
    """The patient's row of `patients`; None where there is none that this scope reaches."""
    statement = select(*Patient.__table__.columns).where(Patient.patient_code == patient_code, *single_patients(scope))
    row = connection.execute(statement).mappings().one_or_none()
    return dict(row) if row else None


Rows = list[dict[str, Any]]
# Days: less than lies between two records, more than sums of days are off by.
_NO_TIME = 1e-8


@shows(Shows.PATIENT)
def patient_records(
    connection: Connection, scope: Scope, patient_code: str
) -> tuple[dict[str, Any], Rows, Rows, Rows, Rows] | None:
    """The patient's row; sessions, scores, side effects and outcomes as the functions below have them.

    As dicts, missing values None. None where there is no such patient that this scope reaches.
    """
    row = patient(connection, scope, patient_code)
    if row is None:
        return None
    number = int(row["patient_id"])
    sessions, scores, effects, outcomes = (
        read_rows(connection, statement, patient_id=number) for statement in _statements(scope)
    )
    return row, sessions, scores, effects, outcomes


@lru_cache(maxsize=64)  # to put a statement together takes as long as to run it
def _statements(scope: Scope) -> tuple[Select[Any], ...]:
    return _sessions(scope), _scores(scope), _side_effects(scope), _outcomes(scope)


def patient_sessions(connection: Connection, scope: Scope, patient_id: int) -> pd.DataFrame:
    """One row a session in time order: the record, and its course, number, days, phase, asked, worst, effects.

    `course_route`: the route of its course, by which courses are compared.
    """
    return read_frame(connection, _sessions(scope).params(patient_id=patient_id))


def _sessions(scope: Scope) -> Select[Any]:
    record = [c for c in Session.__table__.columns if c.name != "phase"]
    facts = [c for c in SessionFact.__table__.columns if c.name not in ("patient_id", "hours")]
    statement = (
        select(*record, *facts, Course.route.label("course_route"))
        .join_from(
            Session,
            SessionFact,
            (SessionFact.patient_id == Session.patient_id) & (SessionFact.hours == Session.hours),
        )
        .join(Course, (Course.patient_id == SessionFact.patient_id) & (Course.course == SessionFact.course))
        .order_by(Session.hours)
    )
    return _of(statement, Session.patient_id, scope)


def patient_scores(connection: Connection, scope: Scope, patient_id: int) -> pd.DataFrame:
    """Score facts of all instruments and courses by instrument and time, and what follows from them.

    Beside the columns of `score_facts`: `change` (points) and `improvement` (share) against the course's
    baseline for scores after its first session; `session_hours`, the start of the latest session before
    the score; `recall` 1: the score looks back past that session.
    """
    return read_frame(connection, _scores(scope).params(patient_id=patient_id))


def _scores(scope: Scope) -> Select[Any]:
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
            case((after, improved(ScoreFact.instrument, baseline, ScoreFact.score))).label("improvement"),
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
    return _of(statement, ScoreFact.patient_id, scope)


def patient_side_effects(connection: Connection, scope: Scope, patient_id: int) -> pd.DataFrame:
    """Side effects in time order; onset_minutes -1 is not recorded."""
    return read_frame(connection, _side_effects(scope).params(patient_id=patient_id))


def _side_effects(scope: Scope) -> Select[Any]:
    statement = select(*SideEffect.__table__.columns).order_by(SideEffect.hours, SideEffect.term)
    return _of(statement, SideEffect.patient_id, scope)


def patient_outcomes(connection: Connection, scope: Scope, patient_id: int) -> pd.DataFrame:
    """Course outcomes with the columns of their courses; one row a course and instrument.

    Beside them `last_induction_days`, the last induction session's day of the course, and `durability_left`: with
    `durability_days` the interval in which the loss that ended durability lies (definitions, section 5: last score
    before it, it], both in days since that session; empty without such a loss.
    """
    return read_frame(connection, _outcomes(scope).params(patient_id=patient_id))


def _outcomes(scope: Scope) -> Select[Any]:
    of_course = [c for c in Course.__table__.columns if c.name not in ("patient_id", "course")]
    last_induction = (Course.last_induction_hours - Course.start_hours) / 24.0
    before = (
        select(func.max(ScoreFact.days))
        .where(
            ScoreFact.patient_id == CourseOutcome.patient_id,
            ScoreFact.course == CourseOutcome.course,
            ScoreFact.instrument == CourseOutcome.instrument,
            ScoreFact.days < last_induction + CourseOutcome.durability_days - _NO_TIME,
        )
        .scalar_subquery()
    )
    left = case((CourseOutcome.durability_end == "loss", before - last_induction))
    statement = (
        select(
            *CourseOutcome.__table__.columns,
            *of_course,
            last_induction.label("last_induction_days"),
            left.label("durability_left"),
        )
        .join_from(
            CourseOutcome,
            Course,
            (Course.patient_id == CourseOutcome.patient_id) & (Course.course == CourseOutcome.course),
        )
        .order_by(CourseOutcome.course, CourseOutcome.instrument)
    )
    return _of(statement, CourseOutcome.patient_id, scope)


def _of(statement: Select[Any], column: Any, scope: Scope) -> Select[Any]:
    """Bind to one patient, within the scope: the right is checked in the query itself."""
    wanted: Any = bindparam("patient_id")
    reached = select(Patient.patient_id).where(Patient.patient_id == wanted, *single_patients(scope))
    return statement.where(column == wanted, column.in_(reached))
