"""Rows of a delimited text file as other systems write it: separator and encoding told from its own bytes."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from data_models.intake.contract import CannotRead

_SEPARATORS: Final = (",", ";", "\t", "|")
_LONGEST_HEADER: Final = 2**20


def text_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows with anything in them, each with its number as a spreadsheet counts (the first is 1).

    Raises
    ------
    CannotRead : the file cannot be opened, is no text, or has a quotation mark that is not closed.
    """
    encoding = _encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            separator = _separator(stream.readline(_LONGEST_HEADER))
            stream.seek(0)
            for number, cells in enumerate(csv.reader(stream, delimiter=separator, strict=True), start=1):
                if any(cell.strip() for cell in cells):
                    yield number, cells
    except OSError as error:
        raise CannotRead(f"{path.name} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    except UnicodeError:
        raise CannotRead(f"{path.name} is no text; save it as CSV (UTF-8)") from None
    except csv.Error:
        raise CannotRead(f"{path.name} has quotes that do not close; save it anew as CSV (UTF-8)") from None


def header_of(path: Path) -> Sequence[str]:
    """The first row's cells without the space around them; none where the file cannot be read as text."""
    try:
        return [cell.strip() for cell in next(text_rows(path), (1, []))[1]]
    except CannotRead:
        return []


def _encoding(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            start = stream.read(_LONGEST_HEADER)
    except OSError as error:
        raise CannotRead(f"{path.name} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # a character may be cut at its end
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _separator(header: str) -> str:
    return max(_SEPARATORS, key=header.count)
