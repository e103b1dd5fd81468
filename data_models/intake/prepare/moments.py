"""Dates and times of an identified export, as the clock on the wall showed them; only `prepare` knows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?")
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, and the time of the wall clock where it is known (else `at` is the date's beginning)."""

    at: datetime
    has_time: bool

    @property
    def day(self) -> date:
        """The date."""
        return self.at.date()

    def __str__(self) -> str:
        """ISO 8601, as `moment_of` reads it."""
        if not self.has_time:
            return self.day.isoformat()
        whole_minute = self.at.second == self.at.microsecond == 0
        return self.at.isoformat(sep=" ", timespec="minutes" if whole_minute else "auto")

    def after(self, other: Moment) -> bool:
        """Whether it is surely later: of a day whose time is not known, any time may be."""
        return self.at > other.at if self.has_time and other.has_time else self.day > other.day

    def later(self, hours: float) -> Moment:
        """The moment so many hours later, or the last that there is."""
        return Moment(self.at + min(timedelta(hours=hours), datetime.max - self.at), self.has_time)


def moment_of(text: str) -> Moment | None:
    """A date, or a date and time of the wall clock, as ISO 8601 writes them; None for anything else."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return Moment(datetime.fromisoformat(text), len(text) > len("2026-01-31"))
    except ValueError:  # 2026-02-30
        return None


def hours_between(start: Moment, moment: Moment) -> float:
    """Hours as session records have them: of four decimals."""
    return round((moment.at - start.at).total_seconds() / 3600, 4)


def weeks_between(start: Moment, end: Moment) -> int:
    """Whole weeks, rounded down: to the day, two patients' calendars could be laid beside each other.

    Examples
    --------
    >>> start = moment_of("2026-03-02 10:00")
    >>> weeks_between(start, moment_of("2026-03-09 09:59")), weeks_between(start, moment_of("2026-03-09 10:00"))
    (0, 1)
    >>> weeks_between(start, moment_of("2026-03-09"))  # that day to its end
    1
    """
    if start.has_time and end.has_time:
        return (end.at - start.at) // _WEEK
    return (end.day - start.day) // _WEEK


def day_order(moment: Moment) -> tuple[date, bool, datetime]:
    """Within a day a session without a time comes first: it may have been the first."""
    return moment.day, moment.has_time, moment.at
