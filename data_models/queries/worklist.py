"""The list of patients: each one's latest course, sorted and filtered in the database, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, and_, case, func, or_, select

from data_models.bulk import read_frame
from data_models.cohort_filter import CohortFilter
from data_models.queries.conditions import of_courses, of_patients, single_patients
from data_models.rules import DEFAULT_RULES, OutcomeRules
from data_models.scope import Scope
from data_models.tables import Course, CourseOutcome, Patient, ScoreFact, Session, SessionFact

# Ready lists (screens, Patients): name -> condition on the latest course.
ATTENTION = ("fading", "response_lost", "item9_raised", "no_score_since_session", "worse")
_OUTCOME = ("baseline", "best", "last", "last_days", "item9_last", "item9_change", "evaluable")
SORTABLE = (
    "patient_code", "clinic", "diagnosis", "course", "sessions", "drug", "route", "phase", "baseline", "best", "last",
    "last_days", "improvement", "state", "days_since_session", "item9_last", "item9_change", "predose_high", "worst",
)  # fmt: skip


def _rows(scope: Scope, cohort: CohortFilter, rules: OutcomeRules) -> Select[Any]:
    """Patients with their latest course and its outcome on one instrument; no order, no limit."""
    outcome = and_(
        CourseOutcome.patient_id == Course.patient_id,
        CourseOutcome.course == Course.course,
        CourseOutcome.instrument == cohort.instrument,
    )
    this_course = (SessionFact.patient_id == Course.patient_id) & (SessionFact.course == Course.course)
    latest_phase = (
        select(SessionFact.phase).where(
            SessionFact.patient_id == Course.patient_id, SessionFact.hours == Course.last_session_hours
        )
    ).scalar_subquery()
    worst = select(func.max(SessionFact.worst)).where(this_course).scalar_subquery()
    high = or_(
        Session.systolic_before > rules.predose_systolic_mmhg, Session.diastolic_before > rules.predose_diastolic_mmhg
    )
    predose_high = (
        select(func.coalesce(func.max(case((high, 1), else_=0)), 0))
        .where(Session.patient_id == Course.patient_id, Session.hours >= Course.start_hours)
        .scalar_subquery()
    )
    last_session_days = (Course.last_session_hours - Course.start_hours) / 24.0
    improvement = case(
        (CourseOutcome.evaluable == 1, (CourseOutcome.baseline - CourseOutcome.last) / CourseOutcome.baseline)
    )
    statement = (
        select(
            Patient.patient_id,
            Patient.patient_code,
            Patient.clinic,
            Patient.diagnosis,
            Patient.conditions,
            Course.course,
            Course.sessions,
            Course.drug,
            Course.route,
            latest_phase.label("phase"),
            *(getattr(CourseOutcome, name) for name in _OUTCOME),
            func.coalesce(CourseOutcome.state, "not_measured").label("state"),
            improvement.label("improvement"),
            (CourseOutcome.last_days - last_session_days).label("days_since_session"),
            predose_high.label("predose_high"),
            worst.label("worst"),
        )
        .join_from(Course, Patient, Patient.patient_id == Course.patient_id)
        .outerjoin(CourseOutcome, outcome)
        .where(Course.end_hours.is_(None), *single_patients(scope), *of_patients(cohort), *of_courses(cohort))
    )
    if cohort.phase:
        statement = statement.where(latest_phase.in_(cohort.phase))
    return statement


def _chosen(
    scope: Scope,
    cohort: CohortFilter,
    rules: OutcomeRules,
    state: str | None,
    attention: str | None,
    search: str,
) -> Select[Any]:
    statement = _rows(scope, cohort, rules)
    if state:
        statement = statement.where(func.coalesce(CourseOutcome.state, "not_measured") == state)
    if search:
        statement = statement.where(Patient.patient_code.icontains(search.strip()[:32], autoescape=True))
    last_session_days = (Course.last_session_hours - Course.start_hours) / 24.0
    conditions = {
        "fading": CourseOutcome.state == "fading",
        "response_lost": CourseOutcome.state == "response_lost",
        "worse": CourseOutcome.state == "worse",
        # Thoughts of death or self-harm on more than several days, or more often than at first.
        "item9_raised": or_(CourseOutcome.item9_last >= 2, CourseOutcome.item9_change > 0),
        "no_score_since_session": or_(CourseOutcome.last_days.is_(None), CourseOutcome.last_days <= last_session_days),
    }
    if attention in conditions:
        statement = statement.where(conditions[attention])
    return statement


def worklist(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    *,
    state: str | None = None,
    attention: str | None = None,
    search: str = "",
    sort: str = "patient_code",
    descending: bool = False,
    limit: int = 50,
    offset: int = 0,
    rules: OutcomeRules = DEFAULT_RULES,
) -> tuple[pd.DataFrame, int]:
    """One page of the list and the number of rows of the whole.

    Columns: patient_id, patient_code, clinic, diagnosis, conditions, course, sessions, drug, route, phase
    (of the latest session), baseline, best, last, last_days, state, item9_last, item9_change, evaluable,
    improvement, days_since_session (last score minus last session; 0 or less: no score since it),
    predose_high (1: a session of the course began above the pre-dose limits), worst (grade 0 to 3).
    Missing values come last in either direction.
    """
    rows = _chosen(scope, cohort, rules, state, attention, search)
    total = _count(connection, rows, scope, cohort, of_outcomes=bool(state or attention), searched=bool(search))
    if not total:
        return read_frame(connection, rows.limit(0)), 0
    if sort == "patient_code" or sort not in SORTABLE:
        # In the order of an index: the database stops at the end of the page.
        code = Patient.patient_code
        ordered: Select[Any] = rows.order_by(code.desc() if descending else code.asc())
    else:
        chosen = rows.subquery()
        ordered = select(chosen).order_by(*_order(chosen, sort, descending))
    return read_frame(connection, ordered.limit(limit).offset(offset)), total


def _count(
    connection: Connection, rows: Select[Any], scope: Scope, cohort: CohortFilter, *, of_outcomes: bool, searched: bool
) -> int:
    """How many rows there are; tables that none of their conditions is about are not joined."""
    if of_outcomes or searched or single_patients(scope) or of_patients(cohort) or cohort.phase:
        statement = select(func.count()).select_from(rows.subquery())
    else:
        statement = select(func.count()).select_from(Course).where(Course.end_hours.is_(None), *of_courses(cohort))
    return int(connection.execute(statement).scalar_one())


def _order(chosen: Any, sort: str, descending: bool) -> list[Any]:
    """Missing values last in either direction; patients of one value by code."""
    column = chosen.c[sort if sort in SORTABLE else "patient_code"]
    return [column.is_(None), column.desc() if descending else column.asc(), chosen.c.patient_code]


def neighbours(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    patient_code: str,
    *,
    state: str | None = None,
    attention: str | None = None,
    search: str = "",
    sort: str = "patient_code",
    descending: bool = False,
    rules: OutcomeRules = DEFAULT_RULES,
) -> tuple[str | None, str | None]:
    """Codes of the previous and the next patient of the same list; None at its ends or outside it."""
    rows = _chosen(scope, cohort, rules, state, attention, search)
    if sort == "patient_code" or sort not in SORTABLE:
        before, after = _beside(connection, rows, patient_code)
        return (after, before) if descending else (before, after)
    chosen = rows.subquery()
    order = _order(chosen, sort, descending)
    listed = select(
        chosen.c.patient_code,
        func.lag(chosen.c.patient_code).over(order_by=order).label("previous"),
        func.lead(chosen.c.patient_code).over(order_by=order).label("following"),
    ).subquery()
    statement = select(listed.c.previous, listed.c.following).where(listed.c.patient_code == patient_code)
    row = connection.execute(statement).one_or_none()
    return (row.previous, row.following) if row else (None, None)


def _beside(connection: Connection, rows: Select[Any], patient_code: str) -> tuple[str | None, str | None]:
    """The codes just below and just above one of the rows' codes, found in an index."""
    code = Patient.patient_code
    codes = rows.with_only_columns(code, maintain_column_froms=True)
    if connection.execute(codes.where(code == patient_code)).first() is None:
        return None, None
    below = codes.where(code < patient_code).order_by(code.desc()).limit(1)
    above = codes.where(code > patient_code).order_by(code).limit(1)
    return connection.execute(below).scalar(), connection.execute(above).scalar()


