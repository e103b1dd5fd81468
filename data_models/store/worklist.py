"""The list of patients kept in its orders: rows of `worklist_facts` and their counts follow each change of facts.

Rows are made from stored facts by one INSERT ... SELECT an instrument, within a patient. Counts are taken away
with the rows of the patients that an import touches and added with the new ones, so a change costs what it
touches and not what is stored.

Rows that come into a large list stand apart at first (`worklist_order.RECENT`), where they share a few pages of
each index. When more have gathered than reading should merge, or than come one by one, all go to their places at
once: of the indexes' pages, most of which are touched then, each is written once for many rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from data_models.database.tables import (
    ALWAYS_LISTED,
    WORKLIST_VALUES,
    Base,
    Course,
    CourseOutcome,
    Patient,
    WorklistCount,
    WorklistFact,
)
from data_models.questions.worklist_order import RECENT, kind, last_session_days, outcome_on, shown_values

# Rows of the list. In a smaller one new rows find their pages soon enough without standing apart.
LARGE = 50_000
# So many lie on about 500 pages of the indexes; to move them writes at most each page of the indexes once.
MOST_RECENT = 20_000
_INDEXES = sorted(Base.metadata.tables[WorklistFact.__tablename__].indexes, key=lambda index: str(index.name))
_COUNTS = ("patients", *WORKLIST_VALUES)
_ADD = text(
    f"INSERT INTO worklist_counts (instrument, clinic, kind, {', '.join(_COUNTS)}) "
    f"VALUES (:instrument, :clinic, :kind, {', '.join(f':{name}' for name in _COUNTS)}) "
    "ON CONFLICT (instrument, clinic, kind) DO UPDATE SET "
    + ", ".join(f"{name} = worklist_counts.{name} + excluded.{name}" for name in _COUNTS)
)

Touched = Select[tuple[int]] | None  # a SELECT of patients' ids; None: all patients


def take_away(connection: Connection, touched: Touched = None) -> None:
    """Take some patients off the list."""
    if touched is None:
        connection.execute(delete(WorklistFact))
        connection.execute(delete(WorklistCount))
        return
    theirs = WorklistFact.patient_id.in_(touched)
    _count(connection, theirs, -1)
    connection.execute(delete(WorklistFact).where(theirs))


def fill(connection: Connection, touched: Touched = None) -> None:
    """Put some patients, whose facts are stored and who are not on it, on the list."""
    if connection.execute(select(WorklistFact.patient_id).limit(1)).first() is None:
        touched = None  # nobody is on it
    known = set(connection.execute(select(WorklistCount.instrument).distinct()).scalars())
    theirs = CourseOutcome.patient_id.in_(touched) if touched is not None else CourseOutcome.patient_id > 0
    found = set(connection.execute(select(CourseOutcome.instrument).where(theirs).distinct()).scalars())
    # In PostgreSQL readers would wait.
    later = touched is None and connection.dialect.name == "sqlite"
    apart = touched is not None and _room_apart(connection, touched)
    with _indexes_at_the_end(connection) if later else nullcontext():
        for instrument in sorted(known | found | {ALWAYS_LISTED}):
            # On an instrument that is new to the store everybody gets a row.
            every = touched is None or instrument not in known
            _fill(connection, instrument, None if every else touched, apart=apart and not every)
    if touched is None and connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE worklist_facts")


def prepare(connection: Connection) -> None:
    """Put the patients of a part of a derivation, whose facts alone a database holds, on a list of their own."""
    found = set(connection.execute(select(CourseOutcome.instrument).distinct()).scalars())
    for instrument in sorted(found | {ALWAYS_LISTED}):
        _fill(connection, instrument, None, apart=False)


def fill_prepared(connection: Connection, statement: str, counts: Sequence[Mapping[str, Any]]) -> None:
    """Put everybody on an empty list of SQLite, by a statement that inserts the rows that parts have prepared.

    `counts`: the rows of the parts' `worklist_counts`.
    """
    patients: Counter[str] = Counter()
    for row in counts:
        patients[row["instrument"]] += row["patients"]
    with _indexes_at_the_end(connection):
        connection.exec_driver_sql(statement)
        if counts:
            connection.execute(_ADD, [dict(row) for row in counts])
        # A part without a score on some instrument has prepared no rows for it.
        for instrument in (name for name, listed in patients.items() if listed < patients[ALWAYS_LISTED]):
            connection.execute(delete(WorklistFact).where(WorklistFact.instrument == instrument))
            connection.execute(delete(WorklistCount).where(WorklistCount.instrument == instrument))
            _fill(connection, instrument, None, apart=False)


@contextmanager
def _indexes_at_the_end(connection: Connection) -> Iterator[None]:
    """The list's indexes are gone within and built of all rows at once: SQLite takes half the time."""
    for index in _INDEXES:
        index.drop(connection)
    yield
    for index in _INDEXES:
        index.create(connection)


