"""Reading an identified export as text: a folder of CSV files, one CSV file, or a workbook.

For `deidentify` at the clinic alone. No message holds a cell's value.
"""

from __future__ import annotations

import csv
import datetime
import warnings
from pathlib import Path
from typing import Any

from data_models.intake.contract import ONE_SHEET, TABLES, CannotRead
from data_models.intake.prepare.source import Origin, Table
from data_models.intake.readers.containers import require_file
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.workbook import note_merged, safe_to_unpack

_NAMES = (*TABLES, ONE_SHEET)


def read_identified(path: Path, problems: Problems) -> dict[str, Table]:
    """The tables of an identified export, by their names.

    Raises
    ------
    CannotRead : there is nothing to read at `path`.
    RecordsRefused : a workbook that is not safe to unpack, or with merged cells. A column that stands twice is noted in
        `problems`.
    """
    if path.suffix.lower() == ".xlsx":
        require_file(path)
        tables = _workbook(path, problems)
    elif path.is_dir():
        files = {name: path / f"{name}.csv" for name in _NAMES}
        tables = {name: _csv(file, problems) for name, file in files.items() if file.exists()}
    else:
        tables = {path.stem if path.stem in TABLES else ONE_SHEET: _csv(path, problems)}
    if not tables:
        raise CannotRead(f"{path} holds none of {', '.join(f'{name}.csv' for name in _NAMES)}; check the path")
    if ONE_SHEET in tables and len(tables) > 1:
        raise CannotRead(f"{path} holds {ONE_SHEET} beside other tables; give the one or the others")
    return tables


def _csv(path: Path, problems: Problems) -> Table:
    require_file(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream, strict=True))
    except OSError as error:
        raise CannotRead(f"{path} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    except UnicodeDecodeError:
        raise CannotRead(f"{path.name} is no UTF-8 text; save it as CSV (UTF-8)") from None
    except csv.Error:
        raise CannotRead(f"{path.name} has quotes that do not close; save it anew as CSV (UTF-8)") from None
    return _table(path.name, rows, problems)


def _workbook(path: Path, problems: Problems) -> dict[str, Table]:
    safe = safe_to_unpack(path, problems)
    problems.refuse_if_any()
    import openpyxl

    if not safe:
        raise CannotRead(f"{path.name} is no readable workbook; save it again as .xlsx")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            sheets = {sheet.title: sheet for sheet in book.worksheets if sheet.title in _NAMES}
            tables = {}
            for name, sheet in sheets.items():
                sheet.reset_dimensions()
                rows = [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
                tables[name] = _table(name, rows, problems)
                note_merged(sheet, name, len(rows[0]) if rows else 0, problems)
            book.close()
    except Exception:  # openpyxl raises whatever a broken part makes it raise
        raise CannotRead(f"{path.name} is no readable workbook; save it again as .xlsx or as CSV files") from None
    problems.refuse_if_any()
    return tables


def _table(file: str, rows: list[list[str]], problems: Problems) -> Table:
    header = [name.strip() for name in rows[0]] if rows else []
    filled = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    columns: dict[str, list[str]] = {}
    for place, column in enumerate(header):
        if column in columns:
            problems.add(file, 1, None, f"column number {place + 1} stands twice; keep one of them")
        columns[column] = [row[place] if place < len(row) else "" for _, row in filled]
    columns.pop("", None)
    return Table(file, columns, [Origin(file, number) for number, _ in filled])


def _text(value: Any) -> str:
    """A workbook's cell as an identified CSV file would have it; a day without a time is midnight there."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return (value.date() if value.time() == datetime.time() else value.replace(microsecond=0)).isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
