"""What is at a path: a folder of CSV or Parquet files, a workbook or one such file, and which tables it holds."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data_models.intake.contract import ONE_SHEET, TABLES, CannotRead
from data_models.intake.deidentification import holds_common_name, identifier_class
from data_models.intake.readers.file_formats import FORMATS, RECORD_SUFFIXES
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import Blocks, RawTable
from data_models.intake.readers.workbook import open_workbook

# Of a table: its problems go to these, bytes of a block, whether it is read line by line.
BlocksOf = Callable[[str, Problems, int, bool], Blocks]


@dataclass(slots=True)
class Container:
    """Where the tables of a batch are.

    Attributes
    ----------
    source : xlsx, one_sheet, or the format of the files: csv, parquet ...
    tables : name of each table (or of the one-sheet form) and its file or sheet, in reading order.
    blocks : the cells of one of them in blocks of rows, as `csv_files.csv_blocks` gives them; a sheet of a workbook,
        which its own format bounds, is one block.
    paths : the file of each table, where it has one of its own.
    """

    source: str
    tables: dict[str, str]
    blocks: BlocksOf
    paths: dict[str, Path]


def open_container(path: Path, problems: Problems) -> Container:
    """Find the tables at a path; notes unknown files and sheets.

    Raises
    ------
    CannotRead : there is nothing there, or it is no container of records.
    """
    try:
        if path.is_dir():
            return _folder(path, problems)
        if not path.exists():
            raise CannotRead(f"there is no file or folder {path.name}; check the path")
    except OSError as error:
        raise CannotRead(f"{path.name} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    require_file(path)
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        found = open_workbook(path, problems)
        kind = ONE_SHEET if ONE_SHEET in found else "xlsx"
        return Container(
            "one_sheet" if kind == ONE_SHEET else "xlsx",
            {name: name for name in found},
            lambda name, problems, size, by_line: _one(found[name]),
            {},
        )
    if suffix in FORMATS:
        table = path.stem if path.stem in TABLES else ONE_SHEET
        return _of_files({table: path}, problems)
    raise CannotRead(f"{path.name} is no CSV file, workbook (.xlsx), Parquet file or folder of such files; give one")


def require_file(path: Path) -> None:
    """Refuse what is there and no file: opening a pipe would wait for somebody to write. Raises CannotRead."""
    if path.exists() and not path.is_file():
        what = "folder" if path.is_dir() else "pipe, device or socket"
        raise CannotRead(f"{path.name} is a {what} and not a file; give a folder of CSV files or a workbook")


def _folder(path: Path, problems: Problems) -> Container:
    files = sorted(
        f for f in path.iterdir() if not f.name.startswith((".", "~$")) and f.suffix.lower() in RECORD_SUFFIXES
    )
    tables = (*TABLES, ONE_SHEET)
    csv, *others = FORMATS.values()
    if not files:
        raise CannotRead(f"the folder {path.name} holds no records; it needs {', '.join(csv.files)} (those that apply)")
    suffixes = {file.suffix.lower() for file in files}
    known = [*csv.files, *(name for one in others if one.suffix in suffixes for name in one.files)]
    found: dict[str, Path] = {}
    for file in files:
        if file.name in known and file.stem in found:
            other = found[file.stem].name
            problems.add(file.name, None, None, f"{other} holds the same table; give the one or the other")
        elif file.name in known:
            require_file(file)
            found[file.stem] = file
    for place, file in enumerate(files, start=1):
        if file.name not in known:
            near = difflib.get_close_matches(file.name.lower(), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the files are {', '.join(known)}"
            identifier = identifier_class(file.stem, "number") or holds_common_name(file.stem)
            shown = f"file number {place} of the folder" if identifier else file.name
            problems.add(shown, None, None, f"unknown file; {hint}")
    if ONE_SHEET in found and len(found) > 1:
        problems.add(
            found[ONE_SHEET].name, None, None, "the one-sheet form stands beside the tables; give the one or the other"
        )
        found = {name: file for name, file in found.items() if name != ONE_SHEET}
    return _of_files({name: found[name] for name in tables if name in found}, problems)


def _of_files(files: dict[str, Path], problems: Problems) -> Container:
    """A file a table, each read as its name ends."""
    suffixes = {file.suffix.lower() for file in files.values()}
    source = next((one.source for one in reversed(FORMATS.values()) if one.suffix in suffixes), "csv")
    return Container(
        "one_sheet" if ONE_SHEET in files else source,
        {name: file.name for name, file in files.items()},
        lambda name, noted, size, by_line: FORMATS[files[name].suffix.lower()].blocks(
            files[name], name, noted, size, by_line
        ),
        files,
    )


def _one(raw: RawTable | None) -> Blocks:
    if raw is not None:
        yield raw
