"""The rows of one sheet become records, as one [[table]] of the map says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from data_models.intake.contract import Field
from data_models.intake.prepare.cell_values import CellValues
from data_models.intake.prepare.moments import Moment
from data_models.intake.prepare.sheet_map import (
    EACH,
    EFFECT_FIELDS,
    FIRST_SESSION,
    PATIENT_FIELDS,
    SCORE_FIELDS,
    SESSION_FIELDS,
    TIME_OF_DAY,
    Becomes,
    TableMap,
    When,
)
from data_models.intake.prepare.sheet_records import Record, Records, time_text
from data_models.intake.prepare.source import BIRTH_DATE, RECORD_NUMBER, TIME, Choices, LeftOut, Origin
from data_models.intake.prepare.times import Unread, read_times
from data_models.intake.readers.problems import Problems

NO_RECORD: Final = "a row in which every column that is read is empty, but for whose it is"
NO_SCORE: Final = "a row without a score"


class SheetRows:
    """Turns rows into records.

    Parameters
    ----------
    records, left_out, problems : where what is made, left out and wrong goes.
    """

    def __init__(
        self,
        table: TableMap,
        values: CellValues,
        choices: Choices,
        records: Records,
        left_out: LeftOut,
        problems: Problems,
    ) -> None:
        self._table, self._values, self._choices = table, values, choices
        self._records, self._left, self._problems = records, left_out, problems
        self._number = table.column_of(RECORD_NUMBER)
        self._times: dict[str, list[Moment | Unread | None]] = {}
        self._parts = [(name, one) for name, all_of_it in table.columns.items() for one in all_of_it]
        self._said = [name for name in table.columns if name != self._number]
        self._several = sorted({one.session for _, one in self._parts} - {0, EACH}) if table.rows == "patients" else []

    def row(self, at: int) -> None:
        """Make the records of one row."""
        table, origin = self._table, self._origin(at)
        said = any(self._values.text(name, at) for name in self._said)
        if not said and table.rows != "patients":
            self._left.add(NO_RECORD, origin, foreign=True)
            return
        person = self._values.text(self._number, at)
        if not person:
            if said:
                self._problems.add(origin.file, origin.row, self._number, "is missing; say whose row this is")
            return
        numbers = [0] if table.rows == "sessions" else self._several
        sessions = {number: made for number in numbers if (made := self._session(at, person, number))}
        self._records.sessions += sessions.values()
        self._person(at, person)
        if table.rows == "side_effects":
            moment = self._moment(at, table.column_of(TIME), table.column_of(TIME_OF_DAY))
            cells = self._with_always(EFFECT_FIELDS, self._fields(at, EFFECT_FIELDS))
            self._records.side_effects.append(Record(person, origin, cells | {TIME: time_text(moment)}))
        elif table.rows == "scores" and table.column_of("score"):
            self._score_row(at, person)
        self._score_columns(at, person, sessions)

    def _origin(self, at: int, column: str | None = None) -> Origin:
        columns = self._values.columns
        return Origin(columns.sheet.title, columns.numbers[at], column)

    def _moment(self, at: int, column: str, clock: str = "", *, born: bool = False) -> Moment | None:
        """When a cell says; None, noted as a problem, where it is empty or cannot be read."""
        if column not in self._times:
            texts = self._values.texts(column)
            if clock:
                texts = [_joined(day, of_day) for day, of_day in zip(texts, self._values.texts(clock), strict=True)]
            dates = self._table.dates or self._choices.dates
            self._times[column] = read_times(texts, self._choices.zone, dates, born=born)
        moment = self._times[column][at]
        if isinstance(moment, Moment):
            return moment
        reason = moment.reason if isinstance(moment, Unread) else "is missing; say when it was"
        self._values.refuse(column, at, reason)
        return None

    def _fields(self, at: int, fields: Mapping[str, Field], session: int = 0) -> dict[str, str]:
        """The row's cells for some fields."""
        made: dict[str, str] = {}
        for name, one in self._parts:
            if one.session != session and not (session and one.session == EACH):
                continue
            if one.kind == "field" and one.name in fields:
                made[one.name] = self._values.value(name, at, fields[one.name], one.unit)
                if one.unit and made[one.name]:
                    made["dose_unit"] = one.unit
            elif one.kind == "blood_pressure" and f"systolic_{one.name}" in fields:
                made[f"systolic_{one.name}"], made[f"diastolic_{one.name}"] = self._values.pressures(name, at)
        return made

    def _with_always(self, fields: Mapping[str, Field], made: Mapping[str, str]) -> dict[str, str]:
        """Cells with what is always so, where no cell says otherwise."""
        given = {name: text for name, text in self._table.always.items() if name in fields and not made.get(name)}
        return {**made, **given}

    def _person(self, at: int, person: str) -> None:
        facts = self._with_always(PATIENT_FIELDS, self._fields(at, PATIENT_FIELDS))
        born = self._table.column_of(BIRTH_DATE)
        if born and self._values.text(born, at):
            moment = self._moment(at, born, born=True)
            facts[BIRTH_DATE] = moment.day.isoformat() if moment else ""
        self._records.add_person(person, self._origin(at), facts)
        first = self._table.column_of(FIRST_SESSION)
        if first and self._values.text(first, at) and (moment := self._moment(at, first)):
            self._records.starts[person] = moment

    def _session(self, at: int, person: str, session: int) -> Record | None:
        """A session with its side effects; None where no cell of it is filled, or its time cannot be read."""
        column, clock = self._table.column_of(TIME, session), self._table.column_of(TIME_OF_DAY, session)
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
        moment = self._moment(at, self._table.column_of(TIME), self._table.column_of(TIME_OF_DAY))
        if moment:
            made = {TIME: time_text(moment)} | self._with_always(SCORE_FIELDS, cells)
            self._records.scores.append(Record(person, self._origin(at), made))

    def _score_columns(self, at: int, person: str, sessions: Mapping[int, Record]) -> None:
        """The scores that have columns of their own; a scale's item 9 goes with its score of the same time."""
        found: dict[tuple[str, int, When | None, str], tuple[str, dict[str, str]]] = {}
        for name, one in self._parts:
            if one.kind in ("score", "item9") and self._values.text(name, at):
                cells = found.setdefault(_time_key(one), (name, {"instrument": one.name}))[1]
                cells[one.kind] = self._values.value(name, at, SCORE_FIELDS[one.kind])
        for (_, number, when, time), (name, cells) in found.items():
            origin = self._origin(at, name)
            if when:
                anchor = sessions.get(number or (0 if self._table.rows == "sessions" else 1))
                self._records.scores.append(Record(person, origin, cells, when=when, session=anchor))
                continue
            clock = "" if time else self._table.column_of(TIME_OF_DAY)
            moment = self._moment(at, time or self._table.column_of(TIME), clock)
            if moment:
                own = self._fields(at, {"timing": SCORE_FIELDS["timing"]})
                made = {TIME: time_text(moment)} | cells | ({} if moment.has_time else own)
                self._records.scores.append(Record(person, origin, made))


def _time_key(one: Becomes) -> tuple[str, int, When | None, str]:
    return one.name, one.session, one.when, one.time


def _joined(day: str, of_day: str) -> str:
    """A date and a time of day from two cells."""
    clock = of_day.removesuffix("Uhr").removesuffix("h").strip()
    clock = clock.replace(".", ":") if ":" not in clock else clock
    return f"{day} {clock}" if day and clock else day
