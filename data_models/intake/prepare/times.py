"""Dates and times as systems write them, read column by column; what can be read in two ways is asked, not guessed.

Read are ISO 8601 (with fractions of a second, Z or an offset, which need the clinic's time zone), dates with the year
last (31.01.2026, 1/31/2026: which of the two numbers is the day follows from the column where only one reading fits
it, else it is asked), months in letters (31 Jan 2026, 31JAN2026:14:05), AM / PM, and whole columns of spreadsheet
serial numbers. A time of day alone is refused: it says no day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from data_models.intake.prepare.moments import Moment

_CLOCK: Final = (
    r"(?:[T ,]\s*|:)(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?)?"
)
_AFTER: Final = r"(?:\s*(?P<half>[AaPp])\.?\s?[Mm]\.?)?(?:\s*(?P<offset>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
_WHEN: Final = rf"(?:{_CLOCK}{_AFTER})?"
_YEAR_FIRST: Final = re.compile(r"(?P<year>\d{4})(?P<sep>[-/.]?)(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})" + _WHEN)
_YEAR_LAST: Final = re.compile(
    r"(?P<one>\d{1,2})(?P<sep>[-/.]) ?(?P<two>\d{1,2})(?P=sep) ?(?P<year>\d{4}|\d{2})" + _WHEN
)
_DAY_MONTH: Final = re.compile(
    r"(?:[A-Za-z]{2,9},? )?(?P<day>\d{1,2})(?:st|nd|rd|th)?[-. ]*(?P<name>[A-Za-zä]{3,9})[-.,/ ]*(?P<year>\d{4})"
    + _WHEN
)
_MONTH_DAY: Final = re.compile(
    r"(?:[A-Za-z]{2,9},? )?(?P<name>[A-Za-zä]{3,9})[. ]*(?P<day>\d{1,2})(?:st|nd|rd|th)?,? +(?P<year>\d{4})" + _WHEN
)
_TIME_ALONE: Final = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[AaPp]\.?\s?[Mm]\.?)?")
_SERIAL: Final = re.compile(r"\d{5}(?:[.,]\d+)?")
# Spreadsheets count days from here; the first serial of our range is 1927, the last 2064 (birth dates and sessions).
_SERIAL_ZERO: Final = datetime(1899, 12, 30)
_SERIALS: Final = (10_000, 60_000)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar", "feb february februar", "mar march mär märz mrz maerz", "apr april",
            "may mai", "jun june juni", "jul july juli", "aug august", "sep sept september",
            "oct october okt oktober", "nov november", "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_WRITE: Final = "write it as 2026-01-31 14:05, the clinic's own clock, or as 2026-01-31 where no time is known"
_FAST: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a cell is no moment, and what to do; never repeats the cell."""

    reason: str


_NO_DATE: Final = Unread(f"is no date that can be read; {_WRITE}")
_NO_DAY: Final = Unread(f"is a time of day without a date; {_WRITE}")
_NO_ZONE: Final = Unread("is written with Z or an offset from UTC; say the clinic's time zone, as --zone Europe/Berlin")
_TWO_WAYS: Final = Unread(
    "can be read as day and month or as month and day, and so can the whole column; say which: --dates dmy or mdy"
)
_BOTH: Final = Unread("stands in a column of which some dates have the day first and others the month; make them alike")
_SHORT_YEAR: Final = Unread("has a year of two digits, which says no century; write all four")


def read_times(
    texts: Sequence[str], zone: ZoneInfo | None = None, dates: str | None = None, *, born: bool = False
) -> list[Moment | Unread | None]:
    """The moments of one column by the clinic's own clock; None where a cell is empty.

    Parameters
    ----------
    texts : the cells of the column, without the space around them.
    zone : the clinic's, for times with Z or an offset. Times without either are the wall clock's already.
    dates : `dmy` or `mdy` for dates with the year last; None: the one reading that fits all of the column.
    born : birth dates: a year of two digits is refused (else it is one of 2000 to 2099).

    Examples
    --------
    >>> [moment.at.isoformat() for moment in read_times(["31/01/2026", "01/02/2026 2:05 PM"])]
    ['2026-01-31T00:00:00', '2026-02-01T14:05:00']
    >>> read_times(["01/02/2026"])[0].reason.split(";")[-1]
    ' say which: --dates dmy or mdy'
    >>> read_times(["2026-01-31T14:05:00Z"], ZoneInfo("Europe/Berlin"))[0].at.hour
    15
    """
    if not all(map(_FAST.fullmatch, filter(None, texts))):
        return _read_slowly(texts, zone, dates, born)
    return [_plain(text) if text else None for text in texts]


