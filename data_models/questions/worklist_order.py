"""The orders of the list of patients: each part of it, in each order, is read off an index.

A list is some *kinds* of rows of `worklist_facts`, and an order cuts it into *sections*: those with a value
and then those without one, or one section a state. How long each section is, is known before (`Sizes`), so a
page is found in its section, from whichever end is nearer. Within a section each kind lies in order in one
index; the database merges them and stops at the end of the page.

In a large store the rows of the latest imports stand apart, each kind of them as a kind of its own (`RECENT`): an
index of a million rows is hundreds of megabytes, and 1,000 new rows in their places touch a page each of it.
Apart they share a few pages until there are many (`data_models.store.worklist`); lists merge them in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select, tuple_, union_all

from data_models.database.tables import WORKLIST_VALUES, Course, CourseOutcome, Patient, SessionFact, WorklistFact
from data_models.definitions.instruments import Instrument
from data_models.outcomes import scores

SORTABLE = ("patient_code", "state", *WORKLIST_VALUES)
# Ready lists (screens, Patients): what each asks of the latest course.
ATTENTION = ("fading", "response_lost", "item9_raised", "no_score_since_session", "worse")
# In the order in which a list sorted by state shows them.
STATES = tuple(sorted(scores.STATES))
_RAISED, _UNSCORED = 2, 1
NOT_MEASURED = 4 * STATES.index("not_measured") + _UNSCORED  # the kind of a patient without any score on a scale
RECENT = 32  # more than any kind: added to the kind of a row that stands apart

Sizes = dict[int, tuple[int, int]]  # of each kind: patients, and those with a value in the order asked for
Row = tuple[str, int, Any]  # code, patient_id, value in the order


def kind(state: ColumnElement[str], raised: ColumnElement[bool], unscored: ColumnElement[bool]) -> ColumnElement[int]:
    """State and ready lists of a row as one number: 4 x place in STATES + 2 item 9 raised + 1 not scored since."""
    place = case(*((state == name, 4 * number) for number, name in enumerate(STATES)), else_=NOT_MEASURED - _UNSCORED)
    return place + case((raised, _RAISED), else_=0) + case((unscored, _UNSCORED), else_=0)


def kinds(state: str | None, attention: str | None) -> frozenset[int]:
    """The kinds that a list holds, those that stand apart too; none where state and ready list exclude each other."""
    found = set(range(4 * len(STATES)))
    for wanted in (state, attention if attention in STATES else None):
        if wanted:
            found = {k for k in found if STATES[_state(k)] == wanted}
    if attention == "item9_raised":
        found = {k for k in found if k & _RAISED}
    if attention == "no_score_since_session":
        found = {k for k in found if k & _UNSCORED}
    return frozenset(found | {k + RECENT for k in found})


def lists_on(scale: Instrument) -> tuple[str, ...]:
    """The ready lists that a scale can tell of: not all have an item 9, or a change from which on one is worse."""
    lacking = {"item9_raised": not scale.has_item9, "worse": scale.meaningful_change is None}
    return tuple(name for name in ATTENTION if not lacking.get(name))


def _state(kind: int) -> int:
    """The place in STATES of a kind."""
    return kind % RECENT // 4


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows of `worklist_facts` a list holds, and in which order.

    Attributes
    ----------
    column : name of the value that orders it; None: the code alone, or the state and then the code.
    conditions : on `worklist_facts`, and on the patient and the latest course where `joined`.
    few : there are so few rows in the clinics asked for that sorting them is less work than walking the order.
    """

    instrument: str
    column: str | None
    by_state: bool
    descending: bool
    conditions: tuple[ColumnElement[bool], ...]
    joined: bool
    sizes: Sizes
    few: bool = False

    def total(self) -> int:
        """Patients in the whole list."""
        return sum(patients for patients, _ in self.sizes.values())

    def page(self, connection: Connection, offset: int, limit: int) -> list[int]:
        """Ids of the patients of one page."""
        found: list[int] = []
        for section in self.sections():
            take = min(section.size - offset, limit - len(found))
            if take > 0:
                found += [patient for _, patient, _ in section.rows(connection, offset, take)]
            offset = max(0, offset - section.size)
            if len(found) == limit:
                break
        return found

    def beside(self, connection: Connection, code: str) -> tuple[str | None, str | None]:
        """Codes just before and after one of the list; None at its ends or outside it."""
        sections = list(self.sections())
        for place, section in enumerate(sections):
            row = section.row(connection, code)
            if row is None:
                continue
            before, after = section.next_to(connection, row, back=True), section.next_to(connection, row, back=False)
            if before is None and place:
                before = sections[place - 1].rows(connection, sections[place - 1].size - 1, 1)
            if after is None and place + 1 < len(sections):
                after = sections[place + 1].rows(connection, 0, 1)
            return (before[0][0] if before else None, after[0][0] if after else None)
        return None, None

    def sections(self) -> Iterator[Section]:
        """Its sections that hold anybody, in order."""
        if self.by_state:
            places = sorted({_state(k) for k in self.sizes}, reverse=self.descending)
            parts = [[k for k in self.sizes if _state(k) == place] for place in places]
            found = [Section(self, part, None, self.descending, sum(self.sizes[k][0] for k in part)) for part in parts]
        elif self.column is None:
            found = [Section(self, list(self.sizes), None, self.descending, self.total())]
        else:
            valued = [k for k, (_, n) in self.sizes.items() if n]
            lacking = [k for k, (patients, n) in self.sizes.items() if patients > n]
            n = sum(self.sizes[k][1] for k in valued)
            # Missing values come last in either direction.
            found = [
                Section(self, valued, True, self.descending, n),
                Section(self, lacking, False, False, self.total() - n),
            ]
        return (section for section in found if section.size)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of some kinds in one order: by value and code (`valued`), or by code (without a value, or whatever)."""

    listing: Listing
    kinds: Sequence[int]
    valued: bool | None
    descending: bool
    size: int

    def rows(self, connection: Connection, offset: int, limit: int) -> list[Row]:
        """Some of its rows in order, read from the nearer end."""
        rest = self.size - offset - limit
        if rest < offset:
            found = self._read(connection, not self.descending, max(0, rest), min(limit, self.size - offset))
            return found[::-1]
        return self._read(connection, self.descending, offset, limit)

    def row(self, connection: Connection, code: str) -> Row | None:
        """The row of a patient, where it is in this section."""
        statement = self._columns().where(self._kinds(self.kinds), WorklistFact.patient_code == code)
        row = connection.execute(statement).first()
        return tuple(row) if row else None

    def next_to(self, connection: Connection, row: Row, *, back: bool) -> list[Row] | None:
        """The row before or after one of its rows, None where there is none."""
        downwards = back != self.descending
        code, _, value = row
        own = self._value()
        here: Any = WorklistFact.patient_code if own is None else tuple_(own, WorklistFact.patient_code)
        there: Any = code if own is None else (value, code)
        return self._read(connection, downwards, 0, 1, here < there if downwards else here > there) or None

    def _value(self) -> ColumnElement[Any] | None:
        return getattr(WorklistFact, self.listing.column) if self.valued and self.listing.column else None

    def _read(self, connection: Connection, descending: bool, offset: int, limit: int, beyond: Any = None) -> list[Row]:
        """Rows in index order; `beyond`: only those on one side of a row."""
        bounds = [] if beyond is None else [beyond]
        names = ["value", "code"] if self._value() is not None else ["code"]
        if self.listing.few:
            whole = self._columns("ix_worklist_clinic").where(self._kinds(self.kinds), *bounds)
            branches: list[Select[Any]] = [whole]
        else:
            index = f"ix_worklist_{self.listing.column if self.valued else 'code'}"
            branches = [self._columns(index).where(WorklistFact.kind == k, *bounds) for k in self.kinds]
        if len(branches) == 1:
            statement: Any = branches[0]
        elif connection.dialect.name == "postgresql":
            # It does not merge them: it would read and sort them all.
            heads = [_sorted(branch, names, descending).limit(offset + limit).subquery() for branch in branches]
            statement = union_all(*(select(head) for head in heads))
        else:
            statement = union_all(*branches)
        found = connection.execute(_sorted(statement, names, descending).limit(limit).offset(offset))
        return [tuple(row) for row in found]

    def _kinds(self, wanted: Sequence[int]) -> ColumnElement[bool]:
        return WorklistFact.kind.in_(sorted(wanted))

    def _columns(self, index: str | None = None) -> Select[Any]:
        """Code, id and value of the rows of the list, in no order; `index`: the one that SQLite is to read."""
        listing, own = self.listing, self._value()
        value = WorklistFact.patient_code if own is None else own
        chosen = select(WorklistFact.patient_code.label("code"), WorklistFact.patient_id, value.label("value"))
        chosen = rows_of(chosen, listing.instrument, listing.conditions, joined=listing.joined)
        if self.valued is not None and listing.column:
            column = getattr(WorklistFact, listing.column)
            chosen = chosen.where(column.is_not(None) if self.valued else column.is_(None))
        return chosen.with_hint(WorklistFact, f"INDEXED BY {index}", "sqlite") if index else chosen


def _sorted(statement: Any, names: Sequence[str], descending: bool) -> Any:
    columns = [statement.selected_columns[name] for name in names]
    return statement.order_by(*(column.desc() if descending else column.asc() for column in columns))


def outcome_on(instrument: str) -> ColumnElement[bool]:
    """What joins a course to its outcome on one instrument."""
    return and_(
        CourseOutcome.patient_id == Course.patient_id,
        CourseOutcome.course == Course.course,
        CourseOutcome.instrument == instrument,
    )


def last_session_days() -> ColumnElement[float]:
    """Days from the course's first session to its last."""
    return (Course.last_session_hours - Course.start_hours) / 24.0


def shown_values() -> dict[str, ColumnElement[Any]]:
    """What the list shows and is ordered by that no table of facts holds, of a course joined to its outcome."""
    of_course = and_(SessionFact.patient_id == Course.patient_id, SessionFact.course == Course.course)
    return {
        "improvement": case(
            (CourseOutcome.evaluable == 1, (CourseOutcome.baseline - CourseOutcome.last) / CourseOutcome.baseline)
        ),
        "days_since_session": CourseOutcome.last_days - last_session_days(),
        "worst": select(func.max(SessionFact.worst)).where(of_course).scalar_subquery(),
    }


def rows_of(
    chosen: Select[Any], instrument: str, conditions: Sequence[ColumnElement[bool]], *, joined: bool
) -> Select[Any]:
    """Of `worklist_facts` the rows on one instrument that meet some conditions."""
    if joined:
        chosen = chosen.join_from(WorklistFact, Patient, Patient.patient_id == WorklistFact.patient_id).join(
            Course, and_(Course.patient_id == WorklistFact.patient_id, Course.end_hours.is_(None))
        )
    return chosen.where(WorklistFact.instrument == instrument, *conditions)
