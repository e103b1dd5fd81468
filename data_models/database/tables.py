"""The store's tables as SQLAlchemy typed mappings.

Two kinds stand side by side. *Records* hold what a clinic sent, as it was checked, and are never
changed, but for what is said of a patient: there the latest import holds. *Facts* are derived from
them under one set of rules, once, at import; pages group by facts and never derive live. Every table
that grows leads its primary key with `patient_id`, so that each join and window stays within one
patient (what lets PostgreSQL with Citus spread them over machines).

Times are decimal hours on the patient's own clock (0 = start of the first recorded session) in
records, and days since the course's first session in facts. Flags are 1, 0 or null (does not apply
or not recorded).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from data_models.definitions.vocabulary import SIDE_EFFECTS

_CODE = String(32)


class Base(DeclarativeBase):
    """Mapping base; its metadata is what Alembic compares with."""


def _patient() -> Mapped[int]:
    return mapped_column(BigInteger, primary_key=True, autoincrement=False)


def _number() -> Mapped[float | None]:
    return mapped_column(Float, nullable=True)


def _whole() -> Mapped[int | None]:
    return mapped_column(Integer, nullable=True)


def _count() -> Mapped[int]:
    return mapped_column(Integer, nullable=False)


def _code() -> Mapped[str | None]:
    return mapped_column(_CODE, nullable=True)


# --- records ---------------------------------------------------------------------------------


class Patient(Base):
    """One row a patient. `conditions` is ";"-bounded (";liver;urinary;"), ";" for none of the list."""

    __tablename__ = "patients"
    __table_args__ = (
        Index("ix_patients_code", "patient_code"),
        Index("ix_patients_clinic", "clinic", "patient_code"),  # a clinic's list (benchmarks/lists.py)
        {"sqlite_with_rowid": False},
    )
    patient_id: Mapped[int] = _patient()
    patient_code: Mapped[str] = mapped_column(_CODE)
    clinic: Mapped[str | None] = mapped_column(String(64), nullable=True)
    age_band: Mapped[str | None] = _code()
    sex: Mapped[str | None] = _code()
    diagnosis: Mapped[str | None] = _code()
    conditions: Mapped[str | None] = mapped_column(Text, nullable=True)
    first_session_year: Mapped[int | None] = _whole()
    observed_until_weeks: Mapped[int | None] = _whole()  # since hour 0, rounded down; null: not known


class Session(Base):
    """One row a treatment session. `day_only` 1: the clock time is not known, hours = 24 x day."""

    __tablename__ = "sessions"
    __table_args__ = {"sqlite_with_rowid": False}
    patient_id: Mapped[int] = _patient()
    hours: Mapped[float] = mapped_column(Float, primary_key=True)
    day_only: Mapped[int] = mapped_column(Integer)
    drug: Mapped[str | None] = _code()
    route: Mapped[str | None] = _code()
    dose: Mapped[float | None] = _number()
    dose_unit: Mapped[str | None] = _code()
    phase: Mapped[str | None] = _code()
    duration_minutes: Mapped[float | None] = _number()
    systolic_before: Mapped[float | None] = _number()
    diastolic_before: Mapped[float | None] = _number()
    heart_rate_before: Mapped[float | None] = _number()
    systolic_highest: Mapped[float | None] = _number()
    diastolic_highest: Mapped[float | None] = _number()
    heart_rate_highest: Mapped[float | None] = _number()
    cadss_highest: Mapped[float | None] = _number()
    moaas_lowest: Mapped[float | None] = _number()
    minutes_to_discharge: Mapped[float | None] = _number()
    side_effects_asked: Mapped[int | None] = _whole()


class Assessment(Base):
    """One row a completed scale.

    `precision`: 0 = hours as recorded; 1 = a day, taken before that day's session; 2 = a day, taken
    after it. For 1 and 2, hours = 24 x day; outcomes resolve it against the day's session.
    """

    __tablename__ = "assessments"
    __table_args__ = {"sqlite_with_rowid": False}
    patient_id: Mapped[int] = _patient()
    instrument: Mapped[str] = mapped_column(_CODE, primary_key=True)
    hours: Mapped[float] = mapped_column(Float, primary_key=True)
    precision: Mapped[int] = mapped_column(Integer, primary_key=True)
    score: Mapped[float] = mapped_column(Float)
    item9: Mapped[int | None] = _whole()


class SideEffect(Base):
    """One row an occurrence, on its session's `hours`. `onset_minutes` -1 = not recorded."""

    __tablename__ = "side_effects"
    __table_args__ = {"sqlite_with_rowid": False}
    patient_id: Mapped[int] = _patient()
    hours: Mapped[float] = mapped_column(Float, primary_key=True)
    term: Mapped[str] = mapped_column(_CODE, primary_key=True)
    onset_minutes: Mapped[float] = mapped_column(Float, primary_key=True)
    severity: Mapped[str | None] = _code()
    resolved_minutes: Mapped[float | None] = _number()
    last_observed_minutes: Mapped[float | None] = _number()
    serious: Mapped[int | None] = _whole()


# --- facts -----------------------------------------------------------------------------------


