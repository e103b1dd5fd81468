"""The list of patients: each one's latest course, sorted and filtered in the database, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, and_, case, exists, func, or_, select

from data_models.database.loading import read_frame
from data_models.database.tables import (
    ALWAYS_LISTED,
    WORKLIST_VALUES,
    Course,
    CourseOutcome,
    Patient,
    ScoreFact,
    Session,
    SessionFact,
    WorklistCount,
    WorklistFact,
)
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.definitions.scope import Scope
from data_models.questions.conditions import of_courses, of_patients, of_sessions, single_patients
from data_models.questions.worklist_order import (
    ATTENTION,
    NOT_MEASURED,
    SORTABLE,
    Listing,
    Sizes,
    kinds,
    lists_on,
    outcome_on,
    rows_of,
    shown_values,
)

__all__ = [
    "ATTENTION",
    "SORTABLE",
    "attention_counts",
    "list_sizes",
    "lists_on",
    "neighbours",
    "sparklines",
    "worklist",
]

_OUTCOME = ("baseline", "best", "last", "last_days", "item9_last", "item9_change", "evaluable")
_PAGE = 60  # rows, about


def list_sizes(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    *,
    state: str | None = None,
    attention: str | None = None,
    search: str = "",
    sort: str = "patient_code",
) -> Sizes:
    """How many patients of each kind a list holds, and how many of them have a value in its order.

    From the counts kept at import; rows are counted only where the list is searched or narrowed by more than
    instrument, clinic, state and ready list.
    """
    column = sort if sort in WORKLIST_VALUES else None
    shelf, wanted = _shelf(connection, cohort.instrument, kinds(state, attention))
    conditions, joined = _conditions(scope, cohort, search)
    if joined or search:
        valued: Any = func.count(getattr(WorklistFact, column) if column else WorklistFact.patient_id)
        counted: Select[Any] = select(WorklistFact.kind, func.count(), valued)
        counted = rows_of(counted, shelf, conditions, joined=joined).group_by(WorklistFact.kind)
    else:
        patients = func.sum(WorklistCount.patients)
        valued = func.sum(getattr(WorklistCount, column)) if column else patients
        counted = select(WorklistCount.kind, patients, valued).where(WorklistCount.instrument == shelf)
        for clinics in _clinics(scope, cohort):
            counted = counted.where(WorklistCount.clinic.in_(clinics))
        counted = counted.group_by(WorklistCount.kind)
    return {k: (int(n), int(m)) for k, n, m in connection.execute(counted) if n and (wanted is None or k in wanted)}


def _shelf(connection: Connection, instrument: str, wanted: frozenset[int]) -> tuple[str, frozenset[int] | None]:
    """The instrument whose rows to read, and the kinds; where nobody was measured on it, everybody is of one kind.

    The kinds are then those of another instrument and say nothing: None stands for all of them.
    """
    known = select(WorklistCount.kind).where(WorklistCount.instrument == instrument).limit(1)
    if instrument == ALWAYS_LISTED or connection.execute(known).first():
        return instrument, wanted
    return ALWAYS_LISTED, None if NOT_MEASURED in wanted else frozenset()


def _clinics(scope: Scope, cohort: CohortFilter) -> list[list[str]]:
    """Names of the clinics that the scope, and those that the filter, leaves; nothing where all are meant."""
    single_patients(scope)
    found = [sorted(scope.clinics)] if scope.clinics is not None else []
    return found + ([list(cohort["clinic"])] if cohort["clinic"] else [])


def _conditions(scope: Scope, cohort: CohortFilter, search: str) -> tuple[tuple[ColumnElement[bool], ...], bool]:
    """What the list asks of the rows beside instrument and kind, and whether of patients and courses."""
    found: list[ColumnElement[bool]] = [WorklistFact.clinic.in_(names) for names in _clinics(scope, cohort)]
    if search:
        found.append(WorklistFact.patient_code.icontains(search.strip()[:32], autoescape=True))
    more = [*of_patients(cohort.with_values("clinic", ())), *of_courses(cohort)]
    of_latest = of_sessions(cohort, SessionFact)
    if of_latest:
        same = (SessionFact.patient_id == Course.patient_id, SessionFact.hours == Course.last_session_hours)
        more.append(exists().where(*same, *of_latest))
    return (*found, *more), bool(more)


def _listing(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    *,
    state: str | None,
    attention: str | None,
    search: str,
    sort: str,
    descending: bool,
    sizes: Sizes | None,
) -> Listing:
    if sizes is None:
        sizes = list_sizes(connection, scope, cohort, state=state, attention=attention, search=search, sort=sort)
    shelf, wanted = _shelf(connection, cohort.instrument, frozenset())
    column = sort if sort in WORKLIST_VALUES else None
    if wanted is None or shelf != cohort.instrument:
        # Nobody was measured on it: only the side effects of the course have a value.
        descending = descending and (column is None or column == "worst")
        column = column if column == "worst" else None
        sort = column or "patient_code"
    conditions, joined = _conditions(scope, cohort, search)
    clinics = _clinics(scope, cohort)
    few = False
    if clinics and not joined and not search:
        listed = sum(patients for patients, _ in sizes.values())
        of_all = select(func.coalesce(func.sum(WorklistCount.patients), 0)).where(
            WorklistCount.instrument == shelf, WorklistCount.kind.in_(sorted(sizes))
        )
        # Walking the order reads on average `of_all / listed` rows for each of the list's, a page of them.
        few = listed * listed < _PAGE * int(connection.execute(of_all).scalar_one())
    return Listing(shelf, column, sort == "state", descending, conditions, joined, sizes, few)


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
    sizes: Sizes | None = None,
    rules: OutcomeRules = DEFAULT_RULES,
) -> tuple[pd.DataFrame, int]:
    """One page of the list and the number of rows of the whole.

    Columns: patient_id, patient_code, clinic, diagnosis, conditions, course, sessions, drug, route, phase
    (of the latest session), baseline, best, last, last_days, state, item9_last, item9_change, evaluable,
    improvement, days_since_session (last score minus last session; 0 or less: no score since it),
    predose_high (1: a session of the course began above the pre-dose limits), worst (grade 0 to 3).
    Missing values come last in either direction. `sizes`: those of `list_sizes`, where they are known.
    """
    listing = _listing(
        connection, scope, cohort, state=state, attention=attention, search=search, sort=sort, descending=descending,
        sizes=sizes,
    )  # fmt: skip
    patients = listing.page(connection, max(0, offset), limit)
    found = read_frame(connection, _rows(scope, cohort.instrument, patients, rules))
    places = {patient: place for place, patient in enumerate(patients)}
    ordered = found.iloc[found["patient_id"].map(places).argsort()] if len(found) else found
    return ordered.reset_index(drop=True), listing.total()


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
    sizes: Sizes | None = None,
) -> tuple[str | None, str | None]:
    """Codes of the previous and the next patient of the same list; None at its ends or outside it."""
    listing = _listing(
        connection, scope, cohort, state=state, attention=attention, search=search, sort=sort, descending=descending,
        sizes=sizes,
    )  # fmt: skip
    return listing.beside(connection, patient_code)


def _latest_phase() -> ScalarSelect[Any]:
    return (
        select(SessionFact.phase).where(
            SessionFact.patient_id == Course.patient_id, SessionFact.hours == Course.last_session_hours
        )
    ).scalar_subquery()


def _rows(scope: Scope, instrument: str, patients: Sequence[int], rules: OutcomeRules) -> Select[Any]:
    """Some patients with their latest course and its outcome on one instrument, in no order."""
    high = or_(
        Session.systolic_before > rules.predose_systolic_mmhg, Session.diastolic_before > rules.predose_diastolic_mmhg
    )
    predose_high = (
        select(func.coalesce(func.max(case((high, 1), else_=0)), 0))
        .where(Session.patient_id == Course.patient_id, Session.hours >= Course.start_hours)
        .scalar_subquery()
    )
    computed = shown_values()
    return (
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
            _latest_phase().label("phase"),
            *(getattr(CourseOutcome, name) for name in _OUTCOME),
            func.coalesce(CourseOutcome.state, "not_measured").label("state"),
            computed["improvement"].label("improvement"),
            computed["days_since_session"].label("days_since_session"),
            predose_high.label("predose_high"),
            computed["worst"].label("worst"),
        )
        .join_from(Course, Patient, Patient.patient_id == Course.patient_id)
        .outerjoin(CourseOutcome, outcome_on(instrument))
        .where(Course.patient_id.in_(patients), Course.end_hours.is_(None), *single_patients(scope))
    )


def attention_counts(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, int]:
    """How many patients each ready list holds; lists that the scale does not have are left out.

    A count of 0 would say that nobody is on a list which the scale cannot tell of.
    """
    names = lists_on(INSTRUMENTS[cohort.instrument])
    sizes = list_sizes(connection, scope, cohort)
    shelf, _ = _shelf(connection, cohort.instrument, frozenset())
    if shelf != cohort.instrument:
        total = sum(patients for patients, _ in sizes.values())
        return {name: total if NOT_MEASURED in kinds(None, name) else 0 for name in names}
    return {name: sum(n for k, (n, _) in sizes.items() if k in kinds(None, name)) for name in names}


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
