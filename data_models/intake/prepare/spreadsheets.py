"""Workbooks (.xlsx) and OpenDocument sheets (.ods) as text, row by row and within bounds.

Not read by python-calamine, which would read both: it gives an empty cell for #DIV/0! and unrolls repeated cells in
memory before it gives the first (6 GB for a file of 1 kB; tried with 0.9.1). odfpy had its last release in 2020.
"""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final
from xml.etree import ElementTree

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.cells import Sheet
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.workbook import MOST_ROWS, column_number, merged_cells, safe_to_unpack

MOST_COLUMNS: Final = 16_384
MOST_CELLS: Final = 50_000_000
_PADDED: Final = re.compile(r"0{2,}")
_UNVALUED: Final = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]*><f[^>]*(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>')
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_DURATION: Final = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")


def read_xlsx(path: Path, most_cells: int | None = None) -> list[Sheet]:
    """Every sheet of a workbook: dates in ISO 8601, numbers in digits, of formulas the value.

    Raises
    ------
    CannotRead : it is no readable workbook.
    RecordsRefused : it is not safe to unpack.
    """
    import openpyxl

    def sheets() -> Iterator[Sheet]:
        # Opened here: a file in memory has no name that a library could open.
        with path.open("rb") as stream:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            for each in book.worksheets:
                each.reset_dimensions()  # what a sheet says of its own size is not to be trusted
                rows = ((_cell(cell) for cell in row) for row in each.iter_rows())
                sheet = _sheet(path.name, each.title, rows, most_cells)
                if most_cells is None:
                    sheet.merged = [(column - 1, row, last) for column, row, last in merged_cells(each)]
                    sheet.unvalued = _unvalued(each)
                yield sheet
            book.close()

    return _opened(path, sheets)


def read_ods(path: Path, most_cells: int | None = None) -> list[Sheet]:
    """Every sheet of an OpenDocument spreadsheet; raises as `read_xlsx` does."""

    def sheets() -> Iterator[Sheet]:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive, archive.open("content.xml") as content:
            merged: list[tuple[int, int, int]] = []
            for name, rows in _ods_tables(content, merged):
                yield _sheet(path.name, name, rows, most_cells, merged)

    return _opened(path, sheets)


def _opened(path: Path, sheets: Callable[[], Iterator[Sheet]]) -> list[Sheet]:
    problems = Problems()
    safe_to_unpack(path, problems)
    problems.refuse_if_any()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(sheets())
    except CannotRead:
        raise
    except Exception:  # the libraries raise whatever a broken part makes them raise
        raise CannotRead(
            f"{path.name} is no readable workbook, or has a password; save it again as .xlsx or as CSV"
        ) from None


def _sheet(
    file: str,
    name: str,
    rows: Iterator[Iterator[str]],
    most_cells: int | None,
    merged: list[tuple[int, int, int]] | None = None,
) -> Sheet:
    """The filled rows, within bounds."""
    sheet, cells = Sheet(file, name, [], merged=[] if merged is None else merged), 0
    for number, row in enumerate(rows, start=1):
        texts = list(row)
        while texts and not texts[-1]:
            texts.pop()
        cells += len(texts)
        if number > MOST_ROWS or len(texts) > MOST_COLUMNS or cells > MOST_CELLS:
            raise CannotRead(f"{sheet.title}, row {number}: larger than a spreadsheet can be; save it as CSV")
        if any(map(str.strip, texts)):
            sheet.rows.append((number, texts))
            if most_cells is not None and cells >= most_cells:
                break
    return sheet


def _cell(cell: Any) -> str:
    """A cell as text; zeros that its format puts before a whole number are part of it (a record number's)."""
    value = cell.value
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        form = cell.number_format
        return str(value).zfill(len(form)) if _PADDED.fullmatch(form) else str(value)
    if isinstance(value, float):
        return number_text(value)
    return time_text(value)


def number_text(value: float) -> str:
    """A number in plain digits.

    Examples
    --------
    >>> number_text(20.0), number_text(1e-05)
    ('20', '0.00001')
    """
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")


def time_text(value: datetime.date | datetime.time | datetime.timedelta) -> str:
    """A date or time in ISO 8601, to the second; a date at midnight is a date alone.

    Examples
    --------
    >>> time_text(datetime.datetime(2026, 1, 5, 9, 59, 59, 999_999)), time_text(datetime.timedelta(hours=9.5))
    ('2026-01-05 10:00:00', '09:30:00')
    """
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, datetime.datetime):
        # A spreadsheet's time is a binary fraction of a day: 10:00 may come as 9:59:59.9999.
        value = (value + datetime.timedelta(microseconds=500_000)).replace(microsecond=0, tzinfo=None)
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    if isinstance(value, datetime.time):
        return value.replace(microsecond=0).isoformat()
    return value.isoformat()


