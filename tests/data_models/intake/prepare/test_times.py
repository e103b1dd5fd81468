"""Times as systems write them: read where one reading fits, asked where two do, refused with their cause."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_models.intake.prepare.moments import Moment
from data_models.intake.prepare.times import Unread, read_times

BERLIN, LOS_ANGELES = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Los_Angeles")


def one(text: str, zone: ZoneInfo | None = None, dates: str | None = None, *, born: bool = False) -> str:
    """A cell's moment as ISO text, or why it is none."""
    (read,) = read_times([text], zone, dates, born=born)
    if isinstance(read, Unread):
        return read.reason
    assert isinstance(read, Moment)
    return read.at.isoformat() if read.has_time else read.day.isoformat()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31 14:05", "2026-01-31T14:05:00"),
        ("2026-01-31T14:05:09.718", "2026-01-31T14:05:09.718000"),
        ("2026-01-31T14:05:09,7", "2026-01-31T14:05:09.700000"),
        ("2026/1/31 9:05", "2026-01-31T09:05:00"),
        ("20260131", "2026-01-31"),
        ("20260131T14:05", "2026-01-31T14:05:00"),
        ("31.01.2026", "2026-01-31"),
        ("31. 1. 2026 14:05", "2026-01-31T14:05:00"),
        ("31.01.26", "2026-01-31"),
        ("1/31/2026 2:05 PM", "2026-01-31T14:05:00"),
        ("1/31/2026, 12:05 am", "2026-01-31T00:05:00"),
        ("1/31/2026 2 p.m.", "2026-01-31T14:00:00"),
        ("31 Jan 2026", "2026-01-31"),
        ("31JAN2026", "2026-01-31"),
        ("31JAN2026:14:05:00", "2026-01-31T14:05:00"),
        ("31. März 2026", "2026-03-31"),
        ("Jan 31, 2026 14:05", "2026-01-31T14:05:00"),
        ("Saturday, January 31st, 2026", "2026-01-31"),
        ("46053", "2026-01-31"),
        ("46053.5868055556", "2026-01-31T14:05:00"),
    ],
)
def test_forms_of_one_reading(text: str, expected: str) -> None:
    assert one(text) == expected


@pytest.mark.parametrize(
    "text, zone, expected",
    [
        ("2026-01-31T14:05:00Z", BERLIN, "2026-01-31T15:05:00"),
        ("2026-07-31T23:30:00.5Z", BERLIN, "2026-08-01T01:30:00.500000"),
        ("2026-01-31T14:05:00-08:00", LOS_ANGELES, "2026-01-31T14:05:00"),
        ("2026-01-31T14:05:00+0530", BERLIN, "2026-01-31T09:35:00"),
        ("2026-01-31 14:05 UTC", BERLIN, "2026-01-31T15:05:00"),
    ],
)
def test_offsets_are_turned_to_the_clinics_clock(text: str, zone: ZoneInfo, expected: str) -> None:
    assert one(text, zone) == expected
    assert "--zone" in one(text)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "31.13.2026", "soon", "2026-01-31 14", "13:05 PM", "14 PM 2026", "2026", "2026131"]
)
def test_what_is_no_date_is_said_without_repeating_it(text: str) -> None:
    reason = one(text)
    assert "write it as" in reason or "make them alike" in reason
    assert text not in reason.replace("2026-01-31 14:05", "").replace("2026-01-31", "")


@pytest.mark.parametrize("text", ["14:05", "2:05 PM", "14:05:09.7"])
def test_a_time_of_day_alone_is_said_to_have_no_date(text: str) -> None:
    assert one(text).startswith("is a time of day without a date")


def test_day_or_month_first_follows_from_the_column_or_is_asked() -> None:
    both_fit = ["05.01.2026", "06.02.2026"]
    assert all(isinstance(read, Unread) and "--dates" in read.reason for read in read_times(both_fit))
    assert [read.day.isoformat() for read in read_times([*both_fit, "", "25.01.2026"]) if isinstance(read, Moment)] == [
        "2026-01-05", "2026-02-06", "2026-01-25",
    ]  # fmt: skip
    assert one("05.01.2026", dates="mdy") == "2026-05-01"
    mixed = read_times(["25.01.2026", "01.25.2026"])
    assert all(isinstance(read, Unread) and "others the month" in read.reason for read in mixed)


def test_a_birth_year_of_two_digits_says_no_century() -> None:
    assert "century" in one("31.01.26", born=True)


def test_serial_numbers_are_dates_only_where_the_whole_column_is_of_them() -> None:
    first, second = read_times(["46053", "2026-02-01"])
    assert isinstance(first, Unread)
    assert isinstance(second, Moment)


_MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31)).map(lambda at: at.replace(microsecond=0))


@given(_MOMENTS, st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y%m%dT%H:%M:%S", "%d %b %Y %H:%M:%S", "%d%b%Y:%H:%M:%S",
                                  "%B %d, %Y %I:%M:%S %p", "%Y/%m/%d %I:%M:%S %p"]))  # fmt: skip
def test_what_is_written_is_read(at: datetime, form: str) -> None:
    assert one(at.strftime(form)) == at.isoformat()


@given(_MOMENTS, st.sampled_from(["/", ".", "-"]))
def test_a_declared_order_is_kept(at: datetime, sep: str) -> None:
    assert one(at.strftime(f"%d{sep}%m{sep}%Y %H:%M:%S"), dates="dmy") == at.isoformat()
    assert one(at.strftime(f"%m{sep}%d{sep}%Y %H:%M:%S"), dates="mdy") == at.isoformat()
