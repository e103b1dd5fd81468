"""From an identified export to session records: codes for record numbers, hours or days for dates.

For use at the clinic alone (`ketamine-outcomes deidentify`). The tables are those of the session records, with
`record_number` in place of `patient_code` and `time` in place of `hours` and `day`; `birth_date` may stand in
place of the age. Columns that session records do not have are left out. Times are subtracted as the clock on
the wall showed them, so that a change to summer time moves no day (definitions, section 1). A row that has a date
alone is placed by the sessions of that date, while the dates are known: in session records a day is 24 hours from
the first session's start, and the session of a date may lie in the one before. Safe Harbor:
45 CFR 164.514(b)(2); codes are random and follow from nothing about the person, as 164.514(c) asks.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.vocabulary import AGE_BANDS
from data_models.intake.deidentification import identifier_class
from data_models.intake.prepare.moments import Moment, day_order, hours_between, moment_of, weeks_between
from data_models.intake.readers.header import known_columns, score_column
from data_models.intake.readers.problems import Problems

RECORD_NUMBER: Final = "record_number"
TIME: Final = "time"
BIRTH_DATE: Final = "birth_date"
OBSERVED: Final = "observed_until_weeks"
# Neither vowels nor letters that look like digits: a code spells no word and is not misread.
_ALPHABET: Final = "23456789BCDFGHJKMNPQRSTVWXZ"
_CODE_LENGTH: Final = 10  # 2 x 10^14 codes
_OLDEST: Final = 90  # ages above 89 are one band (45 CFR 164.514(b)(2)(i)(C))
_YOUNGEST, _LONGEST_LIFE = 18, 120
_DAY: Final = 24.0
_REPLACED: Final = frozenset({"patient_code", "hours", "day"})
_WRITE_TIME: Final = "write it as 2026-01-31 14:05, the clinic's own clock, or as 2026-01-31 where no time is known"


@dataclass(slots=True)
class Identified:
    """One table as exported: texts.

    Attributes
    ----------
    file : what messages call it.
    rows : per row, its number as a spreadsheet counts (the header is 1) and its cells.
    """

    file: str
    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]


@dataclass(slots=True)
class Known:
    """What the crosswalk has of one person: the code, and when the first session was ("" where none is known)."""

    patient_code: str
    first_session: str = ""


@dataclass(slots=True)
class Deidentified:
    """Session records, and what was left out.

    Attributes
    ----------
    tables : header and rows of each.
    numbers : per table, the number in the export of each row.
    left_out : per table, the columns that session records do not have.
    until : the end of observation from which `observed_until_weeks` were worked out; None where they were not.
    """

    tables: dict[str, tuple[list[str], list[list[str]]]] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    until: Moment | None = None


def deidentify(
    tables: Mapping[str, Identified], crosswalk: dict[str, Known], as_of: Moment | None = None
) -> Deidentified:
    """Session records of some identified tables.

    Parameters
    ----------
    tables : by the names of the session records' tables, or the one-sheet form's.
    crosswalk : who is known by their record number; new people are added.
    as_of : until when the records were looked through; None: until the latest entry of anybody in any table. Whole
        weeks from each first session to it become `observed_until_weeks`, unless the export has that column and no
        `as_of` is given.

    Raises
    ------
    RecordsRefused : with every problem found; then `crosswalk` is not to be kept. No message holds a value.
    """
    problems = Problems(table.file for table in tables.values())
    found = {name: _Columns(name, table, problems) for name, table in tables.items()}
    problems.refuse_if_any()
    treated = [columns for name, columns in found.items() if "drug" in known_columns(name)]
    _start_clocks(treated, crosswalk, problems)
    sessions = _sessions(treated, crosswalk)
    until = _observed_until(found.values(), as_of, problems)
    taken = {known.patient_code for known in crosswalk.values()}
    made = Deidentified()
    for name, columns in found.items():
        for number in columns.people():
            if number not in crosswalk:
                crosswalk[number] = Known("")
            if not crosswalk[number].patient_code:
                crosswalk[number].patient_code = _new_code(taken)
        theirs = until if columns.of_people and (as_of or OBSERVED not in columns) else None
        made.until = theirs or made.until
        header, rows = columns.rewritten(crosswalk, sessions, theirs)
        # By code: the order of an export may be that of names or record numbers.
        rows.sort(key=lambda row: row[1][0])
        made.tables[name] = header, [cells for _, cells in rows]
        made.numbers[name] = [number for number, _ in rows]
        made.left_out[name] = columns.left_out
    problems.refuse_if_any()
    return made


class _Columns:
    """Where one table's columns are, and how they are rewritten."""

    def __init__(self, name: str, table: Identified, problems: Problems) -> None:
        self.name, self.table, self._problems = name, table, problems
        self._place: dict[str, int] = {}
        known = set(known_columns(name)) - _REPLACED | {RECORD_NUMBER}
        self.of_people = "age_band" in known
        known |= {BIRTH_DATE} if self.of_people else set()
        self._timed = "hours" in known_columns(name)
        known |= {TIME} if self._timed else set()
        self.left_out: list[str] = []
        for place, column in enumerate(table.header):
            if column in self._place:
                problems.add(table.file, 1, None, f"column number {place + 1} stands twice; keep one of them")
            elif column in known or (self._timed and score_column(column)):
                self._place[column] = place
            elif column:
                self.left_out.append(column)
        for needed in (RECORD_NUMBER, *((TIME,) if self._timed else ())):
            if needed not in self._place:
                problems.add(table.file, 1, needed, "the column is missing; an identified export needs it")

    def __contains__(self, column: str) -> bool:
        return column in self._place

    def cell(self, row: Sequence[str], column: str) -> str:
        """A cell without the space around it; empty where the column is missing."""
        place = self._place.get(column)
        return row[place].strip() if place is not None and place < len(row) else ""

    def people(self) -> Iterable[str]:
        """The record number of each row that has one."""
        return filter(None, (self.cell(row, RECORD_NUMBER) for _, row in self.table.rows))

    def moment(self, number: int, row: Sequence[str], column: str = TIME) -> Moment | None:
        """When a row was; None, noted as a problem, where that cannot be read."""
        text = self.cell(row, column)
        moment = moment_of(text)
        if moment is None:
            reason = f"is no date that can be read; {_WRITE_TIME}" if text else f"is missing; {_WRITE_TIME}"
            self._problems.add(self.table.file, number, column, reason)
        return moment

    def entries(self) -> Iterator[tuple[int, str, Moment]]:
        """Row, column and moment of each entry: of every row, and of each score that follows it on one sheet."""
        following = {column: score_column(column) for column in self._place if self._timed}
        for number, row in self.table.rows:
            moment = moment_of(self.cell(row, TIME))
            if moment is None:
                continue
            yield number, TIME, moment
            for column, score in following.items():
                if score and score[2] and self.cell(row, column):
                    yield number, column, moment.later(score[2] * (_DAY if score[1] == "d" else 1.0))

    def rewritten(
        self, crosswalk: Mapping[str, Known], sessions: Mapping[str, _Sessions], until: Moment | None
    ) -> tuple[list[str], list[tuple[int, list[str]]]]:
        """Header and rows of the session records, each row with its number in the export.

        `sessions`: those of the export with a time, by record number. `until`: the end of observation, if it is to be
        said of each patient in weeks.
        """
        observed = until is not None
        aged = "age" in self._place or BIRTH_DATE in self._place
        replaced = {RECORD_NUMBER, TIME, BIRTH_DATE, *(("age", "age_band") * aged), *((OBSERVED,) * observed)}
        kept = [column for column in self._place if column not in replaced]
        header = [
            "patient_code", *(("hours", "day") * self._timed), *(("age_band",) * aged), *((OBSERVED,) * observed), *kept
        ]  # fmt: skip
        rows = []
        for number, row in self.table.rows:
            person = self.cell(row, RECORD_NUMBER)
            if not person:
                self._problems.add(self.table.file, number, RECORD_NUMBER, "is missing; say whose row this is")
                continue
            start = moment_of(crosswalk[person].first_session)
            cells, others = [crosswalk[person].patient_code], {column: self.cell(row, column) for column in kept}
            if self._timed:
                cells += (clock := self._clock(number, row, start, sessions.get(person, _Sessions())))
                if clock[0] and not _has_time(self.cell(row, TIME)):
                    others.pop("timing", None)  # goes with a day alone
            cells += [self._age_band(number, row, start)] if aged else ()
            cells += [_weeks(start, until)] if observed else ()
            rows.append((number, [*cells, *(others.get(column, "") for column in kept)]))
        return header, rows

    def _clock(self, number: int, row: Sequence[str], start: Moment | None, sessions: _Sessions) -> tuple[str, str]:
        """Hours since the first session, or days where the time of either is not known."""
        moment = self.moment(number, row)
        if moment is None:
            return "", ""
        if start is None:
            reason = "no session says when this patient's clock starts; add the first session to the export"
            self._problems.add(self.table.file, number, TIME, reason)
            return "", ""
        if moment.has_time and start.has_time:
            return _as_text(hours_between(start, moment)), ""
        day = (moment.day - start.day).days
        if start.has_time and self.name == "side_effects":
            found = sessions.of_date(moment.day)
            if len(found) > 1 or (not found and sessions.within(day)):
                what = "two sessions of this patient were on this date; give the time of the one"
                none = "no session of this patient was on this date; correct it, or give the time of the session"
                self._problems.add(self.table.file, number, TIME, what if found else none)
            return (_as_text(found[0]), "") if found else ("", str(day))
        if start.has_time and self.name == "assessments":
            return sessions.place(moment.day, day, after=self.cell(row, "timing") == "after")
        return "", str(day)

    def _age_band(self, number: int, row: Sequence[str], start: Moment | None) -> str:
        """The band that is given; else that of the age given, or of the age at the first session."""
        given, age = self.cell(row, "age_band"), self.cell(row, "age")
        if given or not (age or self.cell(row, BIRTH_DATE)):
            return given
        years = int(age) if age.isascii() and age.isdigit() else None
        if not age:
            born = self.moment(number, row, BIRTH_DATE)
            if born is None or start is None:
                return ""
            years = start.day.year - born.day.year - ((start.day.month, start.day.day) < (born.day.month, born.day.day))
        if years is None or not _YOUNGEST <= years <= _LONGEST_LIFE:
            column = "age" if age else BIRTH_DATE
            self._problems.add(
                self.table.file, number, column, f"gives no age from {_YOUNGEST} to 120 years; correct it"
            )
            return ""
        return age_band(years)


