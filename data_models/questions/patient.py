"""A single patient: the records and outcomes of one, for a scope that may see patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, func, select

from data_models.database.loading import read_rows
from data_models.database.tables import Course, CourseOutcome, Patient, ScoreFact, Session, SessionFact, SideEffect
from data_models.definitions.instruments import in_order
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.questions.conditions import improved, looks_back, single_patients

_NO_TIME = 1e-7  # days: less than lies between two records, more than sums of days are off by


@dataclass(frozen=True, slots=True)
class Vitals:
    """Blood pressure (mmHg) and heart rate (beats per minute); None: not recorded."""

    systolic: float | None = None
    diastolic: float | None = None
    heart_rate: float | None = None

    @property
    def pressure(self) -> tuple[float, float] | None:
        """Systolic and diastolic pressure where both are recorded."""
        return None if self.systolic is None or self.diastolic is None else (self.systolic, self.diastolic)


@dataclass(frozen=True, slots=True)
class PatientSession:
    """One session: the record and its place in its course. `days`: since the course's first session.

    `course_route`: the route of its course, by which courses are compared; `course_status`: whether it goes on. `asked`
    1: side effects were asked about; `effects`: how many terms were reported; `worst`: their worst grade, 0 to 3
    (None: not asked, or not graded).
    """

    hours: float
    course: int
    number: int
    days: float
    phase: str
    drug: str | None
    route: str | None
    course_route: str | None
    course_status: str
    dose: float | None
    dose_unit: str | None
    before: Vitals
    highest: Vitals
    cadss_highest: float | None
    moaas_lowest: float | None
    minutes_to_discharge: float | None
    asked: int
    effects: int
    worst: int | None


@dataclass(frozen=True, slots=True)
class PatientScore:
    """One score. `days`: since its course's first session; `at_hours`: on the patient's clock.

    `improvement`: share against the course's baseline, and `state` (2 response, 1 partial response, 0 neither), for
    scores after its first session. `session_hours`, `since_session_days`: the latest session's start before the
    score; `recall` 1: the score looks back past that session.
    """

    instrument: str
    course: int
    at_hours: float
    days: float
    score: float
    item9: int | None
    improvement: float | None
    state: int | None
    since_session_days: float | None
    session_hours: float | None
    recall: int


@dataclass(frozen=True, slots=True)
class PatientSideEffect:
    """One occurrence, on its session's `hours`; minutes from the session's start. `onset_minutes` -1: not recorded."""

    hours: float
    term: str
    severity: str | None
    onset_minutes: float
    resolved_minutes: float | None
    serious: int | None


@dataclass(frozen=True, slots=True)
class ScoresSeen:
    """The scores of a course after its first session: how many, the best, the latest and its day."""

    count: int
    best: float
    last: float
    last_days: float
    last_in_response: bool


@dataclass(frozen=True, slots=True)
class FirstResponse:
    """The first response of a course lies in (`left`, `right`], after so many `sessions`, and lasted so many days.

    `loss`: the interval in which it was lost; None: not lost by the last score. All in days of the course.
    """

    left: float
    right: float
    sessions: int
    lasted: float
    loss: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class EndOfInduction:
    """The score at the end of induction, so many days after the last induction session."""

    score: float
    days: float
    in_response: bool


@dataclass(frozen=True, slots=True)
class LastedAfterInduction:
    """How long a response at the end of induction lasted (definitions, section 5), in days since its last session.

    `end`: loss, retreated or censored. Lost, it was within (`left`, `days`].
    """

    days: float
    end: str
    left: float | None


@dataclass(frozen=True, slots=True)
class PatientOutcome:
    """The outcome of one course on one instrument; `last_induction_days`: the day of its last induction session."""

    course: int
    instrument: str
    state: str
    baseline: float | None
    last_induction_days: float | None
    seen: ScoresSeen | None
    response: FirstResponse | None
    end_of_induction: EndOfInduction | None
    durability: LastedAfterInduction | None

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> PatientOutcome:
        """Of a row of `course_outcomes` with `last_induction_days`."""
        seen = response = end = durability = None
        if row["scores"]:
            seen = ScoresSeen(row["scores"], row["best"], row["last"], row["last_days"], row["last_response"] == 1)
        if row["ever_response"]:
            loss = (row["loss_left"], row["loss_right"]) if row["duration_event"] else None
            onset = row["onset_left"], row["onset_right"], row["onset_sessions"]
            response = FirstResponse(*onset, row["duration_days"], loss)
        if row["end_of_induction_score"] is not None:
            end = EndOfInduction(
                row["end_of_induction_score"], row["end_of_induction_days"], row["end_of_induction_response"] == 1
            )
        if row["durability_days"] is not None:
            left = row["durability_left"] if row["durability_end"] == "loss" else None
            durability = LastedAfterInduction(row["durability_days"], row["durability_end"], left)
        return cls(
            row["course"],
            row["instrument"],
            row["state"],
            row["baseline"],
            row["last_induction_days"],
            seen,
            response,
            end,
            durability,
        )


@dataclass(frozen=True, slots=True)
class PatientHistory:
    """All that is recorded and derived of one patient.

    `conditions`: codes, None where they were not recorded. Sessions and side effects stand in time order, scores by
    instrument and time, outcomes by course and instrument.
    """

    patient_code: str
    clinic: str | None
    age_band: str | None
    sex: str | None
    diagnosis: str | None
    conditions: tuple[str, ...] | None
    sessions: tuple[PatientSession, ...] = ()
    scores: tuple[PatientScore, ...] = ()
    side_effects: tuple[PatientSideEffect, ...] = ()
    outcomes: tuple[PatientOutcome, ...] = ()

    @property
    def courses(self) -> list[int]:
        """Numbers of the courses, in time order."""
        return sorted({session.course for session in self.sessions})

    @property
    def instruments(self) -> list[str]:
        """Scales with at least one score, in the registry's order."""
        return in_order(score.instrument for score in self.scores)

    def sessions_of(self, *courses: int) -> list[PatientSession]:
        """Sessions of some courses, in time order."""
        return [session for session in self.sessions if session.course in courses]

    def scores_of(self, course: int, *instruments: str) -> list[PatientScore]:
        """Scores of a course on some scales, in time order."""
        found = (score for score in self.scores if score.course == course and score.instrument in instruments)
        return sorted(found, key=lambda score: score.at_hours)

    def outcome_of(self, course: int, instrument: str) -> PatientOutcome | None:
        """The outcome of a course on a scale; None where it has no score of it."""
        found = (one for one in self.outcomes if one.course == course and one.instrument == instrument)
        return next(found, None)

    def sessions_since(self, outcome: PatientOutcome | None) -> int:
        """Sessions of a course at the time of its latest score or later; 0 without a score."""
        if outcome is None or outcome.seen is None:
            return 0
        last = outcome.seen.last_days - _NO_TIME
        return sum(session.days >= last for session in self.sessions_of(outcome.course))


