"""The list of patients: each one's latest course, sorted and filtered in the database, a page at a time.

Plain SQL on the facts: a clinic's patients are found by their index, each one's course and outcome by their keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    SQLColumnExpression,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
)

from data_models.database.loading import read_rows
from data_models.database.tables import Course, CourseOutcome, Patient, ScoreFact, Session, SessionFact
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.definitions.scope import Scope
from data_models.outcomes import scores
from data_models.outcomes.courses import ENDED
from data_models.outcomes.scores import NOT_SCORED, OF_LATEST_SCORE
from data_models.questions import Shows, shows
from data_models.questions.conditions import improved, of_courses, of_patients, of_sessions, single_patients

SORTABLE = (
    "urgency", "patient_code", "state", "baseline", "last", "improvement", "days_since_session", "item9_last", "worst"
)  # fmt: skip
# Ready lists (screens, Patients): what each asks of the latest course.
ATTENTION = ("fading", "response_lost", "item9_raised", "no_score_since_session", "worse")
# In the order in which a list sorted by state has them.
STATES = tuple(sorted((*scores.STATES, NOT_SCORED)))
# Why a patient stands where he stands on the list of what needs a look first, the first reason that holds.
URGENCY = ("response_lost", "fading", "item9_raised", "worse", NOT_SCORED, "treated_since", "none")
_NO_TIME = 1e-6  # hours: less than lies between two records, more than sums of hours are off by


@dataclass(frozen=True, slots=True)
class ListedPatient:
    """One patient's latest course with its outcome on one instrument; None: not recorded or not measured.

    Attributes
    ----------
    status : of the course: one of `outcomes.courses.STATUSES`.
    phase : of the latest session.
    state : of today, one of `STATES`; state_before : at the latest score, one of `outcomes.scores.STATES`.
    sessions_since : sessions of the course at the time of the latest score or later; None: no score.
    urgency : the place in `URGENCY` of why the patient stands where he stands.
    improvement : share of the baseline; scores in points of the instrument.
    last_days : days from the course's first session to its last score; `days_since_session`: from its latest session,
        0 or less without a score since.
    predose_high : 1 where a session of the course began above the pre-dose limits.
    worst : grade of the worst side effect, 0 to 3.
    """

    patient_id: int
    patient_code: str
    diagnosis: str | None
    course: int
    status: str
    sessions: int
    route: str | None
    phase: str | None
    state: str
    state_before: str
    sessions_since: int | None
    urgency: int
    baseline: float | None
    last: float | None
    last_days: float | None
    improvement: float | None
    days_since_session: float | None
    item9_last: int | None
    item9_change: int | None
    predose_high: int
    worst: int | None


@dataclass(frozen=True, slots=True)
class Worklist:
    """One page of the list, and the number of patients on the whole of it."""

    patients: tuple[ListedPatient, ...]
    total: int


def lists_on(scale: Instrument) -> tuple[str, ...]:
    """The ready lists that a scale can tell of: not all have an item 9, or a change from which on one is worse."""
    lacking = {"item9_raised": not scale.has_item9, "worse": scale.meaningful_change is None}
    return tuple(name for name in ATTENTION if not lacking.get(name))


@shows(Shows.COHORT)  # numbers that say nothing outside of the store
def in_order(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    *,
    state: str | None = None,
    attention: str | None = None,
    search: str = "",
    sort: str = "patient_code",
    descending: bool = False,
) -> NDArray[np.int64]:
    """Ids of the patients on a list, in its order. Missing values come last in either direction."""
    listed = _listed([Patient.patient_id], scope, cohort, state, attention, search)
    found = connection.execute(_sorted(connection, listed, sort, descending)).scalars().all()
    return np.array(found, dtype=np.int64)


@shows(Shows.LIST)
def worklist(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    *,
    limit: int = 50,
    offset: int = 0,
    order: NDArray[np.int64] | None = None,
    rules: OutcomeRules = DEFAULT_RULES,
    **asked: Any,
) -> Worklist:
    """One page of the list.

    Parameters
    ----------
    order : the answer of `in_order`, where it is known; else `asked` are its named arguments.
    rules : the limits before a session.
    """
    if order is None:
        order = in_order(connection, scope, cohort, **asked)
    start = max(0, offset)
    patients = order[start : start + limit].tolist()
    rows = read_rows(connection, _rows(scope, cohort.instrument, patients, rules))
    found = {row["patient_id"]: ListedPatient(**row) for row in rows}
    return Worklist(tuple(found[patient] for patient in patients if patient in found), len(order))


@shows(Shows.LIST)
def neighbours(
    connection: Connection,
    scope: Scope,
    cohort: CohortFilter,
    patient_code: str,
    *,
    order: NDArray[np.int64] | None = None,
    **asked: Any,
) -> tuple[str | None, str | None]:
    """Codes of the previous and the next patient of the same list; None at its ends or outside it.

    `order`, `asked`: as for `worklist`.
    """
    if order is None:
        order = in_order(connection, scope, cohort, **asked)
    p, seen = Patient, single_patients(scope)
    known = connection.execute(select(p.patient_id).where(p.patient_code == patient_code, *seen)).scalars().all()
    here = np.flatnonzero(np.isin(order, known))
    if not len(here):
        return None, None
    nobody = -1
    around = [int(order[n]) if 0 <= n < len(order) else nobody for n in (here[0] - 1, here[0] + 1)]
    rows = connection.execute(select(p.patient_id, p.patient_code).where(p.patient_id.in_(around), *seen))
    codes = {row.patient_id: row.patient_code for row in rows}
    return codes.get(around[0]), codes.get(around[1])


@shows(Shows.COHORT)
def attention_counts(connection: Connection, scope: Scope, cohort: CohortFilter) -> dict[str, int]:
    """How many patients each ready list holds; lists that the scale does not have are left out.

    A count of 0 would say that nobody is on a list which the scale cannot tell of.
    """
    names = lists_on(INSTRUMENTS[cohort.instrument])
    columns = [func.coalesce(func.sum(case((_on_list(name), 1), else_=0)), 0) for name in names]
    row = connection.execute(_listed(columns, scope, cohort)).one()
    return {name: int(patients) for name, patients in zip(names, row, strict=True)}


@shows(Shows.LIST)
def latest_scores(
    connection: Connection, scope: Scope, patient_ids: Sequence[int], instrument: str
) -> dict[int, list[tuple[float, float]]]:
    """Days and scores (points) of some patients' latest courses by patient_id, in time order."""
    statement = (
        select(ScoreFact.patient_id, ScoreFact.days, ScoreFact.score)
        .join(Course, and_(Course.patient_id == ScoreFact.patient_id, Course.course == ScoreFact.course))
        .join(Patient, Patient.patient_id == ScoreFact.patient_id)
        .where(
            ScoreFact.patient_id.in_(patient_ids),
            ScoreFact.instrument == instrument,
            Course.end_hours.is_(None),
            *single_patients(scope),
        )
        .order_by(ScoreFact.patient_id, ScoreFact.at_hours)
    )
    found: dict[int, list[tuple[float, float]]] = {}
    for patient_id, days, score in connection.execute(statement) if patient_ids else ():
        found.setdefault(patient_id, []).append((days, score))
    return found


