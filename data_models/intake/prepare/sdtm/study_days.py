"""When a record of SDTM was: dates (--DTC) where all sessions and scores have them, study days (--DY) else, never both.

A study day has no 0: day 1 is the day of the reference start, day -1 the one before it (SDTMIG 4.4.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from data_models.intake.prepare.moments import Moment, moment_of
from data_models.intake.prepare.sdtm.datasets import Record
from data_models.intake.prepare.source import Choices, date_of_day
from data_models.intake.prepare.times import Unread, read_times
from data_models.intake.readers.problems import Problems

_HOUR_ALONE = re.compile(r"(\d{4}-\d{2}-\d{2})T(?:\d{2}|-.*)")
_PARTIAL = re.compile(r"\d{4}(?:-(?:\d{2}|-))?(?:-(?:\d{2}|-))?(?:T.*)?|-.*")
_DAY = re.compile(r"[+-]?\d{1,5}(?:\.0*)?")
_NO_DAY_0 = "is 0, and study days have no 0: day 1 is the first, day -1 the one before it; correct it"


class StudyClock:
    """Reads the times of a study's records.

    Parameters
    ----------
    timed : of each record that must have a time, the variables of its date and of its day.
    """

    def __init__(self, choices: Choices, problems: Problems, timed: Iterable[tuple[str, str, Record]]) -> None:
        self._choices, self._problems = choices, problems
        self._known: dict[str, Moment | str] = {}
        needed = list(timed)
        self.notes: list[str] = []
        whole = all(self._read(record[date]) for date, _, record in needed)
        dayed = all(record[day] for _, day, record in needed)
        self.days_alone = bool(needed) and not whole and dayed
        if self.days_alone:
            self.notes.append("not all dates are whole: times are study days (--DY), and the dates are not used")

    def moment(self, record: Record, date: str, day: str, *, needed: bool = True) -> Moment | None:
        """A record's moment; None where it has none, noted as a problem if one is needed."""
        text = record[day if self.days_alone else date]
        found = self._of_day(text) if self.days_alone else self._of_date(text)
        if isinstance(found, Moment):
            return found
        if needed:
            self._problems.add(record.file, record.number, day if self.days_alone else date, found)
        return None

    def reference_start(self, record: Record) -> Moment | None:
        """Day 1: RFSTDTC, or what a record's date and study day say of it; None, and noted, where neither does."""
        if self.days_alone:
            return moment_of(date_of_day(0))
        start, domain = self._read(record["RFSTDTC"]), record["DOMAIN"]
        if start is not None:
            return start
        found, day = self._read(record[f"{domain}DTC"]), record[f"{domain}DY"]
        if found is None or not _DAY.fullmatch(day) or float(day) == 0:
            reason = "is missing; the session of the reference start needs it, or a result with its date and study day"
            self._problems.add(record.file, record.number, "RFSTDTC", reason)
            return None
        days = int(float(day)) - (float(day) > 0)
        return Moment(datetime.combine(found.day - timedelta(days=days), time()), has_time=False)

    def end(self, record: Record, date: str) -> Moment | None:
        """The end of a record, where its date is whole and dates are used."""
        return None if self.days_alone else self._read(record[date])

    def _read(self, text: str) -> Moment | None:
        found = self._of_date(text)
        return found if isinstance(found, Moment) else None

    def _of_date(self, text: str) -> Moment | str:
        if text not in self._known:  # all items of one scale have one
            self._known[text] = self._date(text)
        return self._known[text]

    def _date(self, text: str) -> Moment | str:
        """The moment of a date of ISO 8601, or why it is none."""
        if not text:
            return "is missing; give the date, or the study day of every session and score"
        hour_alone = _HOUR_ALONE.fullmatch(text)
        (found,) = read_times([hour_alone[1] if hour_alone else text], self._choices.zone, self._choices.dates)
        if isinstance(found, Moment):
            return found
        if isinstance(found, Unread) and not _PARTIAL.fullmatch(text):
            return found.reason
        return "is a partial date: its day is not known; complete it, or give the study day of every session and score"

    def _of_day(self, text: str) -> Moment | str:
        if not _DAY.fullmatch(text):
            return "is no study day; write a whole number"
        day = int(float(text))
        if day == 0:
            return _NO_DAY_0
        return moment_of(date_of_day(day - 1 if day > 0 else day)) or "is no study day"