@shows(Shows.PATIENT)
def patient(connection: Connection, scope: Scope, patient_code: str) -> PatientHistory | None:
    """One patient; None where there is none of this code that the scope reaches.

    Raises
    ------
    NotAllowed : the scope sees cohorts alone.
    """
    who = select(*Patient.__table__.columns).where(Patient.patient_code == patient_code, *single_patients(scope))
    row = connection.execute(who).one_or_none()
    if row is None:
        return None
    sessions, scores, effects, outcomes = (
        read_rows(connection, statement, patient_id=int(row.patient_id)) for statement in _statements(scope)
    )
    conditions = row.conditions
    return PatientHistory(
        row.patient_code,
        row.clinic,
        row.age_band,
        row.sex,
        row.diagnosis,
        None if conditions is None else tuple(code for code in conditions.split(";") if code),
        tuple(_session(found) for found in sessions),
        tuple(PatientScore(**found) for found in scores),
        tuple(PatientSideEffect(**found) for found in effects),
        tuple(PatientOutcome.of_row(found) for found in outcomes),
    )


def _session(row: Mapping[str, Any]) -> PatientSession:
    before, highest = (
        Vitals(*(row[f"{kind}_{when}"] for kind in ("systolic", "diastolic", "heart_rate")))
        for when in ("before", "highest")
    )
    known = {field.name: row[field.name] for field in fields(PatientSession) if field.name in row}
    return PatientSession(**known, before=before, highest=highest)


@lru_cache(maxsize=64)  # to put a statement together takes as long as to run it
def _statements(scope: Scope) -> tuple[Select[Any], ...]:
    return _sessions(scope), _scores(scope), _side_effects(scope), _outcomes(scope)


def _sessions(scope: Scope) -> Select[Any]:
    record = [c for c in Session.__table__.columns if c.name not in ("patient_id", "phase")]
    facts = [c for c in SessionFact.__table__.columns if c.name not in ("patient_id", "hours")]
    statement = (
        select(*record, *facts, Course.route.label("course_route"), Course.status.label("course_status"))
        .join_from(
            Session,
            SessionFact,
            (SessionFact.patient_id == Session.patient_id) & (SessionFact.hours == Session.hours),
        )
        .join(Course, (Course.patient_id == SessionFact.patient_id) & (Course.course == SessionFact.course))
        .order_by(Session.hours)
    )
    return _of(statement, Session.patient_id, scope)


def _scores(scope: Scope) -> Select[Any]:
    latest = (
        select(func.max(SessionFact.hours))
        .where(SessionFact.patient_id == ScoreFact.patient_id, SessionFact.hours < ScoreFact.at_hours)
        .scalar_subquery()
    )
    improvement = improved(ScoreFact.instrument, CourseOutcome.baseline, ScoreFact.score)
    made = {
        "improvement": case((ScoreFact.days > 0, improvement)),
        "session_hours": latest,
        "recall": looks_back(),
    }
    statement = (
        select(*_columns(PatientScore, ScoreFact, made))
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


def _side_effects(scope: Scope) -> Select[Any]:
    statement = select(*_columns(PatientSideEffect, SideEffect)).order_by(SideEffect.hours, SideEffect.term)
    return _of(statement, SideEffect.patient_id, scope)


def _outcomes(scope: Scope) -> Select[Any]:
    last_induction = (Course.last_induction_hours - Course.start_hours) / 24.0
    statement = (
        select(
            *CourseOutcome.__table__.columns,
            last_induction.label("last_induction_days"),
        )
        .join_from(
            CourseOutcome,
            Course,
            (Course.patient_id == CourseOutcome.patient_id) & (Course.course == CourseOutcome.course),
        )
        .order_by(CourseOutcome.course, CourseOutcome.instrument)
    )
    return _of(statement, CourseOutcome.patient_id, scope)


def _columns(answer: Any, table: Any, made: Mapping[str, Any] | None = None) -> list[Any]:
    """A column for each field of an answer: of `made`, or of the table."""
    made = made or {}
    return [
        made[field.name].label(field.name) if field.name in made else getattr(table, field.name)
        for field in fields(answer)
    ]


def _of(statement: Select[Any], column: Any, scope: Scope) -> Select[Any]:
    """Bind to one patient, within the scope: the right is checked in the query itself."""
    wanted: Any = bindparam("patient_id")
    reached = select(Patient.patient_id).where(Patient.patient_id == wanted, *single_patients(scope))
    return statement.where(column == wanted, column.in_(reached))
