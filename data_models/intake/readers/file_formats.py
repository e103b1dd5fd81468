"""The kinds of files that hold one table each, the file's name being the table's: a format is one row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data_models.intake.contract import ONE_SHEET, TABLES
from data_models.intake.readers.csv_files import csv_blocks
from data_models.intake.readers.parquet_files import parquet_blocks, unpacked_size
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import Blocks


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format of tables; the folder, one file, dropped files and the history of imports follow.

    Attributes
    ----------
    suffix : how its files end.
    name : what the history of imports calls a batch of it.
    blocks : the cells of a file as text in blocks of rows. Called with the path, the table's name, where problems go,
        about how many bytes a block has, and whether to read line by line (after `ReadAgain`, which only a format of
        lines raises). Raises CannotRead; every problem of content is noted with file, row and column instead.
    size : bytes of a file as a CSV file would hold it, about.
    """

    suffix: str
    name: str
    blocks: Callable[[Path, str, Problems, int, bool], Blocks]
    size: Callable[[Path], int]

    @property
    def source(self) -> str:
        """How the store names it."""
        return self.suffix[1:]

    @property
    def files(self) -> tuple[str, ...]:
        """The names that files of records have in it."""
        return tuple(f"{table}{self.suffix}" for table in (*TABLES, ONE_SHEET))


FORMATS: dict[str, FileFormat] = {
    row.suffix: row
    for row in (
        FileFormat(".csv", "CSV files", csv_blocks, lambda path: path.stat().st_size),
        FileFormat(
            ".parquet",
            "Parquet files",
            lambda path, table, problems, size, by_line: parquet_blocks(path, table, problems, size),
            unpacked_size,
        ),
    )
}
# Files of these kinds are taken for records, also where they cannot be read; any other (a README) is left alone.
RECORD_SUFFIXES = (*FORMATS, *{".xlsx", ".xls", ".xlsm", ".tsv", ".ods", ".zip", ".gz"}.difference(FORMATS))
