"""The seam between a clinic's own export and session records: what each format's reader gives, and what it is asked.

A reader (`Source`) knows one format and nothing else: it says where each value stands and hands over tables of text
with record numbers and times as they were written. What follows is the same for all formats and in one place
(`deidentify`): codes, clock, age bands, who is left out and why; then the strict readers of session records judge
every cell. `tests/data_models/intake/prepare/test_source.py` holds a reader of ten lines that proves the seam.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from data_models.intake.readers.problems import Problems

RECORD_NUMBER: Final = "record_number"
TIME: Final = "time"
BIRTH_DATE: Final = "birth_date"
DATE_ORDERS: Final = ("dmy", "mdy")
SHOWN: Final = 20


class Origin(NamedTuple):
    """Where a row stands in the clinic's own files: what messages name.

    `row` as a spreadsheet counts it (the header is 1), or the number of the entry in a file without rows; `column`
    where one cell became the row (a wide sheet's visit), else None.
    """

    file: str
    row: int
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.file} row {self.row}" + (f" ({self.column})" if self.column else "")


@dataclass(slots=True)
class Table:
    """One table of the session records before they lose who is who.

    Attributes
    ----------
    file : what messages about the whole table call it.
    columns : texts of each column, all of one length; empty = not recorded. The names are those of the contract's table
        (or of the one-sheet form) with `record_number` in place of `patient_code`, `time` in place of `hours` and `day`
        (as written: `times` reads it, column by column); `birth_date` may stand in place of the age. Codes are the
        contract's own: a reader translates its format's.
    origins : one a row.
    """

    file: str
    columns: dict[str, list[str]]
    origins: Sequence[Origin]

    def __len__(self) -> int:
        return len(self.origins)


@dataclass(slots=True)
class _Left:
    count: int = 0
    first: list[Origin] = field(default_factory=list)


class LeftOut:
    """What did not come in, counted by reason, the first of each reason named: never silent, never endless."""

    def __init__(self) -> None:
        self._lost: dict[str, _Left] = {}
        self._foreign: dict[str, _Left] = {}

    def add(self, reason: str, origin: Origin | None = None, *, count: int = 1, foreign: bool = False) -> None:
        """Note what is left out.

        Parameters
        ----------
        reason : in words, the same for the same kind ("a person without a session"); holds no value of a cell.
        foreign : belongs to other records than ours (a laboratory value); `--strict` does not mind it.
        """
        left = (self._foreign if foreign else self._lost).setdefault(reason, _Left())
        left.count += count
        if origin is not None and len(left.first) < SHOWN:
            left.first.append(origin)

    def __iter__(self) -> Iterator[tuple[str, int, list[Origin]]]:
        """Reason, count and first origins: what is lost before what is foreign."""
        for left in (self._lost, self._foreign):
            yield from ((reason, one.count, one.first) for reason, one in left.items())

    def of_records(self) -> Iterator[tuple[str, int, list[Origin]]]:
        """The same of what might have been session records."""
        return ((reason, one.count, one.first) for reason, one in self._lost.items())

    @property
    def lost(self) -> int:
        """How much that might have been session records is left out."""
        return sum(left.count for left in self._lost.values())


@dataclass(slots=True)
class Export:
    """What a reader made of a clinic's export.

    Attributes
    ----------
    tables : by the names of the session records' tables; or one, of the one-sheet form's name.
    columns_left_out : per file, the columns that nothing was made of.
    notes : one sentence each, of what was chosen where the export can be read in two ways.
    days_alone : its times are days since each patient's own first session (`date_of_day`), so that no calendar says
        until when everybody was observed.
    """

    tables: dict[str, Table]
    left_out: LeftOut = field(default_factory=LeftOut)
    columns_left_out: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    days_alone: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person said of an export that its files do not say.

    Attributes
    ----------
    zone : the clinic's time zone, for times with Z or an offset.
    dates : `dmy` or `mdy`, for dates with the year last; None: found where only one fits a column.
    map : the tables of MAP.toml, which the reader checks; without its general keys (`map_file`).
    same_as : the known record number of each new one that is the same person's.
    map_file : what messages call it.
    """

    zone: ZoneInfo | None = None
    dates: str | None = None
    map: Mapping[str, Any] = field(default_factory=dict)
    same_as: Mapping[str, str] = field(default_factory=dict)
    map_file: str = "MAP.toml"


@dataclass(frozen=True, slots=True)
class SuggestedColumn:
    """One line of a proposed map, for a person to correct.

    Attributes
    ----------
    file, column : where it stands in the export.
    examples : a few of its values, as written; shown to the person at the export, stored nowhere.
    becomes : what the map makes of it, in the words of MAP.toml; "" where it is left out.
    why : what this rests on ("its name", "its values lie in the range of the PHQ-9").
    """

    file: str
    column: str
    examples: tuple[str, ...]
    becomes: str
    why: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed map: its text as MAP.toml, the same by column, and what only a person can know."""

    toml: str
    columns: tuple[SuggestedColumn, ...] = ()
    questions: tuple[str, ...] = ()


class Source(Protocol):
    """A format of clinics' exports: one row of `sources.SOURCES`.

    Attributes
    ----------
    key : what `format` in MAP.toml says.
    name : what messages call it ("a FHIR R4 export").
    """

    key: str
    name: str

    def recognises(self, path: Path) -> bool:
        """Whether a path surely holds this format, by its first bytes or names; quick, and raises nothing."""
        ...

    def read(self, path: Path, choices: Choices, problems: Problems) -> Export:
        """The tables of an export.

        Raises
        ------
        CannotRead : there is nothing of this format, or MAP.toml cannot be used: says what, where, what to do. What is
            wrong with single cells is noted in `problems` (file, row, column, reason, never the value).
        """
        ...

    def suggest(self, path: Path, choices: Choices) -> Suggestion:
        """A map for a person to correct, from headers, values and the ranges of scales. Raises CannotRead."""
        ...


# Formats whose times are days since a first session have no dates: they are placed on a calendar of their own.
_DAY_ZERO: Final = datetime(2000, 1, 1)


def date_of_day(day: int) -> str:
    """The date that stands for a relative day, as `time` of an export none of whose times is a date.

    Examples
    --------
    >>> date_of_day(0), date_of_day(-1)
    ('2000-01-01', '1999-12-31')
    """
    return (_DAY_ZERO + timedelta(days=day)).date().isoformat()


def time_of_hours(hours: float) -> str:
    """The same for hours since a first session.

    Examples
    --------
    >>> time_of_hours(26.5)
    '2000-01-02 02:30:00'
    """
    return (_DAY_ZERO + timedelta(hours=hours)).isoformat(sep=" ", timespec="seconds")
