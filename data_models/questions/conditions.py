"""What a scope and a cohort filter mean in SQL: the one place where either becomes a WHERE clause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Integer, and_, case, false, literal, or_, select
from sqlalchemy.orm import aliased

from data_models.database.tables import Course, Patient, ScoreFact, Session, SessionFact
from data_models.definitions.filters import FILTERS, CohortFilter, Filter
from data_models.definitions.instruments import INSTRUMENTS, improvement
from data_models.definitions.scope import Scope
from data_models.questions import NotAllowed


def visible(scope: Scope) -> list[ColumnElement[bool]]:
    """Patients that the scope reaches. A patient without a clinic is seen by those who see all."""
    if scope.clinics is None:
        return []
    return [Patient.clinic.in_(sorted(scope.clinics))] if scope.clinics else [false()]


def single_patients(scope: Scope) -> list[ColumnElement[bool]]:
    """As `visible`, for queries about single patients.

    Raises
    ------
    NotAllowed : the scope sees cohorts alone.
    """
    if not scope.patients:
        raise NotAllowed("single patients are shown to clinicians only")
    return visible(scope)


def looks_back() -> ColumnElement[Any]:
    """The recall flag of a score, 1 or 0: taken sooner after the latest session than its scale looks back."""
    early = (
        and_(ScoreFact.instrument == scale.code, ScoreFact.since_session_days < scale.recall_days)
        for scale in INSTRUMENTS.values()
    )
    return case((or_(*early), 1), else_=0)


def column_of(row: Filter, facts: Any = None) -> ColumnElement[Any]:
    """The column that a filter is about: of patients, of courses, or of the sessions in `facts`.

    Facts hold some columns of their session (a score's as `session_...`); those of sessions find the others in its
    record.

    Raises
    ------
    ValueError : there is no such column; nothing is answered that the filter would not narrow.
    """
    table: Any = facts if row.of == "session" else {"patient": Patient, "course": Course}[row.of]
    for name in (row.column, f"session_{row.column}"):
        if hasattr(table, name):
            return cast("ColumnElement[Any]", getattr(table, name).expression)
    if row.of == "session" and hasattr(Session, row.column) and table is SessionFact:
        given = aliased(Session)
        same = and_(given.patient_id == table.patient_id, given.hours == table.hours)
        return select(getattr(given, row.column)).where(same).correlate(table).scalar_subquery()
    raise ValueError(f"filter {row.key}: {table.__tablename__} has no column {row.column!r}; give it one of a table")


def matches(row: Filter, column: ColumnElement[Any], values: Sequence[str]) -> ColumnElement[bool]:
    """Whether a filter's column has one of some values."""
    if row.listed:
        # Codes hold no wildcard of LIKE but "_", which matches itself; ";" bounds each code.
        return or_(*(column.contains(f";{code};") for code in values))
    return column.in_([int(value) for value in values] if isinstance(column.type, Integer) else values)


def _of(of: str, cohort: CohortFilter, facts: Any = None) -> list[ColumnElement[bool]]:
    rows = ((FILTERS[key], values) for key, values in cohort.chosen if FILTERS[key].of == of)
    return [matches(row, column_of(row, facts), values) for row, values in rows]


def improved(instrument: Any, baseline: Any, score: Any) -> ColumnElement[Any]:
    """The improvement of a score on its baseline, as a share; null without a baseline above the scale's minimum.

    `instrument`: the column that names the scale of a row.
    """
    lowest = {scale.code: scale.minimum for scale in INSTRUMENTS.values() if scale.minimum}
    minimum = case(lowest, value=instrument, else_=0.0) if lowest else literal(0.0)
    return case((baseline > minimum, improvement(baseline, score, minimum)))


def of_patients(cohort: CohortFilter) -> list[ColumnElement[bool]]:
    """The filter's conditions on the patient."""
    return _of("patient", cohort)


def of_courses(cohort: CohortFilter) -> list[ColumnElement[bool]]:
    """The filter's conditions on the course."""
    return _of("course", cohort)


def of_sessions(cohort: CohortFilter, facts: Any) -> list[ColumnElement[bool]]:
    """The filter's conditions on the session that a row of `facts` (of sessions, scores or asked sessions) is of."""
    return _of("session", cohort, facts)