def attention_counts(
    connection: Connection, scope: Scope, cohort: CohortFilter, rules: OutcomeRules = DEFAULT_RULES
) -> dict[str, int]:
    """How many patients each ready list holds."""
    return {
        name: connection.execute(
            select(func.count()).select_from(_chosen(scope, cohort, rules, None, name, "").subquery())
        ).scalar_one()
        for name in ATTENTION
    }


def sparklines(connection: Connection, scope: Scope, patient_ids: Sequence[int], instrument: str) -> pd.DataFrame:
    """Scores of some patients' latest courses, in time order: patient_id, course, days, score."""
    if not patient_ids:
        return pd.DataFrame({"patient_id": [], "course": [], "days": [], "score": []})
    statement = (
        select(ScoreFact.patient_id, ScoreFact.course, ScoreFact.days, ScoreFact.score)
        .join(Course, and_(Course.patient_id == ScoreFact.patient_id, Course.course == ScoreFact.course))
        .join(Patient, Patient.patient_id == ScoreFact.patient_id)
        .where(
            ScoreFact.patient_id.in_([int(i) for i in patient_ids]),
            ScoreFact.instrument == instrument,
            Course.end_hours.is_(None),
            *single_patients(scope),
        )
        .order_by(ScoreFact.patient_id, ScoreFact.at_hours)
    )
    return read_frame(connection, statement)