def _plain(text: str) -> Moment | Unread:
    try:
        return Moment(datetime.fromisoformat(text), len(text) > len("2026-01-31"))
    except ValueError:  # 2026-02-30
        return _NO_DATE


def _read_slowly(
    texts: Sequence[str], zone: ZoneInfo | None, dates: str | None, born: bool
) -> list[Moment | Unread | None]:
    given = [text for text in texts if text]
    if all(_is_serial(text) for text in given):
        return [_of_serial(text) if text else None for text in texts]
    order = dates or _order(given)
    return [_moment(text, order, zone, born) if text else None for text in texts]


def _is_serial(text: str) -> bool:
    return bool(_SERIAL.fullmatch(text)) and _SERIALS[0] <= int(text[:5]) <= _SERIALS[1]


def _of_serial(text: str) -> Moment:
    days = float(text.replace(",", "."))
    # A serial's fraction is a binary one: 10:00 may come as 9:59:59.9999.
    at = _SERIAL_ZERO + timedelta(seconds=round(days * 86_400))
    return Moment(at, days % 1 > 0)


def _order(texts: Iterable[str]) -> str | Unread:
    """`dmy` or `mdy`, whichever alone fits a column's dates with the year last; why not, where neither or both do."""
    numbers = {(int(found["one"]), int(found["two"])) for text in texts if (found := _YEAR_LAST.fullmatch(text))}
    day_first = all(two <= 12 for _, two in numbers)
    month_first = all(one <= 12 for one, _ in numbers)
    if day_first and month_first:
        return _TWO_WAYS if numbers else "dmy"
    if not (day_first or month_first):
        return _BOTH
    return "dmy" if day_first else "mdy"


def _moment(text: str, order: str | Unread, zone: ZoneInfo | None, born: bool) -> Moment | Unread:
    if found := _YEAR_FIRST.fullmatch(text):
        if not found["sep"] and len(found["month"]) + len(found["day"]) < 4:
            return _NO_DATE  # 2026131
        year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    elif found := _YEAR_LAST.fullmatch(text):
        if isinstance(order, Unread):
            return order
        one, two = int(found["one"]), int(found["two"])
        day, month = (one, two) if order == "dmy" else (two, one)
        year = int(found["year"])
        if len(found["year"]) == 2:
            if born:
                return _SHORT_YEAR
            year += 2000
    elif (found := _DAY_MONTH.fullmatch(text) or _MONTH_DAY.fullmatch(text)) and found["name"].lower() in _MONTHS:
        year, month, day = int(found["year"]), _MONTHS[found["name"].lower()], int(found["day"])
    else:
        return _NO_DAY if _TIME_ALONE.fullmatch(text) else _NO_DATE
    return _at(year, month, day, found, zone)


def _at(year: int, month: int, day: int, found: re.Match[str], zone: ZoneInfo | None) -> Moment | Unread:
    hour, half = found["hour"], found["half"]
    if hour is not None and found["minute"] is None and not half:
        return _NO_DATE  # 2026-01-31 14
    if half and not 1 <= int(hour) <= 12:
        return _NO_DATE
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half in "Pp" else 0)
    micro = int((found["part"] or "0")[:6].ljust(6, "0"))
    try:
        at = datetime(year, month, day, hours, int(found["minute"] or 0), int(found["second"] or 0), micro)
        if found["offset"]:
            if zone is None:
                return _NO_ZONE
            at = (at - _offset(found["offset"])).replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return _NO_DATE
    return Moment(at, hour is not None)


def _offset(text: str) -> timedelta:
    if text[0] not in "+-":
        return timedelta(0)
    digits = text[1:].replace(":", "").ljust(4, "0")
    return (1 if text[0] == "+" else -1) * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
