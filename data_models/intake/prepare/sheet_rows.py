"""The rows of one sheet become records, as one [[table]] of the map says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.contract import Field
from data_models.intake.prepare.cell_values import CellValues
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.moments import Moment, moment_of
from data_models.intake.prepare.sheet_map import (
    EACH,
    EFFECT_FIELDS,
    FIRST_SESSION,
    OF_FILE,
    OF_SHEET,
    PATIENT_FIELDS,
    RELATIVE,
    SCORE_FIELDS,
    SESSION_FIELDS,
    TIME_OF_DAY,
    Becomes,
    TableMap,
    When,
)
from data_models.intake.prepare.sheet_records import Record, Records, time_text
from data_models.intake.prepare.sheet_words import TOTAL_ROWS
from data_models.intake.prepare.source import (
    BIRTH_DATE,
    RECORD_NUMBER,
    TIME,
    Choices,
    Export,
    LeftOut,
    Origin,
    date_of_day,
    time_of_hours,
)
from data_models.intake.prepare.table_rows import Scores, TableRows
from data_models.intake.prepare.times import Unread, read_times
from data_models.intake.readers.problems import Problems

NO_RECORD: Final = "a row in which every column that is read is empty, but for whose it is"
_NO_NUMBER: Final = Unread("is no number of days, weeks or hours since the first session; write it in digits")
NO_SCORE: Final = "a row without a score"
A_TOTAL: Final = "a row of totals, with a word such as Mean in place of a record number"


class SheetRows:
    """Turns rows into records.

    Parameters
    ----------
    records, left_out, problems : where what is made, left out and wrong goes.
    published : use scales' published rules for missing items.
    """

    def __init__(
        self,
        table: TableMap,
        values: CellValues,
        choices: Choices,
        records: Records,
        left_out: LeftOut,
        problems: Problems,
        *,
        published: bool = False,
    ) -> None:
        self._table, self._values, self._choices = table, values, choices
        self._records, self._left, self._problems = records, left_out, problems
        self._one = _One(values.columns.sheet.title)
        self._totals = Scores(self._one, left_out, problems, published=published)
        self._number = table.column_of(RECORD_NUMBER)
        sheet = values.columns.sheet
        self._whose = table.always.get(RECORD_NUMBER, "")
        self._whose = self._whose.replace(OF_SHEET, sheet.name).replace(OF_FILE, Path(sheet.file).stem).strip()
        self._times: dict[str, list[Moment | Unread | None]] = {}
        self._parts = [(name, one) for name, all_of_it in table.columns.items() for one in all_of_it]
        self._relative = {
            name: RELATIVE[one.name] for name, one in self._parts if one.kind == "field" and one.name in RELATIVE
        }
        self._said = [name for name in table.columns if name != self._number]
        self._born, self._first = table.column_of(BIRTH_DATE), table.column_of(FIRST_SESSION)
        self._long = bool(table.column_of("score"))
        self._several = sorted({one.session for _, one in self._parts} - {0, EACH}) if table.rows == "patients" else []
        self._clocks = {
            number: (table.time_column(number), table.column_of(TIME_OF_DAY, number)) for number in (0, *self._several)
        }

    def row(self, at: int) -> None:
        """Make the records of one row."""
        table, origin = self._table, self._origin(at)
        said = any(self._values.text(name, at) for name in self._said)
        if not said and table.rows != "patients":
            self._left.add(NO_RECORD, origin, foreign=True)
            return
        person = self._values.text(self._number, at) if self._number else self._whose
        if person.lower().rstrip(".:") in TOTAL_ROWS:
            self._left.add(A_TOTAL, origin)
            return
        if not person:
            if said:
                self._problems.add(origin.file, origin.row, self._number, "is missing; say whose row this is")
            return
        numbers = [0] if table.rows == "sessions" else self._several
        sessions = {number: made for number in numbers if (made := self._session(at, person, number))}
        self._records.sessions += sessions.values()
        self._person(at, person)
        if table.rows == "side_effects":
            moment = self._moment(at, *self._clocks[0])
            cells = self._with_always(EFFECT_FIELDS, self._fields(at, EFFECT_FIELDS))
            self._records.side_effects.append(Record(person, origin, cells | {TIME: time_text(moment)}))
        elif table.rows == "scores" and self._long:
            self._score_row(at, person)
        self._score_columns(at, person, sessions)

    def _origin(self, at: int, column: str | None = None) -> Origin:
        columns = self._values.columns
        return Origin(columns.sheet.title, columns.numbers[at], column)

    def _moment(self, at: int, column: str, clock: str = "", *, born: bool = False) -> Moment | None:
        """When a cell says; None, noted as a problem, where it is empty or cannot be read."""
        if column not in self._times:
            self._times[column] = self._read(column, clock, born=born)
        moment = self._times[column][at]
        if isinstance(moment, Moment):
            return moment
        reason = moment.reason if isinstance(moment, Unread) else "is missing; say when it was"
        self._values.refuse(column, at, reason)
        return None

    def _read(self, column: str, clock: str, *, born: bool) -> list[Moment | Unread | None]:
        """The moments of a column."""
        texts = self._values.texts(column)
        if column in self._relative:
            self._records.relative = self._records.relative or f"{self._table.where}, {column!r}"
            return [_since(self._values.number(column, at), self._relative[column]) for at in range(len(texts))]
        self._records.dated = self._records.dated or f"{self._table.where}, {column!r}"
        if clock:
            texts = [_joined(day, of_day) for day, of_day in zip(texts, self._values.texts(clock), strict=True)]
        dates = self._table.dates or self._choices.dates
        return list(read_times(texts, self._choices.zone, dates, born=born))

    def _fields(self, at: int, fields: Mapping[str, Field], session: int = 0) -> dict[str, str]:
        """The row's cells for some fields."""
        made: dict[str, str] = {}
        for name, one in self._parts:
            if one.session != session and not (session and one.session == EACH):
                continue
            if one.kind == "field" and one.name in fields:
                made[one.name] = self._values.value(name, at, fields[one.name], one.unit)
                if one.unit and made[one.name]:
                    made["dose_unit"] = self._values.dose_unit(name, at) or one.unit
            elif one.kind == "blood_pressure" and f"systolic_{one.name}" in fields:
                made[f"systolic_{one.name}"], made[f"diastolic_{one.name}"] = self._values.pressures(name, at)
        return made

    def _with_always(self, fields: Mapping[str, Field], made: Mapping[str, str]) -> dict[str, str]:
        """Cells with what is always so, where no cell says otherwise."""
        given = {name: text for name, text in self._table.always.items() if name in fields and not made.get(name)}
        return {**made, **given}

    def _person(self, at: int, person: str) -> None:
        facts = self._with_always(PATIENT_FIELDS, self._fields(at, PATIENT_FIELDS))
        if self._born and self._values.text(self._born, at):
            moment = self._moment(at, self._born, born=True)
            facts[BIRTH_DATE] = moment.day.isoformat() if moment else ""
        self._records.add_person(person, self._origin(at), facts)
        if self._first and self._values.text(self._first, at) and (moment := self._moment(at, self._first)):
            self._records.starts[person] = moment

    def _session(self, at: int, person: str, session: int) -> Record | None:
        """A session with its side effects; None where no cell of it is filled, or its time cannot be read."""
        column, clock = self._clocks[session]
        made = self._fields(at, SESSION_FIELDS, session)
        effects = {
            (name, one.name): self._values.yes_or_severity(name, at)
            for name, one in self._parts
            if one.kind == "side_effect" and one.session == session
        }
        own = (name for name, one in self._parts if one.session == session)
        if session and not any(self._values.text(name, at) for name in own):
            return None
        moment = self._moment(at, column, clock)
        if moment is None:
            return None
        when, origin = time_text(moment), self._origin(at, column if session else None)
        listed = made.pop("side_effects", "")
        if listed or any(effects.values()):
            made["side_effects_asked"] = made.get("side_effects_asked") or "yes"
        found = [({"term": term}, origin) for term in listed.split(";") if term not in ("", "none")]
        for (name, term), said in effects.items():
            if said not in ("", "no"):
                severity = {} if said == "yes" else {"severity": said}
                found.append(({"term": term, **severity}, self._origin(at, name)))
        self._records.side_effects += (Record(person, place, {TIME: when, **cells}) for cells, place in found)
        return Record(person, origin, self._with_always(SESSION_FIELDS, {TIME: when, **made}), moment)

    def _score_row(self, at: int, person: str) -> None:
        """The score that a row is."""
        cells = self._fields(at, SCORE_FIELDS)
        if not (cells.get("score") or cells.get("item9")):
            self._left.add(NO_SCORE, self._origin(at), foreign=True)
            return
        moment = self._moment(at, *self._clocks[0])
        if moment:
            made = {TIME: time_text(moment)} | self._with_always(SCORE_FIELDS, cells)
            self._records.scores.append(Record(person, self._origin(at), made))

    def _score_columns(self, at: int, person: str, sessions: Mapping[int, Record]) -> None:
        """The scores that have columns of their own; a scale's item 9 goes with its score of the same time."""
        found: dict[tuple[str, int, When | None, str], list[tuple[str, Becomes]]] = {}
        for name, one in self._parts:
            if one.kind in ("score", "item", "item9") and self._values.text(name, at):
                found.setdefault((one.name, one.session, one.when, one.time), []).append((name, one))
        for (instrument, number, when, time), parts in found.items():
            cells = self._score_of(at, instrument, parts)
            if cells is None:
                continue
            origin = self._origin(at, parts[0][0])
            if when:
                anchor = sessions.get(number or (0 if self._table.rows == "sessions" else 1))
                self._records.scores.append(Record(person, origin, cells, when=when, session=anchor))
                continue
            moment = self._moment(at, time) if time else self._moment(at, *self._clocks[0])
            if moment:
                own = self._fields(at, {"timing": SCORE_FIELDS["timing"]})
                made = {TIME: time_text(moment)} | cells | ({} if moment.has_time else own)
                self._records.scores.append(Record(person, origin, made))

    def _score_of(self, at: int, instrument: str, parts: Sequence[tuple[str, Becomes]]) -> dict[str, str] | None:
        """A scale's total and item 9 from the columns of one time; None where items and total do not give one."""
        most = INSTRUMENTS[instrument].maximum
        given = {
            one.kind: self._values.value(
                name, at, SCORE_FIELDS[one.kind], highest=most if one.kind == "score" else None
            )
            for name, one in parts
            if not one.item
        }
        scale = ITEM_SCALES.get(instrument)
        if scale is None or not any(one.item for _, one in parts):
            return {"instrument": instrument} | given
        points = {one.item: self._values.points(name, at) for name, one in parts if one.item}
        named = {one.item: name for name, one in parts}
        items = [points.get(number) for number in scale.numbers]
        columns = [named.get(number, f"item {number}") for number in scale.numbers]
        self._one.cells = {}
        self._totals.add(
            self._origin(at), instrument, given.get("score", ""), items, {}, (named.get(0, "its total"), columns)
        )
        given.pop("score", None)
        return {**self._one.cells, **given} if self._one.cells else None

    def tell(self, export: Export) -> None:
        """Note how many totals rest on a published rule for missing items."""
        self._totals.tell(export)


class _One(TableRows):
    """Takes the score of a row."""

    cells: Mapping[str, str] = MappingProxyType({})

    def add(self, origin: Origin, cells: Mapping[str, str]) -> None:
        self.cells = cells


def _since(text: str, unit: float) -> Moment | Unread | None:
    """So many units, in hours, after the first session, on the calendar of `source.date_of_day`."""
    if not text:
        return None
    try:
        hours = float(text) * unit
        if unit == 1.0:
            return moment_of(time_of_hours(hours))
        return moment_of(date_of_day(int(hours // 24))) if hours % 24 == 0 else _NO_NUMBER
    except (ValueError, OverflowError):
        return _NO_NUMBER


def _joined(day: str, of_day: str) -> str:
    """A date and a time of day from two cells."""
    clock = of_day.removesuffix("Uhr").removesuffix("h").strip()
    clock = clock.replace(".", ":") if ":" not in clock else clock
    return f"{day} {clock}" if day and clock else day