def _listed(
    columns: Sequence[Any],
    scope: Scope,
    cohort: CohortFilter,
    state: str | None = None,
    attention: str | None = None,
    search: str = "",
) -> Select[Any]:
    """Columns of the patients on a list, in no order."""
    conditions = [*of_patients(cohort), *of_courses(cohort)]
    of_latest = of_sessions(cohort, SessionFact)
    if of_latest:
        conditions.append(exists().where(*_is_latest(), *of_latest))
    if state:
        conditions.append(_in_state(state))
    if attention:
        conditions.append(_on_list(attention))
    if search:
        conditions.append(Patient.patient_code.icontains(search.strip()[:32], autoescape=True))
    return _latest_courses(columns, scope, cohort.instrument).where(*conditions)


def _latest_courses(columns: Sequence[Any], scope: Scope, instrument: str) -> Select[Any]:
    """Columns of each patient's latest course, with its outcome on one instrument where there is one."""
    outcome = and_(
        CourseOutcome.patient_id == Course.patient_id,
        CourseOutcome.course == Course.course,
        CourseOutcome.instrument == instrument,
    )
    return (
        select(*columns)
        .join_from(Patient, Course, Course.patient_id == Patient.patient_id)
        .outerjoin(CourseOutcome, outcome)
        .where(Course.end_hours.is_(None), *single_patients(scope))
    )


def _sorted(connection: Connection, listed: Select[Any], sort: str, descending: bool) -> Select[Any]:
    """A list in order: by a value and then the code, both in one direction; without a value, by code at the end."""
    by_code_points = connection.dialect.name == "postgresql"  # as SQLite sorts
    code: SQLColumnExpression[Any] = Patient.patient_code.collate("C") if by_code_points else Patient.patient_code

    def directed(column: SQLColumnExpression[Any]) -> ColumnElement[Any]:
        return (column.desc() if descending else column.asc()).nulls_last()

    value = _values().get(sort)
    if value is None:
        return listed.order_by(directed(code))
    value = value.label("value")
    at_the_end = (
        [case((value.is_(None), code)).asc()] if descending and sort not in ("state", "urgency") else []
    )  # which all have
    keys = [directed(value), *at_the_end, directed(code)]
    return listed.add_columns(value).order_by(*keys)


