"""Reading the lines of a malformed CSV file one by one: slow, but it knows rows and reasons."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

import numpy as np

from data_models.intake.readers.csv_text import LONGEST_LINE
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import RawTable, Texts

_JOINED_LINES = 50  # how far a quoted line break is followed before the quotation mark counts as unclosed


def well_formed_lines(
    stream: TextIO, file: str, names: list[str | None], problems: Problems, size: int
) -> Iterator[RawTable]:
    """The lines that are well formed, with their row numbers, in blocks; notes what is wrong with the others.

    Parameters
    ----------
    stream : the lines after the header, with universal line ends.
    names : the known name of each column, None for one that is not read.
    size : characters of a block, about; the last block may be empty.
    """
    cells: list[list[str]] = []
    rows: list[int] = []
    held = 0
    for row, line in _lines(stream):
        parsed = _cells(line, row, file, names, problems)
        if parsed is None:
            continue
        cells.append(parsed)
        rows.append(row)
        held += len(line)
        if held >= size:
            yield _table(file, names, cells, rows)
            cells, rows, held = [], [], 0
    yield _table(file, names, cells, rows)


def _table(file: str, names: list[str | None], cells: list[list[str]], rows: list[int]) -> RawTable:
    table = RawTable(file, length=len(cells), rows=np.array(rows, dtype=np.int64))
    for place, name in enumerate(names):
        if name is not None:
            table.columns[name] = Texts.of([row_cells[place] for row_cells in cells])
    return table


def _lines(stream: TextIO) -> Iterator[tuple[int, str]]:
    """Row number and text of each line; a quoted line break does not end a row."""
    row, marks = 2, 0
    waiting: list[str] = []
    while (found := _line(stream)) is not None:
        waiting.append(found[0])
        marks += found[1]
        if marks % 2 == 0:
            yield row, "\n".join(waiting)
            row, marks, waiting = row + 1, 0, []
        elif len(waiting) >= _JOINED_LINES:
            for part in waiting:
                yield row, part
                row += 1
            marks, waiting = 0, []
    for part in waiting:
        yield row, part
        row += 1


def _line(stream: TextIO) -> tuple[str, int] | None:
    """The next line without its end, cut short after more characters than may be, and its quotation marks."""
    line = rest = stream.readline(LONGEST_LINE + 2)
    if not line:
        return None
    marks = line.count('"')
    while not rest.endswith("\n") and (rest := stream.readline(LONGEST_LINE)):
        marks += rest.count('"')
    return line.removesuffix("\n"), marks


def _cells(line: str, row: int, file: str, names: list[str | None], problems: Problems) -> list[str] | None:
    """A line's cells; None where it is malformed, with a problem noted, or holds nothing but separators."""
    if len(line) > LONGEST_LINE or len(line.encode()) > LONGEST_LINE:
        problems.add(file, row, None, f"the line is longer than {LONGEST_LINE:,} bytes; is a quotation mark missing?")
        return None
    if not line:
        problems.add(file, row, None, "the line is empty; delete it")
        return None
    if not line.strip(", \t") and "," in line:  # as spreadsheets write rows that were emptied
        return None
    try:
        parsed = next(csv.reader([line], strict=True)) if '"' in line else line.split(",")
    except csv.Error:
        problems.add(file, row, None, "a quotation mark is not closed on its line; close or remove it")
        return None
    if "\n" in line:
        column = next((n for n, cell in zip(names, parsed, strict=False) if "\n" in cell and n), None)
        problems.add(file, row, column, "a cell holds a line break; remove it")
        return None
    if len(parsed) != len(names):
        found = f"{len(parsed):,} field{'' if len(parsed) == 1 else 's'} where the header has {len(names):,}"
        what = "the row is cut short" if len(parsed) < len(names) else "the row has too many fields"
        at = names[len(parsed)] if len(parsed) < len(names) else None  # the first column without a field
        problems.add(file, row, at, f"{what}: {found}; correct the row")
        return None
    return parsed
