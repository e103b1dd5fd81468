"""Which tables a path holds: every sheet of a file, or of the files of a folder, each by the reader of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.cells import Sheet, without_name
from data_models.intake.prepare.spreadsheets import read_ods, read_xlsx
from data_models.intake.prepare.statistics_files import KINDS, read_statistics
from data_models.intake.prepare.text_rows import WINDOWS, all_rows, delimiting
from data_models.intake.readers.containers import require_file

Reader = Callable[[Path, int | None], list[Sheet]]


@dataclass(slots=True)
class Files:
    """What a path holds: its sheets, and the names of the files that are of no kind that is read."""

    sheets: list[Sheet] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_files(path: Path, most_cells: int | None = None) -> Files:
    """Every sheet of a file, or of the files of a folder.

    Parameters
    ----------
    most_cells : read no more of each sheet, for a first look.

    Raises
    ------
    CannotRead : there is nothing to read, or a file of a kind that is read cannot be.
    RecordsRefused : a workbook that is not safe to unpack.
    """
    found = Files()
    try:
        if not path.exists():
            raise CannotRead(f"there is no file or folder {path.name}; check the path")
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
    except OSError as error:
        raise CannotRead(f"{path.name} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    for place, file in enumerate(inside, start=1):
        if file.name.startswith((".", "~$")) or file.suffix.lower() == ".toml":  # a map lies beside its export
            continue
        read = READERS.get(file.suffix.lower())
        if read is not None or file == path:
            require_file(file)
        if read is None or not file.is_file():
            found.unread.append(without_name(file.name, f"file number {place}"))
            continue
        try:
            sheets = read(file, most_cells)
        except OSError as error:
            reason = error.strerror or "input error"
            raise CannotRead(f"{file.name} cannot be opened ({reason}); check the path") from None
        for number, sheet in enumerate(sheets, start=1):
            sheet.places = place, number
        found.sheets += (sheet for sheet in sheets if sheet.rows)  # workbooks come with empty ones
    if not found.sheets:
        kinds = ", ".join(sorted(READERS))
        raise CannotRead(f"{path.name} holds no filled table of a kind that is read ({kinds}); check the path")
    return found


def _read_text(path: Path, most_cells: int | None) -> list[Sheet]:
    """The one table of a file of delimited text; its decimal is the comma where that separates no cells."""
    how = delimiting(path)
    notes = [f"{path.name} is read as Windows-1252"] if how.encoding == WINDOWS else []
    sheet = Sheet(path.name, "", [], even=True, decimal="." if how.separator == "," else ",", notes=notes)
    cells = 0
    for number, row in all_rows(path, how):
        if any(map(str.strip, row)):
            sheet.rows.append((number, row))
        elif row:
            sheet.blank += 1
        cells += len(row)
        if most_cells is not None and cells >= most_cells:
            break
    return [sheet]


READERS: dict[str, Reader] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), _read_text),
    **dict.fromkeys((".xlsx", ".xlsm"), read_xlsx),
    ".ods": read_ods,
    **dict.fromkeys(KINDS, read_statistics),
}