def _state_before() -> ColumnElement[str]:
    """The state at the latest score."""
    return func.coalesce(CourseOutcome.state, "not_measured")


def _state() -> ColumnElement[str]:
    """The state of today."""
    return case((_in_state(NOT_SCORED), NOT_SCORED), else_=_state_before())


def _in_state(state: str) -> ColumnElement[bool]:
    """Whether a course is in a state today; the sessions are looked for where the rest holds."""
    if state == NOT_SCORED:
        return and_(CourseOutcome.state.in_(OF_LATEST_SCORE), _treated_since(), _treated_twice_since())
    if state not in OF_LATEST_SCORE:
        return _state_before() == state
    twice = and_(_treated_since(), _treated_twice_since())
    return and_(CourseOutcome.state == state, not_(twice))


def _treated_since() -> ColumnElement[bool]:
    """Whether the latest session is not before the latest score: a score at a session's start is before it."""
    return CourseOutcome.last_days <= _last_session_days() + _NO_TIME / 24.0


def _treated_twice_since() -> ColumnElement[bool]:
    """Whether a session before the latest is not before the latest score."""
    f = SessionFact
    return exists().where(
        f.patient_id == Course.patient_id, f.hours >= _score_hours() - _NO_TIME, f.hours < Course.last_session_hours
    )


def _score_hours() -> ColumnElement[float]:
    """When the latest score was taken, on the patient's clock."""
    return Course.start_hours + CourseOutcome.last_days * 24.0


def _urgency() -> ColumnElement[int]:
    """The place in `URGENCY`: what needs a look first."""
    met = {
        "response_lost": _on_list("response_lost"),
        "fading": _on_list("fading"),
        "item9_raised": _on_list("item9_raised"),
        "worse": _on_list("worse"),
        NOT_SCORED: or_(CourseOutcome.last_days.is_(None), _in_state(NOT_SCORED)),
        "treated_since": _treated_since(),
    }
    return case(*((met[name], place) for place, name in enumerate(URGENCY[:-1])), else_=len(URGENCY) - 1)


def _values() -> dict[str, SQLColumnExpression[Any]]:
    """What a list is ordered by, beside the code."""
    o = CourseOutcome
    return {
        # Of equal urgency, courses that have ended come last.
        "urgency": 2 * _urgency() + case((Course.status == ENDED, 1), else_=0),
        "state": case({name: place for place, name in enumerate(STATES)}, value=_state()),
        "baseline": o.baseline,
        "last": o.last,
        "improvement": case((o.evaluable == 1, improved(o.instrument, o.baseline, o.last))),
        "days_since_session": o.last_days - _last_session_days(),
        "item9_last": o.item9_last,
        "worst": Course.worst,
    }


def _on_list(attention: str) -> ColumnElement[bool]:
    """Whether a course is on a ready list."""
    if attention == "item9_raised":  # thoughts of death on more than several days, or more often than at first
        return or_(CourseOutcome.item9_last >= 2, CourseOutcome.item9_change > 0)
    if attention == "no_score_since_session":
        return or_(CourseOutcome.last_days.is_(None), CourseOutcome.last_days <= _last_session_days())
    return _in_state(attention)


def _last_session_days() -> ColumnElement[float]:
    """Days from the course's first session to its last."""
    return (Course.last_session_hours - Course.start_hours) / 24.0


def _is_latest() -> tuple[ColumnElement[bool], ...]:
    """What a session of the course must be to be its last."""
    return SessionFact.patient_id == Course.patient_id, SessionFact.hours == Course.last_session_hours


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
    sessions_since = (
        select(func.count())
        .select_from(SessionFact)
        .where(SessionFact.patient_id == Course.patient_id, SessionFact.hours >= _score_hours() - _NO_TIME)
        .scalar_subquery()
    )
    values = _values()
    columns = [
        Patient.patient_id,
        Patient.patient_code,
        Patient.diagnosis,
        Course.course,
        Course.status,
        Course.sessions,
        Course.route,
        select(SessionFact.phase).where(*_is_latest()).scalar_subquery().label("phase"),
        _state().label("state"),
        _state_before().label("state_before"),
        _urgency().label("urgency"),
        case((CourseOutcome.last_days.is_not(None), sessions_since)).label("sessions_since"),
        CourseOutcome.last_days,
        CourseOutcome.item9_change,
        *(values[name].label(name) for name in ("baseline", "last", "improvement", "days_since_session")),
        *(values[name].label(name) for name in ("item9_last", "worst")),
        predose_high.label("predose_high"),
    ]
    return _latest_courses(columns, scope, instrument).where(Patient.patient_id.in_(patients))