def _unvalued(sheet: Any) -> list[tuple[int, int]]:
    """Row and column (from 0) of each formula whose value is not in the file: a program wrote it, no spreadsheet."""
    found: list[tuple[int, int]] = []
    before = b""
    with sheet._get_source() as stream:
        while chunk := stream.read(2**20):
            text = before + chunk
            found += ((int(one[2]), column_number(one[1].decode()) - 1) for one in _UNVALUED.finditer(text))
            end = max(text.rfind(b"</c>") + 4, len(text) - 2**16)
            before = text[end:]
    return found


def _ods_tables(
    content: IO[bytes], merged: list[tuple[int, int, int]]
) -> Iterator[tuple[str, Iterator[Iterator[str]]]]:
    """Name and rows of each table. `merged` is that of the table being read: it is filled, and emptied before each."""
    events = ElementTree.iterparse(content, ("start", "end"))
    for event, element in events:
        if event == "start" and element.tag == f"{_TABLE}table":
            yield element.get(f"{_TABLE}name", ""), _ods_rows(events, element, merged)


def _ods_rows(events: Any, table: Any, merged: list[tuple[int, int, int]]) -> Iterator[Iterator[str]]:
    number, waiting = 0, 0
    for event, element in events:
        if event != "end":
            continue
        if element is table:
            return
        if element.tag != f"{_TABLE}table-row":
            continue
        repeated = int(element.get(f"{_TABLE}number-rows-repeated", "1"))
        texts: list[str] = []
        gap = 0
        for cell in element:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            times = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
            text = "" if cell.tag.endswith("covered-table-cell") else _ods_text(cell)
            spans = (int(cell.get(f"{_TABLE}number-{what}-spanned", "1")) for what in ("rows", "columns"))
            down, across = spans
            if text and (down > 1 or across > 1):
                merged.append((len(texts) + gap, number + waiting + 1, number + waiting + down))
            if not text:
                gap += times
                continue
            if len(texts) + gap + times > MOST_COLUMNS:
                texts += [text] * (MOST_COLUMNS + 1)  # refused by who asks
                break
            texts += [""] * gap + [text] * times
            gap = 0
        element.clear()
        if not texts:
            waiting += repeated
            continue
        for _ in range(waiting):
            yield iter(())
        for _ in range(repeated):
            yield iter(texts)
        number, waiting = number + waiting + repeated, 0


def _ods_text(cell: Any) -> str:
    kind = cell.get(f"{_OFFICE}value-type", "")
    shown = "\n".join(_paragraph(part) for part in cell.findall(f"{_TEXT}p"))
    if kind in ("float", "percentage", "currency"):
        text = number_text(float(cell.get(f"{_OFFICE}value", "nan")))
        return shown if re.fullmatch(r"0\d+", shown) and shown.lstrip("0") == text else text
    if kind == "date":
        return time_text(datetime.datetime.fromisoformat(cell.get(f"{_OFFICE}date-value")))
    if kind == "time":
        found = _DURATION.fullmatch(cell.get(f"{_OFFICE}time-value", ""))
        return ":".join(f"{int(part):02}" for part in found.groups()) if found else shown
    if kind == "boolean":
        return str(cell.get(f"{_OFFICE}boolean-value", "")).upper()
    return shown


def _paragraph(element: Any) -> str:
    """The text of a paragraph, with the runs of spaces that OpenDocument counts."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(int(child.get(f"{_TEXT}c", "1")), 1_000))
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag != f"{_OFFICE}annotation":
            parts.append(_paragraph(child))
        parts.append(child.tail or "")
    return "".join(parts)
