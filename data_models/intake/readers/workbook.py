"""Reading an .xlsx workbook as text, without being blown up by it.

A workbook is a zip of XML. Its sizes are judged from the zip's own directory before anything is
unpacked (Python's zipfile never unpacks more than the directory promises), document types are
refused, and rows and columns are bounded whatever the sheet says of itself.
"""

from __future__ import annotations

import datetime
import math
import re
import warnings
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from data_models.intake.contract import ONE_SHEET, TABLES, CannotRead
from data_models.intake.readers.header import check_header
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import RawTable, Texts

INSTRUCTIONS = "instructions"  # the sheet of the template that holds no records
LARGEST_FILE = 200 * 2**20
LARGEST_UNPACKED = 2 * 2**30
LARGEST_RATIO = 250
MOST_PARTS = 10_000
MOST_ROWS = 1_048_576
MOST_COLUMNS = 256
_SMALL_PART = 10 * 2**20  # below this a high ratio (a sheet of equal rows) does no harm
_CODES = frozenset({"patient_code", "clinic"})
_PADDED = re.compile(r"0[0-]*0")  # 00000, 000-00: formats that put zeros before a number
MERGED = "merged cells, of which only the first holds a value; unmerge them and fill in each"
_MERGED = re.compile(rb'mergeCell\s[^<>]*?ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


def open_workbook(path: Path, problems: Problems) -> dict[str, RawTable | None]:
    """The cells of each known sheet of a workbook (None where nothing of it can be checked).

    Raises
    ------
    CannotRead : the file is no workbook.
    """
    if not safe_to_unpack(path, problems):
        return {}
    # Imported here: the CSV path and the dashboard's start have no use for it.
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
            try:
                return _sheets(book, path.name, problems)
            finally:
                book.close()
    except CannotRead:
        raise
    except Exception:  # openpyxl raises whatever a broken part makes it raise
        raise CannotRead(f"{path.name} is no readable workbook; save it again as .xlsx or as CSV files") from None


def safe_to_unpack(path: Path, problems: Problems) -> bool:
    """Whether the zip's directory and the heads of its parts are those of an ordinary workbook."""
    file = path.name
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(4)
    except OSError as error:
        raise CannotRead(f"{file} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    if size == 0:
        problems.add(file, None, None, "the file is empty; it needs sheets with rows of column names")
        return False
    if head == _OLD_OFFICE:
        raise CannotRead(f"{file} has a password or is an old .xls file; save it as .xlsx without a password")
    if size > LARGEST_FILE:
        problems.add(file, None, None, f"the workbook is larger than {LARGEST_FILE:,} bytes; save it as CSV files")
        return False
    try:
        with path.open("rb") as whole, zipfile.ZipFile(whole) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                problems.add(
                    file, None, None, f"the workbook unpacks to more than {LARGEST_UNPACKED:,} bytes; it is not read"
                )
                return False
            for part in parts:
                swollen = part.file_size > LARGEST_RATIO * max(part.compress_size, 1)
                if part.file_size > _SMALL_PART and swollen:
                    problems.add(
                        file, None, None, f"a part unpacks to more than {LARGEST_RATIO} times its size; it is not read"
                    )
                    return False
            for part in parts:
                if part.filename.endswith((".xml", ".rels", ".vml")):
                    with archive.open(part) as stream:
                        if b"<!DOCTYPE" in (text := stream.read(2**16)) or b"<!ENTITY" in text:
                            problems.add(
                                file,
                                None,
                                None,
                                "a part declares a document type; no workbook needs one; it is not read",
                            )
                            return False
                if "vbaProject" in part.filename:
                    problems.add(file, None, None, "the workbook holds macros; save it without them")
                    return False
    except Exception:  # zipfile raises whatever broken bytes make it raise, zlib.error among others
        raise CannotRead(f"{file} is no readable workbook; save it again as .xlsx or as CSV files") from None
    return True  # fmt: skip


def _sheets(book: Any, file: str, problems: Problems) -> dict[str, RawTable | None]:
    known = (*TABLES, ONE_SHEET)
    names = [sheet.title for sheet in book.worksheets]
    if not any(name in known for name in names):
        problems.add(file, None, None, f"no sheet is named as the records are; the sheets are {', '.join(known)}")
        return {}
    for place, name in enumerate(names, start=1):
        if name not in known and name != INSTRUCTIONS:
            problems.add(
                file, None, None, f"sheet number {place} is unknown; delete it, the sheets are {', '.join(known)}"
            )
    if ONE_SHEET in names and any(name in TABLES for name in names):
        problems.add(ONE_SHEET, None, None, "the one-sheet form stands beside the tables; give the one or the other")
        names.remove(ONE_SHEET)
    return {name: _sheet(book[name], name, problems) for name in known if name in names}


def _sheet(sheet: Any, table: str, problems: Problems) -> RawTable | None:
    """One sheet's cells; rows without any cell filled are passed over (they keep their number)."""
    sheet.reset_dimensions()  # what a sheet says of its own size is not to be trusted
    rows = sheet.iter_rows()
    first = next(rows, None)
    header = _trimmed([_text(cell)[0] for cell in first or ()])
    if not header:
        problems.add(table, None, None, "the sheet is empty; it needs a row of column names")
        return None
    if len(header) > MOST_COLUMNS:
        problems.add(
            table, 1, None, f"the sheet has more than {MOST_COLUMNS} columns; delete those that are not records"
        )
        return None
    names = check_header(table, table, header, problems)
    if not any(names):
        return None
    cells: list[list[str]] = [[] for _ in names]
    numbers: list[int] = []
    for number, row in enumerate(rows, start=2):
        if number > MOST_ROWS or len(row) > 64 * MOST_COLUMNS:
            problems.add(table, number, None, "the sheet is larger than a spreadsheet can be; save it as CSV files")
            break
        texts = _row_texts(row, table, number, names, problems)
        if not any(texts):
            continue
        if any(texts[len(names) :]):
            problems.add(table, number, None, "a cell is filled right of the last named column; delete or name it")
        for place in range(len(names)):
            cells[place].append(texts[place] if place < len(texts) else "")
        numbers.append(number)
    note_merged(sheet, table, len(names), problems)
    raw = RawTable(table, length=len(numbers), rows=np.array(numbers, dtype=np.int64))
    raw.columns = {name: Texts.of(column) for name, column in zip(names, cells, strict=True) if name is not None}
    return raw


def note_merged(sheet: Any, file: str, columns: int, problems: Problems) -> None:
    """Note merged cells below the header, among the first so many columns: only one of them holds the value."""
    for column, row, last_row in merged_cells(sheet):
        if last_row > 1 and column <= columns:
            problems.add(file, max(row, 2), None, MERGED)


def merged_cells(sheet: Any) -> Iterator[tuple[int, int, int]]:
    """First column (from 1), first and last row of each group of merged cells of a sheet that is read row by row."""
    before = b""
    with sheet._get_source() as stream:  # openpyxl passes them over where it reads row by row
        while chunk := stream.read(2**20):
            text = before + chunk
            for found in _MERGED.finditer(text):
                yield column_number(found.group(1).decode()), int(found.group(2)), int(found.group(3))
            # What may be the start of one more is looked through again with what follows.
            start = text.rfind(b"<")
            before = b"" if text.rfind(b">") > start else text[max(start, len(text) - 200, 0) :]


def column_number(letters: str) -> int:
    """A column's number, from 1, by its letters."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _row_texts(row: Any, table: str, number: int, names: list[str | None], problems: Problems) -> list[str]:
    texts = []
    for place, cell in enumerate(row):
        text, reason = _text(cell)
        column = names[place] if place < len(names) else None
        if text and column in _CODES and isinstance(cell.value, (int, float)) and _PADDED.match(cell.number_format):
            reason = "the cell shows a number with zeros before it that it does not hold; write the code as text"
        if reason:
            problems.add(table, number, column or f"number {place + 1}", reason)
        texts.append(text)
    return texts


def _trimmed(header: list[str]) -> list[str]:
    while header and header[-1] == "":
        header.pop()
    return header


def _text(cell: Any) -> tuple[str, str | None]:
    """A cell as the text a CSV file would hold, and why it cannot be one. A refused cell counts as empty."""
    value = cell.value
    if value is None:
        return "", None
    if cell.data_type == "f":
        return "", "the cell holds a formula; replace it by its value"
    if cell.data_type == "e":
        return "", "the cell holds a spreadsheet error; correct or empty it"
    if isinstance(value, bool):
        return "", "the cell holds a true / false value; write yes or no as text"
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return "", "the cell holds a date or time: date (C); give hours or days since the first session"
    if isinstance(value, int):
        return str(value), None
    if isinstance(value, float):
        if not math.isfinite(value):
            return "", "not a number in range; give digits or leave the cell empty"
        return (str(int(value)), None) if value.is_integer() else (format(Decimal(repr(value)), "f"), None)
    return str(value), None