class Course(Base):
    """One row a course (treatment series). Hours on the patient's clock.

    `end_hours`: start of the next course, null for the last. `record_end_hours`: the last session
    or score of the course's observation. `observed_until_hours`: until when the patient's record was looked through
    (null: not known). `status`: going_on, ended or unknown. `drug`, `route`: those of its sessions, `mixed` of several.
    `early_stop` null: induction is neither complete nor given up yet. `worst`: that of its sessions.
    """

    __tablename__ = "courses"
    __table_args__ = {"sqlite_with_rowid": False}
    patient_id: Mapped[int] = _patient()
    course: Mapped[int] = mapped_column(Integer, primary_key=True)
    start_hours: Mapped[float] = mapped_column(Float)
    end_hours: Mapped[float | None] = _number()
    record_end_hours: Mapped[float] = mapped_column(Float)
    observed_until_hours: Mapped[float | None] = _number()
    status: Mapped[str] = mapped_column(_CODE)
    drug: Mapped[str | None] = _code()
    route: Mapped[str | None] = _code()
    sessions: Mapped[int] = mapped_column(Integer)
    induction_sessions: Mapped[int] = mapped_column(Integer)
    last_induction_hours: Mapped[float | None] = _number()
    last_session_hours: Mapped[float] = mapped_column(Float)
    induction_complete: Mapped[int] = mapped_column(Integer)
    early_stop: Mapped[int | None] = _whole()
    worst: Mapped[int | None] = _whole()


class SessionFact(Base):
    """One row a session: its place in the course and what was reported in it.

    `number` counts within the course from 1; `phase` after the rules. `asked` 1 when side effects
    were asked about or any was recorded. `worst` 0 none recorded, 1 mild, 2 moderate, 3 severe
    (null: not asked, or recorded without a grade). `days`: since the course's first session.
    `scored_before` 1: a score on any scale in the 7 days up to its start; `scored_after` 1: one within
    the 7 days after its start and not after the next session's start.
    """

    __tablename__ = "session_facts"
    __table_args__ = {"sqlite_with_rowid": False}
    patient_id: Mapped[int] = _patient()
    hours: Mapped[float] = mapped_column(Float, primary_key=True)
    course: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    days: Mapped[float] = mapped_column(Float)
    phase: Mapped[str] = mapped_column(_CODE)
    asked: Mapped[int] = mapped_column(Integer)
    effects: Mapped[int] = mapped_column(Integer)  # how many different terms were recorded
    terms: Mapped[int] = mapped_column(Integer)  # a set of `vocabulary.SIDE_EFFECT_BITS`
    worst: Mapped[int | None] = _whole()
    scored_before: Mapped[int] = mapped_column(Integer)
    scored_after: Mapped[int] = mapped_column(Integer)


class EffectFact(Base):
    """One row a patient, course, phase, drug, route and dose band: its asked sessions, summed.

    `part` counts a patient's rows from 1; `alone` 1: the patient has no other. `dose_band` is a code of
    `outcomes.side_effects.DOSE_BANDS`. `asked` counts the sessions in which side effects were asked about,
    `reported` those of them with any; the grades, those whose worst was of it; and there is a column for
    each term of `SIDE_EFFECTS`: the asked sessions with it. Sessions not asked about are in no row.
    """

    __tablename__ = "effect_facts"
    __table_args__ = {"sqlite_with_rowid": False}
    patient_id: Mapped[int] = _patient()
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    course: Mapped[int] = mapped_column(Integer)
    phase: Mapped[str] = mapped_column(_CODE)
    drug: Mapped[str | None] = _code()
    route: Mapped[str | None] = _code()
    dose_band: Mapped[int | None] = _whole()
    alone: Mapped[int] = mapped_column(Integer)
    asked: Mapped[int] = mapped_column(Integer)
    reported: Mapped[int] = _count()
    mild: Mapped[int] = _count()
    moderate: Mapped[int] = _count()
    severe: Mapped[int] = _count()


for _term in SIDE_EFFECTS:
    if hasattr(EffectFact, _term):
        raise ValueError(f"side effect {_term}: effect_facts has a column of this name; call the term otherwise")
    setattr(EffectFact, _term, _count())


class ScoreFact(Base):
    """One row a score: where it stands in its course and against the latest session.

    Keys are those of the assessment. `at_hours` is the resolved time. `days` is since the course's
    first session (0 or negative: before it). `state` 2 response, 1 partial response, 0 neither,
    null where the course is not evaluable or not after the first session; it holds until `until_days`.
    `since_session_days` days since the latest session that started before the score (null: none);
    `fade_change` the score minus that session's pre-session score (null: none within the window).
    `last_in_bin`: of which bins of days it is its course's last score (`outcomes.similar_courses.last_in_bins`).
    What follows from these and the course's baseline is worked out when asked for
    (`questions.patient`): a table of every score pays for each column.
    """

    __tablename__ = "score_facts"
    __table_args__ = {"sqlite_with_rowid": False}
    patient_id: Mapped[int] = _patient()
    instrument: Mapped[str] = mapped_column(_CODE, primary_key=True)
    hours: Mapped[float] = mapped_column(Float, primary_key=True)
    precision: Mapped[int] = mapped_column(Integer, primary_key=True)
    at_hours: Mapped[float] = mapped_column(Float)
    course: Mapped[int] = mapped_column(Integer)
    days: Mapped[float] = mapped_column(Float)
    score: Mapped[float] = mapped_column(Float)
    item9: Mapped[int | None] = _whole()
    state: Mapped[int | None] = _whole()
    until_days: Mapped[float | None] = _number()
    since_session_days: Mapped[float | None] = _number()
    session_phase: Mapped[str | None] = _code()
    session_route: Mapped[str | None] = _code()
    fade_change: Mapped[float | None] = _number()
    last_in_bin: Mapped[int] = mapped_column(Integer)