@dataclass(slots=True)
class _Sessions:
    """One person's sessions whose times are known: dates, and hours since the first one's start, ascending."""

    dates: list[date] = field(default_factory=list)
    hours: list[float] = field(default_factory=list)

    def of_date(self, when: date) -> list[float]:
        """Hours of the sessions of a date."""
        return [hours for at, hours in zip(self.dates, self.hours, strict=True) if at == when]

    def within(self, day: int) -> list[float]:
        """Hours of the sessions of a day of the session records."""
        return [hours for hours in self.hours if hours // _DAY == day]

    def place(self, when: date, day: int, *, after: bool) -> tuple[str, str]:
        """Hours or day of a score that has a date alone, on its own side of the sessions.

        Given by day wherever that says the same; elsewhere at the start of the date's first session, which is
        before it, or after its last one as `OutcomeRules.day_only_after_hours` places it.
        """
        theirs = self.of_date(when)
        if not theirs and not after:
            return "", str(day)  # before the next session, should one lie in that day
        anchor = (theirs[-1] if after else theirs[0]) if theirs else day * _DAY
        its_day = int(anchor // _DAY)
        others = self.within(its_day)
        if not others or (theirs and anchor == (others[-1] if after else others[0])):
            return "", str(its_day)
        if not after:
            return _as_text(anchor), ""
        following = min(hours for hours in others if hours > anchor)
        return _as_text(anchor + min(DEFAULT_RULES.day_only_after_hours, (following - anchor) / 2)), ""


def _sessions(treated: Sequence[_Columns], crosswalk: Mapping[str, Known]) -> dict[str, _Sessions]:
    """The sessions of the export with a time, by record number, of people whose first session has one."""
    found: dict[str, set[tuple[datetime, float]]] = {}
    for columns in treated:
        for _, row in columns.table.rows:
            person, moment = columns.cell(row, RECORD_NUMBER), moment_of(columns.cell(row, TIME))
            start = moment_of(crosswalk[person].first_session) if person in crosswalk else None
            if moment and moment.has_time and start and start.has_time:
                found.setdefault(person, set()).add((moment.at, hours_between(start, moment)))
    return {
        person: _Sessions([at.date() for at, _ in sorted(times)], [hours for _, hours in sorted(times)])
        for person, times in found.items()
    }


def _observed_until(tables: Iterable[_Columns], as_of: Moment | None, problems: Problems) -> Moment | None:
    """Until when the records were looked through: `as_of`, after which none may lie, or the latest entry."""
    if as_of is None:
        moments = [moment for columns in tables for *_, moment in columns.entries()]
        return max(moments, key=lambda moment: (moment.day, not moment.has_time, moment.at), default=None)
    for columns in tables:
        for number, column, moment in columns.entries():
            if moment.after(as_of):
                what = "lies after --as-of, until which the records were looked through"
                problems.add(columns.table.file, number, column, f"{what}; give a later date, or leave the row out")
    return as_of


def _weeks(start: Moment | None, until: Moment | None) -> str:
    """Whole weeks from a first session to the end of observation; empty where either is not known."""
    weeks = weeks_between(start, until) if start and until else -1
    return str(weeks) if weeks >= 0 else ""


def _as_text(hours: float) -> str:
    return f"{hours:.4f}".rstrip("0").rstrip(".")


def _has_time(text: str) -> bool:
    moment = moment_of(text)
    return moment is not None and moment.has_time


def age_band(years: int) -> str:
    """The band of an age in whole years, from 18."""
    if years >= _OLDEST:
        return AGE_BANDS[-1]
    return next(band for band in AGE_BANDS[:-1] if int(band.split("-")[0]) <= years <= int(band.split("-")[1]))


def _start_clocks(sessions: Sequence[_Columns], crosswalk: dict[str, Known], problems: Problems) -> None:
    """Note when each person's first session was; one that came earlier than those of earlier exports is refused."""
    firsts: dict[str, tuple[Moment, str]] = {}
    for columns in sessions:
        for number, row in columns.table.rows:
            person, moment = columns.cell(row, RECORD_NUMBER), moment_of(columns.cell(row, TIME))
            if not person or moment is None:  # said when the row is rewritten
                continue
            known = moment_of(crosswalk[person].first_session) if person in crosswalk else None
            if known is not None:
                # Of a day whose time is not known, any time may be.
                dated = not (known.has_time and moment.has_time)
                if moment.day < known.day if dated else moment.at < known.at:
                    problems.add(
                        columns.table.file, number, TIME,
                        "is earlier than the first session of earlier exports, from which the times given out count; "
                        "correct it, or make all records anew with a new crosswalk",
                    )  # fmt: skip
                continue
            text = columns.cell(row, TIME)
            earliest = firsts.get(person)
            if earliest is None or (moment.day, moment.has_time, moment.at) < day_order(earliest[0]):
                firsts[person] = (moment, text)
    for person, (_, text) in firsts.items():
        crosswalk.setdefault(person, Known("")).first_session = text


def _new_code(taken: set[str]) -> str:
    while True:
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
        if code not in taken and identifier_class(code, "patient_code") is None:
            taken.add(code)
            return code
