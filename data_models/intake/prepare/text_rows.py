"""Rows of a delimited text file as other systems write it: separator and encoding told from its own bytes."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from data_models.intake.contract import CannotRead

_SEPARATORS: Final = ("\t", ";", "|", ",")  # of equals the first: text has commas far more often
_LOOKED_AT: Final = 50  # rows from which the separator is told
_LONGEST_LINE: Final = 2**20
_SLICE: Final = 2**24
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WINDOWS: Final = "cp1252"


@dataclass(frozen=True, slots=True)
class Delimiting:
    """How a file is to be read.

    Attributes
    ----------
    first : number of its first row: 2 below a line that names the separator (`sep=;`), else 1.
    """

    encoding: str
    separator: str
    first: int = 1


def delimiting(path: Path) -> Delimiting:
    """How a file is delimited. Raises CannotRead: it cannot be opened, or is no text."""
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, newline="") as stream:
            line = stream.readline(_LONGEST_LINE)
            if "\0" in line:
                raise UnicodeError
            if line[:4].lower() == "sep=":  # how a spreadsheet is told the separator
                named = line[4:].rstrip("\r\n")
                if len(named) != 1:
                    raise CannotRead(f"{path.name}, row 1: sep= names no separator; write one character behind it")
                return Delimiting(encoding, named, 2)
            lines = [line, *islice(iter(lambda: stream.readline(_LONGEST_LINE), ""), _LOOKED_AT)]
            return Delimiting(encoding, _separator(lines))
    except OSError as error:
        raise _cannot_open(path, error) from None
    except UnicodeError:
        raise _no_text(path) from None


def all_rows(path: Path, how: Delimiting) -> Iterator[tuple[int, list[str]]]:
    """Every row, each with its number as a spreadsheet counts; raises as `text_rows` does."""
    number = how.first - 1
    try:
        with path.open(encoding=how.encoding, newline="") as stream:
            if how.first > 1:
                stream.readline(_LONGEST_LINE)
            for number, cells in enumerate(csv.reader(stream, delimiter=how.separator, strict=True), start=how.first):
                yield number, cells
    except OSError as error:
        raise _cannot_open(path, error) from None
    except UnicodeError:
        raise _no_text(path) from None
    except csv.Error:
        where = f"{path.name}, about row {number + 1}"
        raise CannotRead(f"{where}: a quotation mark is not closed; correct it, or export the file anew") from None


def text_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows with anything in them, each with its number as a spreadsheet counts (the first is 1).

    Raises
    ------
    CannotRead : the file cannot be opened, is no text, or has a quotation mark that is not closed.
    """
    for number, cells in all_rows(path, delimiting(path)):
        if any(cell.strip() for cell in cells):
            yield number, cells


def header_of(path: Path) -> Sequence[str]:
    """The first row's cells without the space around them; none where the file cannot be read as text."""
    try:
        return [cell.strip() for cell in next(text_rows(path), (1, []))[1]]
    except CannotRead:
        return []


def uneven(cells: Sequence[str], width: int) -> str | None:
    """What is wrong with a row that has not as many fields as the header; None where it has.

    Examples
    --------
    >>> uneven(["1", "2"], 3), uneven(["1", "2", ""], 2)
    ('the row is cut short: 2 fields where the header has 3; correct the row', None)
    """
    if len(cells) >= width and not any(cells[width:]):
        return None
    what = "is cut short" if len(cells) < width else "has too many fields"
    return f"the row {what}: {len(cells):,} fields where the header has {width:,}; correct the row"


def _encoding(path: Path) -> str:
    """By its mark, else UTF-8 where all of it is that, else UTF-16 where every second byte is zero, else Windows's."""
    decoder, is_utf8 = codecs.getincrementaldecoder("utf-8")(), True
    with path.open("rb") as stream:
        start = stream.read(_SLICE)
        for mark, encoding in _MARKS:
            if start.startswith(mark):
                return encoding
        if b"\0" in start[:1000]:
            return "utf-16-be" if start[:1000:2].count(0) > start[1:1000:2].count(0) else "utf-16-le"
        part = start
        while part:
            if b"\0" in part:
                raise UnicodeError
            if is_utf8:
                try:
                    decoder.decode(part)
                except UnicodeDecodeError:
                    is_utf8 = False
            part = stream.read(_SLICE)
    return "utf-8" if is_utf8 and not decoder.getstate()[0] else WINDOWS


def _separator(lines: Sequence[str]) -> str:
    """The separator by which most of the first rows have the same number of fields, two or more; else the comma."""

    def fit(separator: str) -> int:
        try:
            rows = list(csv.reader(lines, delimiter=separator, strict=True))
        except csv.Error:  # of a cell with line breaks that is cut off
            rows = list(csv.reader(lines, delimiter=separator))
        counts = Counter(len(row) for row in rows if row)
        counts.pop(1, None)
        return max(counts.values(), default=0)

    best = max(_SEPARATORS, key=fit)
    return best if fit(best) else ","


def _cannot_open(path: Path, error: OSError) -> CannotRead:
    return CannotRead(f"{path.name} cannot be opened ({error.strerror or 'input error'}); check the path")


def _no_text(path: Path) -> CannotRead:
    return CannotRead(f"{path.name} is no text that can be read; export it again as CSV (UTF-8)")