class CourseOutcome(Base):
    """One row a course and instrument: every per-course value of the definitions.

    Times are days since the course's first session unless the name says otherwise. A course has a
    row for each instrument with at least one score in the patient's record from its baseline window
    on; courses without any score appear in `courses` alone.
    """

    __tablename__ = "course_outcomes"
    __table_args__ = {"sqlite_with_rowid": False}
    patient_id: Mapped[int] = _patient()
    course: Mapped[int] = mapped_column(Integer, primary_key=True)
    instrument: Mapped[str] = mapped_column(_CODE, primary_key=True)
    scores: Mapped[int] = mapped_column(Integer)  # scores in the observation
    baseline: Mapped[float | None] = _number()
    evaluable: Mapped[int] = mapped_column(Integer)
    best: Mapped[float | None] = _number()
    last: Mapped[float | None] = _number()
    last_days: Mapped[float | None] = _number()
    last_since_session_days: Mapped[float | None] = _number()
    ever_response: Mapped[int | None] = _whole()
    ever_partial: Mapped[int | None] = _whole()  # ever an improvement of at least the partial one
    ever_remission: Mapped[int | None] = _whole()
    sustained_response: Mapped[int | None] = _whole()
    last_response: Mapped[int | None] = _whole()
    last_remission: Mapped[int | None] = _whole()
    last_worse: Mapped[int | None] = _whole()
    early_score_hours: Mapped[float | None] = _number()  # the score nearest 24 h: hours after the start
    early_response: Mapped[int | None] = _whole()
    onset_left: Mapped[float | None] = _number()
    onset_right: Mapped[float | None] = _number()
    onset_sessions: Mapped[int | None] = _whole()
    duration_event: Mapped[int | None] = _whole()
    duration_days: Mapped[float | None] = _number()
    loss_left: Mapped[float | None] = _number()
    loss_right: Mapped[float | None] = _number()
    end_of_induction_score: Mapped[float | None] = _number()
    end_of_induction_days: Mapped[float | None] = _number()  # since the last induction session
    end_of_induction_response: Mapped[int | None] = _whole()
    end_of_induction_remission: Mapped[int | None] = _whole()
    end_of_induction_worse: Mapped[int | None] = _whole()
    last_reliable: Mapped[str | None] = _code()  # one of outcomes.reliable_change.GROUPS
    end_of_induction_reliable: Mapped[str | None] = _code()
    durability_entry_days: Mapped[float | None] = _number()
    durability_left: Mapped[float | None] = _number()  # the loss lies after it, up to `durability_right` (null: none)
    durability_right: Mapped[float | None] = _number()
    durability_days: Mapped[float | None] = _number()
    durability_end: Mapped[str | None] = _code()  # loss, retreated, censored
    state: Mapped[str] = mapped_column(_CODE)  # one of outcomes.scores.STATES
    item9_last: Mapped[int | None] = _whole()
    item9_change: Mapped[int | None] = _whole()  # against the earliest item 9 from the baseline on


# --- the store itself ------------------------------------------------------------------------


class Import(Base):
    """One row a stored batch, in order. No clock time: times never enter the store."""

    __tablename__ = "imports"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[str] = mapped_column(String(16))  # form of the records: csv, parquet, xlsx, one_sheet
    patients: Mapped[int] = mapped_column(Integer)
    sessions: Mapped[int] = mapped_column(Integer)
    assessments: Mapped[int] = mapped_column(Integer)
    side_effects: Mapped[int] = mapped_column(Integer)
    repeats: Mapped[int] = mapped_column(Integer)
    # JSON: of how many patients that were known it changed which column.
    changed: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")


class StoreInfo(Base):
    """Facts about the store as name and value: version, rules, derivation, data set name, synthetic, state.

    `rules` and `derivation` are what every stored fact was derived by (`outcomes.derive.DERIVATION`).
    `state` is a random mark that each change replaces: two stores with the same one hold the same.
    """

    __tablename__ = "store_info"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class KeptAnswer(Base):
    """One row an answer about a cohort, for all server processes (see `store.shared_answers`); bounded, never a record.

    `state` is the mark in `store_info` of the store that it is about, `number` the order of keeping.
    """

    __tablename__ = "kept_answers"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(_CODE)
    number: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(Integer)  # bytes
    answer: Mapped[bytes] = mapped_column(LargeBinary)
