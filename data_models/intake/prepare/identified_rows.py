"""One table of an export while it loses who is who: which of its rows come in, and how each is rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from data_models.definitions.vocabulary import AGE_BANDS
from data_models.intake.contract import EARLIEST_DAY
from data_models.intake.prepare.moments import Moment, hours_between, weeks_between
from data_models.intake.prepare.people import Known
from data_models.intake.prepare.placing import SessionsOfOne, hours_text
from data_models.intake.prepare.source import BIRTH_DATE, RECORD_NUMBER, TIME, Choices, LeftOut, Origin, Table
from data_models.intake.prepare.times import Unread, read_times
from data_models.intake.readers.header import known_columns, score_column
from data_models.intake.readers.problems import Problems

OBSERVED: Final = "observed_until_weeks"
_OLDEST: Final = 90  # ages above 89 are one band (45 CFR 164.514(b)(2)(i)(C))
_YOUNGEST, _LONGEST_LIFE = 18, 120
_DAY: Final = 24.0
_REPLACED: Final = frozenset({"patient_code", "hours", "day"})
_ONE_OF: Final = {
    "patients": "a person", "sessions": "a session", "assessments": "a score", "side_effects": "a side effect",
}  # fmt: skip


class Rows:
    """One table's known columns, its moments, and which of its rows come in (`at`)."""

    def __init__(
        self, name: str, table: Table, left_out: LeftOut, columns_left_out: dict[str, list[str]], problems: Problems
    ) -> None:
        self.name, self.table, self._problems, self._left_out = name, table, problems, left_out
        known = set(known_columns(name)) - _REPLACED | {RECORD_NUMBER}
        self.of_people = "age_band" in known
        self.of_sessions = "drug" in known
        self.timed = "hours" in known_columns(name)
        known |= {BIRTH_DATE} if self.of_people else set()
        known |= {TIME} if self.timed else set()
        self.columns: dict[str, list[str]] = {}
        for column, texts in table.columns.items():
            if column in known or (self.timed and score_column(column)):
                self.columns[column] = [text.strip() for text in texts]
            elif column:
                columns_left_out.setdefault(table.file, []).append(column)
        for needed in (RECORD_NUMBER, *((TIME,) if self.timed else ())):
            if needed not in self.columns:
                problems.add(table.file, 1, needed, "the column is missing; an identified export needs it")
        self.people = self.columns.get(RECORD_NUMBER, [])
        self.moments: list[Moment | Unread | None] = []
        self.born: list[Moment | Unread | None] = []
        self.at = list(range(len(table)))

    def problem(self, at: int, column: str, reason: str) -> None:
        """Note what is wrong with a row, by its place in the export."""
        origin = self.table.origins[at]
        self._problems.add(origin.file, origin.row, origin.column or column, reason)

    def read_times(self, choices: Choices) -> None:
        """Read the moments of all rows, and note those that cannot be read; rows that hold nothing come in no more."""
        if self.timed:
            self._drop_empty()
            self.moments = read_times(self.columns[TIME], choices.zone, choices.dates)
            for at in self.at:
                self._note_unread(at, TIME, self.moments[at])
        if BIRTH_DATE in self.columns:
            self.born = read_times(self.columns[BIRTH_DATE], choices.zone, choices.dates, born=True)
        for at in self.at:
            if not self.people[at]:
                self.problem(at, RECORD_NUMBER, "is missing; say whose row this is")

    def _note_unread(self, at: int, column: str, moment: Moment | Unread | None) -> None:
        if moment is None:
            self.problem(at, column, "is missing; write when this was, as 2026-01-31 14:05 or as 2026-01-31")
        elif isinstance(moment, Unread):
            self.problem(at, column, moment.reason)

    def _drop_empty(self) -> None:
        """A row of a scale without time and score, or of nothing but its record number, is no record."""
        telling = {TIME, "score", "item9"} if self.name == "assessments" else set(self.columns) - {RECORD_NUMBER}
        columns = [self.columns[column] for column in telling if column in self.columns]
        empty = [not any(cells) for cells in zip(*columns, strict=True)]
        self._drop(empty, "an empty row (no time and no value)")

    def _drop(self, gone: list[bool], reason: str) -> None:
        """Leave rows out: `gone` is one for each row of the table."""
        for at in self.at:
            if gone[at]:
                self._left_out.add(reason, self.table.origins[at])
        self.at = [at for at in self.at if not gone[at]]

    def leave_out(self, starts: Mapping[str, Moment]) -> None:
        """Leave out the rows of people who were never treated, and scores too old to say anything of a course."""
        what = _ONE_OF.get(self.name, "a row")
        untreated = "a person without a session" if what == "a person" else f"{what} of a person without a session"
        self._drop([person not in starts for person in self.people], untreated)
        if self.name == "assessments":
            self._drop(
                [self._is_old(at, starts.get(person)) for at, person in enumerate(self.people)],
                f"a score more than {-EARLIEST_DAY} days before the first session",
            )

    def _is_old(self, at: int, start: Moment | None) -> bool:
        moment = self.moments[at]
        if not isinstance(moment, Moment) or start is None:
            return False
        if moment.has_time and start.has_time:
            return hours_between(start, moment) < EARLIEST_DAY * _DAY
        return (moment.day - start.day).days < EARLIEST_DAY

    def dated(self) -> Iterator[tuple[int, str, Moment]]:
        """Row, person and moment of each row that has both."""
        for at in self.at if self.timed else ():
            person, moment = self.people[at], self.moments[at]
            if person and isinstance(moment, Moment):
                yield at, person, moment

    def entries(self) -> Iterator[tuple[int, str, Moment]]:
        """Row, column and moment of each entry: of every row, and of each score that follows it on one sheet."""
        following = [(column, score) for column in self.columns if (score := score_column(column)) and score[2]]
        for at, _, moment in self.dated():
            yield at, TIME, moment
            for column, (_, unit, number) in following:
                if self.columns[column][at]:
                    yield at, column, moment.later(number * (_DAY if unit == "d" else 1.0))

    def rewritten(
        self,
        crosswalk: Mapping[str, Known],
        starts: Mapping[str, Moment],
        sessions: Mapping[str, SessionsOfOne],
        until: Moment | None,
    ) -> tuple[dict[str, list[str]], list[Origin]]:
        """The columns of the session records, ordered by code, and where each row stands in the export.

        `sessions`: those with a time, by record number. `until`: the end of observation, if it is to be said of each
        patient in weeks.
        """
        codes = {person: crosswalk[person].patient_code for person in {self.people[at] for at in self.at}}
        order = sorted(self.at, key=lambda at: codes[self.people[at]])
        made = {"patient_code": [codes[self.people[at]] for at in order]}
        kept = {column: texts for column, texts in self.columns.items() if column not in (RECORD_NUMBER, TIME)}
        if self.timed:
            clock = [self._clock(at, starts[self.people[at]], sessions) for at in order]
            made |= {"hours": [hours for hours, _ in clock], "day": [day for _, day in clock]}
            if "timing" in kept:  # goes with a day alone
                placed = {
                    at for at, hours in zip(order, made["hours"], strict=True) if hours and not self._when(at).has_time
                }
                kept["timing"] = ["" if at in placed else text for at, text in enumerate(kept["timing"])]
        if {"age", "age_band", BIRTH_DATE} & set(kept) and self.of_people:
            made["age_band"] = [self._age_band(at, starts[self.people[at]]) for at in order]
            kept = {column: texts for column, texts in kept.items() if column not in ("age", "age_band", BIRTH_DATE)}
        if until is not None:
            made[OBSERVED] = [weeks_text(starts[self.people[at]], until) for at in order]
            kept.pop(OBSERVED, None)
        made |= {column: [texts[at] for at in order] for column, texts in kept.items()}
        return made, [self.table.origins[at] for at in order]

    def _when(self, at: int) -> Moment:
        """The moment of a row that comes in: one that could not be read was refused."""
        moment = self.moments[at]
        assert isinstance(moment, Moment)
        return moment

    def _clock(self, at: int, start: Moment, sessions: Mapping[str, SessionsOfOne]) -> tuple[str, str]:
        """Hours since the first session, or days where the time of either is not known."""
        moment = self._when(at)
        if moment.has_time and start.has_time:
            return hours_text(hours_between(start, moment)), ""
        day = (moment.day - start.day).days
        if start.has_time and self.name in ("side_effects", "assessments"):
            theirs = sessions.get(self.people[at], SessionsOfOne())
            if self.name == "assessments":
                timing = self.columns.get("timing")
                return theirs.place(moment.day, day, after=timing is not None and timing[at] == "after")
            found = theirs.of_date(moment.day)
            if len(found) > 1 or (not found and theirs.within(day)):
                what = "two sessions of this patient were on this date; give the time of the one"
                none = "no session of this patient was on this date; correct it, or give the time of the session"
                self.problem(at, TIME, what if found else none)
            return (hours_text(found[0]), "") if found else ("", str(day))
        return "", str(day)

    def _age_band(self, at: int, start: Moment) -> str:
        """The band that is given; else that of the age given, or of the age at the first session."""
        given, age, born = (
            self.columns[column][at] if column in self.columns else "" for column in ("age_band", "age", BIRTH_DATE)
        )
        if given or not (age or born):
            return given
        years = int(age) if age.isascii() and age.isdigit() else None
        if not age:
            birth = self.born[at]
            if not isinstance(birth, Moment):
                self._note_unread(at, BIRTH_DATE, birth)
                return ""
            years = start.day.year - birth.day.year
            years -= (start.day.month, start.day.day) < (birth.day.month, birth.day.day)
        if years is None or not _YOUNGEST <= years <= _LONGEST_LIFE:
            self.problem(
                at, "age" if age else BIRTH_DATE, f"gives no age from {_YOUNGEST} to {_LONGEST_LIFE} years; correct it"
            )
            return ""
        return age_band(years)


def age_band(years: int) -> str:
    """The band of an age in whole years, from 18."""
    if years >= _OLDEST:
        return AGE_BANDS[-1]
    return next(band for band in AGE_BANDS[:-1] if int(band.split("-")[0]) <= years <= int(band.split("-")[1]))


def weeks_text(start: Moment, until: Moment) -> str:
    """Whole weeks from a first session to the end of observation; empty where it lies before."""
    weeks = weeks_between(start, until)
    return str(weeks) if weeks >= 0 else ""
