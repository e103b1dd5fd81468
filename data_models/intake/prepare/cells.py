"""A clinic's own files as tables of text: which files and sheets there are, and their rows as they stand there.

What a file says of itself (value labels, codes for missing values) comes with it. Nothing here knows what a column
means. `sheet_files` finds and reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from data_models.intake.deidentification import holds_common_name
from data_models.intake.prepare.text_rows import uneven
from data_models.intake.readers.problems import Problems

ERRORS: Final = frozenset(("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "Err:502", "#WERT!"))
SPREADSHEET_ERROR: Final = "the cell holds a spreadsheet error; correct or empty it"
NO_VALUE: Final = "the cell holds a formula whose value is not in the file; open it in a spreadsheet and save it again"


@dataclass(slots=True)
class Sheet:
    """One sheet of a workbook, or one file of another kind.

    Attributes
    ----------
    file : the file's name.
    name : the sheet's name; "" in a file that has no sheets.
    rows : the filled rows, each with its number (1 is the file's first); what stands above the header among them.
    blank : rows of nothing but separators, passed over (in delimited text).
    even : each row must have as many fields as the header (delimited text: a comma too many moves what follows).
    decimal : what the file has between the digits of a number: "." or ",".
    merged : column (from 0) and rows of each group of merged cells.
    unvalued : row and column (from 0) of each formula without a value.
    labels : what each column is called at length, by its name.
    meanings : per column, the words for its codes.
    missing : per column, the codes that the file itself declares to be missing values.
    notes : one sentence each, on what was chosen to read it.
    private : its names are record numbers, which no message repeats.
    places : the file's among those of its folder, and the sheet's in its file (from 1).
    """

    file: str
    name: str
    rows: list[tuple[int, Sequence[str]]]
    blank: int = 0
    even: bool = False
    decimal: str = "."
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    unvalued: list[tuple[int, int]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    meanings: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    places: tuple[int, int] = (1, 1)
    private: bool = False

    @property
    def title(self) -> str:
        """What messages call it; a name that may be a patient's is not repeated."""
        file, sheet = f"file number {self.places[0]}", f"number {self.places[1]}"
        if not self.private:
            file, sheet = without_name(self.file, file), without_name(self.name, sheet)
        return f"{file}, sheet {sheet}" if self.name else file


@dataclass(slots=True)
class Columns:
    """A sheet below its header.

    Attributes
    ----------
    columns : the cells of each column without the space around them, by the column's name: as it stands there; a
        second of one name has " #2" behind it, one without a name is called by its letters.
    numbers : row of each cell.
    places : place of each column (from 0).
    """

    sheet: Sheet
    header: int
    columns: dict[str, list[str]]
    numbers: list[int]
    places: dict[str, int]


def without_name(text: str, otherwise: str) -> str:
    """A file's or sheet's name, or what to say where it holds a person's."""
    return otherwise if holds_common_name(text) else text


def header_row(sheet: Sheet) -> int:
    """The number of the row that has the column names: the first that is at least half as wide as the widest.

    A title or an address above the table has one or two cells; 0 where there is no row.
    """
    looked = sheet.rows[:30]
    widest = max((sum(map(bool, row)) for _, row in looked), default=0)
    return next((number for number, row in looked if 2 * sum(map(bool, row)) >= widest), 0)


def below_header(sheet: Sheet, header: int, problems: Problems | None = None) -> Columns:
    """The columns of a sheet whose names stand in row `header`.

    Parameters
    ----------
    problems : where rows that do not have the header's number of fields are noted; they are left out.
    """
    names = next((list(row) for number, row in sheet.rows if number == header), [])
    below = [(number, row) for number, row in sheet.rows if number > header]
    while (
        names and not names[-1].strip() and not any(len(row) >= len(names) and row[len(names) - 1] for _, row in below)
    ):
        names.pop()
    width = len(names) if sheet.even else max([len(names), *(len(row) for _, row in below)])
    names += [""] * (width - len(names))
    rows: list[tuple[int, Sequence[str]]] = []
    for number, row in below:
        if sheet.even and (reason := uneven(row, width)):
            if problems is not None:
                problems.add(sheet.title, number, None, reason)
            continue
        rows.append((number, row))
    columns: dict[str, list[str]] = {}
    places: dict[str, int] = {}
    for place, given in enumerate(names):
        cells = [row[place].strip() if place < len(row) else "" for _, row in rows]
        if not given.strip() and not any(cells):
            continue
        name = " ".join(given.split()) or f"column {letters(place)}"
        same = sum(1 for other in places if other == name or other.startswith(f"{name} #"))
        name = f"{name} #{same + 1}" if same else name
        columns[name], places[name] = cells, place
    return Columns(sheet, header, columns, [number for number, _ in rows], places)


def letters(place: int) -> str:
    """A column's letters by its place from 0.

    Examples
    --------
    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(ord("A") + rest) + found
    return found