def fill_empty(connection: Connection) -> None:
    """Put everybody on the list of a store that had none: one made before there was."""
    listed, due = (
        connection.execute(select(name).limit(1)).first() for name in (WorklistFact.patient_id, Course.patient_id)
    )
    if due and not listed:
        fill(connection)


def _room_apart(connection: Connection, touched: Select[tuple[int]]) -> bool:
    """Whether the rows of some patients are to stand apart; where they make too many, those that do are moved."""
    instruments, settled, recent = connection.execute(
        select(
            func.count(WorklistCount.instrument.distinct()),
            func.sum(case((WorklistCount.kind < RECENT, WorklistCount.patients), else_=0)),
            func.sum(case((WorklistCount.kind >= RECENT, WorklistCount.patients), else_=0)),
        )
    ).one()
    if (settled or 0) < LARGE:
        return False
    coming = instruments * connection.execute(select(func.count()).select_from(touched.subquery())).scalar_one()
    if recent + coming <= MOST_RECENT:
        return True
    if recent:
        _settle(connection)
    return False


def _settle(connection: Connection) -> None:
    """Move the rows that stand apart to their places."""
    names = ("instrument", "clinic", "kind", *_COUNTS)
    statement = select(*(getattr(WorklistCount, name) for name in names)).where(WorklistCount.kind >= RECENT)
    groups = [dict(row) for row in connection.execute(statement).mappings()]
    for instrument in {group["instrument"] for group in groups}:
        kinds = sorted({group["kind"] for group in groups if group["instrument"] == instrument})
        moved = update(WorklistFact).where(WorklistFact.instrument == instrument, WorklistFact.kind.in_(kinds))
        connection.execute(moved.values(kind=WorklistFact.kind - RECENT))
    connection.execute(_ADD, [group | {"kind": group["kind"] - RECENT} for group in groups])
    connection.execute(delete(WorklistCount).where(WorklistCount.kind >= RECENT))


def _fill(connection: Connection, instrument: str, touched: Touched, *, apart: bool) -> None:
    table = WorklistFact.__table__
    rows = _rows(instrument, RECENT if apart else 0)
    these: list[ColumnElement[bool]] = [WorklistFact.instrument == instrument]
    if touched is not None:
        rows = rows.where(Course.patient_id.in_(touched))
        these.append(WorklistFact.patient_id.in_(touched))
    connection.execute(insert(WorklistFact).from_select([column.name for column in table.columns], rows))
    _count(connection, and_(*these), 1)


def _rows(instrument: str, more: int) -> Select[Any]:
    """The rows of the list on one instrument, columns as in the table; `more` is added to the kind."""
    # Thoughts of death or self-harm on more than several days, or more often than at first.
    raised = func.coalesce(or_(CourseOutcome.item9_last >= 2, CourseOutcome.item9_change > 0), false())
    unscored = or_(CourseOutcome.last_days.is_(None), CourseOutcome.last_days <= last_session_days())
    computed = shown_values()
    return (
        select(
            Course.patient_id,
            literal(instrument).label("instrument"),
            (kind(func.coalesce(CourseOutcome.state, "not_measured"), raised, unscored) + more).label("kind"),
            Patient.patient_code,
            Patient.clinic,
            CourseOutcome.baseline,
            CourseOutcome.last,
            computed["improvement"].label("improvement"),
            computed["days_since_session"].label("days_since_session"),
            CourseOutcome.item9_last,
            computed["worst"].label("worst"),
        )
        .join_from(Course, Patient, Patient.patient_id == Course.patient_id)
        .outerjoin(CourseOutcome, outcome_on(instrument))
        .where(Course.end_hours.is_(None))
    )


def _count(connection: Connection, condition: ColumnElement[bool], sign: int) -> None:
    """Add the rows that meet a condition to the counts, or take them off."""
    clinic = func.coalesce(WorklistFact.clinic, "")
    values = (func.count(getattr(WorklistFact, name)).label(name) for name in WORKLIST_VALUES)
    statement = (
        select(
            WorklistFact.instrument, clinic.label("clinic"), WorklistFact.kind, func.count().label("patients"), *values
        )
        .where(condition)
        .group_by(WorklistFact.instrument, clinic, WorklistFact.kind)
    )
    groups = [dict(row) for row in connection.execute(statement).mappings()]
    if groups:
        connection.execute(_ADD, [group | {name: sign * group[name] for name in _COUNTS} for group in groups])
