"""A clinic's own sheets, whatever their columns are called, long or wide, by MAP.toml (`sheet_map` says how)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.cell_values import CellValues
from data_models.intake.prepare.cells import Columns, Sheet, below_header, header_row
from data_models.intake.prepare.contract_form import BLANK, UNREAD
from data_models.intake.prepare.sheet_files import Files, read_files
from data_models.intake.prepare.sheet_map import SheetMap, TableMap, sheet_map
from data_models.intake.prepare.sheet_records import Records
from data_models.intake.prepare.sheet_rows import SheetRows
from data_models.intake.prepare.source import RECORD_NUMBER, Choices, Export, Origin, Suggestion
from data_models.intake.readers.problems import Problems

NOT_CHOSEN: Final = "a row that no [table.only] of the map takes"
NOT_MAPPED: Final = "a sheet or file that the map does not name"
IGNORED: Final = "a sheet that the map leaves out"


class SheetsSource:
    """Tables of any make: delimited text, workbooks, files of SPSS, Stata and SAS."""

    key = "sheets"
    name = "a clinic's own sheets"

    def recognises(self, path: Path) -> bool:
        """Never: any table may be one of a clinic's own, and every other format is asked first."""
        return False

    def read(self, path: Path, choices: Choices, problems: Problems) -> Export:
        """The records in some files, by the map.

        Raises
        ------
        CannotRead : nothing of `path` is such a table, or the map names what is not there.
        RecordsRefused : a workbook that is not safe to unpack.
        """
        whole = sheet_map(choices.map, choices.map_file)
        export = Export({})
        _Read(whole, choices, problems, export).files(read_files(path))
        return export

    def suggest(self, path: Path, choices: Choices) -> Suggestion:
        """A map from names and values. Raises CannotRead."""
        from data_models.intake.prepare.suggest_sheets import suggest_sheets

        return suggest_sheets(path)


class _Read:
    """Reads files by a map: people and sessions first, then the scores that are placed by them."""

    def __init__(self, whole: SheetMap, choices: Choices, problems: Problems, export: Export) -> None:
        self._map, self._choices, self._problems, self._export = whole, choices, problems, export
        self._records = Records()

    def files(self, files: Files) -> None:
        """Read every sheet, and put what it gives into the export."""
        used: set[int] = set()
        for name in files.unread:
            self._export.left_out.add(UNREAD, Origin(name, 0))
        for sheet in files.sheets:
            mine = [one for one in self._map.tables if _is_of(sheet, one)]
            used |= {one.number for one in mine}
            read = [one for one in mine if one.rows != "ignored"]
            if read:
                self._sheet(sheet, read)
            else:
                reason = IGNORED if mine else NOT_MAPPED
                self._export.left_out.add(reason, Origin(sheet.title, 0), foreign=bool(mine))
        for one in self._map.tables:
            if one.number not in used:
                known = ", ".join(sheet.title for sheet in files.sheets[:20])
                raise CannotRead(
                    f"{self._choices.map_file}, {one.where}: no sheet is of its file and sheet; there are {known}; "
                    "correct file and sheet, or take the table out"
                )
        if self._records.dated and self._records.relative:
            raise CannotRead(
                f"{self._choices.map_file}: {self._records.dated} has dates and {self._records.relative} days since "
                "the first session; give the one or the other of all, and the age in place of the birth date"
            )
        self._records.place_scores(self._export.left_out, self._problems)
        self._export.tables, self._export.days_alone = self._records.tables(), bool(self._records.relative)

    def _sheet(self, sheet: Sheet, maps: Sequence[TableMap]) -> None:
        header = next((one.header for one in maps if one.header), 0) or header_row(sheet)
        sheet.private = any(RECORD_NUMBER in one.always for one in maps)
        columns = below_header(sheet, header, self._problems)
        left, notes = self._export.left_out, self._export.notes
        notes += sheet.notes
        if sheet.blank:
            left.add(BLANK, Origin(sheet.title, 0), count=sheet.blank, foreign=True)
        taken = [False] * len(columns.numbers)
        for one in maps:
            self._check_columns(one, columns)
            values = CellValues(columns, one, self._map, self._choices.map_file, self._problems)
            rows = SheetRows(
                one, values, self._choices, self._records, left, self._problems, published=self._map.published
            )
            for at in range(len(columns.numbers)):
                if all(columns.columns[name][at] in texts for name, texts in one.only.items()):
                    taken[at] = True
                    rows.row(at)
            rows.tell(self._export)
            notes += (
                f"{sheet.title}, column {name}: cells with codes that are declared missing: {count:,}"
                for name, count in sorted(values.missing_found.items())
            )
        for at in (at for at, is_taken in enumerate(taken) if not is_taken):
            left.add(NOT_CHOSEN, Origin(sheet.title, columns.numbers[at]))
        named = {name for one in maps for name in (*one.columns, *one.ignore, *one.only, *one.times)}
        if unused := [name for name in columns.columns if name not in named]:
            self._export.columns_left_out[sheet.title] = unused

    def _check_columns(self, table: TableMap, columns: Columns) -> None:
        """Refuse a map that names a column that the sheet does not have."""
        for name in (*table.columns, *table.times, *table.missing, *table.only):
            if name not in columns.columns:
                near = difflib.get_close_matches(name, columns.columns, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"its names stand in row {columns.header}"
                raise CannotRead(
                    f"{self._choices.map_file}, {table.where}, {name!r}: {columns.sheet.title} has no column of this "
                    f"name; {hint}"
                )


def _is_of(sheet: Sheet, table: TableMap) -> bool:
    return fnmatchcase(sheet.file, table.file) and fnmatchcase(sheet.name, table.sheet)
