"""Exports that have the contract's own columns, with `record_number` and `time`: what `deidentify` was made for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from data_models.intake.contract import ONE_SHEET, ONE_SHEET_FIELDS, TABLES, CannotRead, RecordsRefused
from data_models.intake.prepare.cell_values import CellValues
from data_models.intake.prepare.cells import Sheet, below_header, header_row
from data_models.intake.prepare.sheet_files import Files, read_files
from data_models.intake.prepare.sheet_map import SheetMap, TableMap
from data_models.intake.prepare.source import (
    BIRTH_DATE,
    RECORD_NUMBER,
    TIME,
    Choices,
    Export,
    Origin,
    Suggestion,
    Table,
)
from data_models.intake.readers.header import score_column
from data_models.intake.readers.problems import Problems

NO_TABLE: Final = "a sheet or file that is none of the session records' tables"
UNREAD: Final = "a file of a kind that is not read"
BLANK: Final = "a row of nothing but empty cells"
_NAMES: Final = (*TABLES, ONE_SHEET)
_COPY: Final = re.compile(r"\s*(?:\(\d+\)|- (?:copy|Kopie))$")
_IDENTIFIED: Final = (RECORD_NUMBER, TIME, BIRTH_DATE)
_FIRST_CELLS: Final = 1_000


class ContractForm:
    """The session records' tables before they lose who is who."""

    key = "contract"
    name = "an export with the columns of session records, record_number and time"

    def recognises(self, path: Path) -> bool:
        """Whether a table of the contract's name has a column `record_number`."""
        try:
            tables = _tables(read_files(path, _FIRST_CELLS))[0]
        except CannotRead:
            return False
        except RecordsRefused:  # a workbook that is not safe to unpack: to be told by who reads it
            return True
        return any(RECORD_NUMBER in _header(sheet) for sheet in tables.values())

    def read(self, path: Path, choices: Choices, problems: Problems) -> Export:
        """The tables as they are. Raises CannotRead, RecordsRefused (a workbook that is not safe to unpack)."""
        if choices.map:
            raise CannotRead(f"{choices.map_file}: {self.name} needs no map but zone and dates; remove the rest")
        files = read_files(path)
        tables, others = _tables(files)
        if not tables:
            raise CannotRead(
                f"{path.name} holds none of {', '.join(_NAMES)} by its name or its columns; "
                "say in a map what its columns are: prepare SOURCE --suggest -o MAP.toml proposes one"
            )
        if ONE_SHEET in tables and len(tables) > 1:
            raise CannotRead(
                f"{tables[ONE_SHEET].title} holds {ONE_SHEET} beside other tables; give the one or the others"
            )
        export = Export({})
        for reason, names in ((NO_TABLE, [sheet.title for sheet in others]), (UNREAD, files.unread)):
            for name in names:
                export.left_out.add(reason, Origin(name, 0))
        export.tables = {name: _table(name, tables[name], export, problems) for name in _NAMES if name in tables}
        return export

    def suggest(self, path: Path, choices: Choices) -> Suggestion:
        """A map that says no more than the form: its columns have their names."""
        names = ", ".join(_NAMES)
        return Suggestion(f'# {path.name} has the columns of session records ({names}).\nformat = "{self.key}"\n')


def _tables(files: Files) -> tuple[dict[str, Sheet], list[Sheet]]:
    """The sheets that are tables by their names, and the others. Raises CannotRead."""
    found: dict[str, Sheet] = {}
    others = []
    for sheet in files.sheets:
        name = _table_name(sheet, alone=len(files.sheets) == 1)
        if name in found:
            raise CannotRead(f"{sheet.title} and {found[name].title} both hold {name}; give the one or the other")
        if name:
            found[name] = sheet
        else:
            others.append(sheet)
    return found, others


def _table_name(sheet: Sheet, *, alone: bool) -> str:
    """The table that a sheet's or file's name says, capitals and a copy's number aside; "" where it is none."""
    given = _COPY.sub("", sheet.name or sheet.file.rpartition(".")[0]).strip().lower().replace(" ", "_")
    if given in _NAMES:
        return given
    return ONE_SHEET if alone and {RECORD_NUMBER, TIME} <= set(_header(sheet)) else ""


def _header(sheet: Sheet) -> Mapping[str, object]:
    return below_header(sheet, header_row(sheet)).columns


def _table(name: str, sheet: Sheet, export: Export, problems: Problems) -> Table:
    columns = below_header(sheet, header_row(sheet), problems)
    for column in columns.columns:
        if " #" in column and (first := column.split(" #")[0]) in columns.columns:
            place = columns.places[column] + 1
            problems.add(sheet.title, columns.header, None, f"column number {place}: {first} stands twice; keep one")
    export.notes += sheet.notes
    if sheet.blank:
        export.left_out.add(BLANK, Origin(sheet.title, 0), count=sheet.blank, foreign=True)
    fields = {one.name: one for one in (ONE_SHEET_FIELDS if name == ONE_SHEET else TABLES[name])}
    known = [column for column in columns.columns if column in {*fields, *_IDENTIFIED} or score_column(column)]
    values = CellValues(
        columns, TableMap(1, "ignored", columns=dict.fromkeys(known, ())), SheetMap(()), "MAP.toml", problems
    )
    texts = dict(columns.columns)  # what is none of ours is named by who leaves it out
    for column in known:
        number = score_column(column) or (column in fields and fields[column].kind in ("number", "whole"))
        texts[column] = (
            [values.number(column, at) for at in range(len(columns.numbers))] if number else values.texts(column)
        )
    return Table(sheet.title, texts, [Origin(sheet.title, number) for number in columns.numbers])
