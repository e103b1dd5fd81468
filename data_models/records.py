"""The record contract: one closed schema a table, as data, and what a checked batch looks like."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

PROBLEMS_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the records: what, where, what to do. Never echoes a suspected identifier.

    `row` is the row of the file as a spreadsheet counts it (the header is row 1); None for the
    whole file. `column` is a column name; None for the whole row.
    """

    file: str
    row: int | None
    column: str | None
    reason: str

    def __str__(self) -> str:
        where = [self.file]
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column is not None:
            where.append(f"column {self.column}")
        return f"{', '.join(where)}: {self.reason}"


class RecordsRefused(Exception):
    """The batch has problems; nothing of it is stored. Holds the first 1,000 and the count."""

    def __init__(self, problems: list[Problem], count: int | None = None) -> None:
        self.problems = problems[:PROBLEMS_SHOWN]
        self.count = len(problems) if count is None else count
        super().__init__(f"{self.count:,} problems; first: {problems[0]}")


class CannotRead(Exception):
    """The path cannot be opened or is no container of records (command line exit code 2)."""


@dataclass(slots=True)
class RecordBatch:
    """Checked records in canonical form: four frames, keyed by `patient_code`.

    Columns are those of the tables of the same name in `data_models.tables`, with `patient_code` in
    place of `patient_id`, plus `row` (the source row, for messages). Numbers are float64 with NaN for
    "not recorded", codes are strings with missing values, keys are never missing.

    Attributes
    ----------
    source : csv, xlsx or one_sheet.
    files : the file or sheet name that each table came from, for messages.
    """

    patients: pd.DataFrame
    sessions: pd.DataFrame
    assessments: pd.DataFrame
    side_effects: pd.DataFrame
    source: str = "csv"
    files: dict[str, str] = field(default_factory=dict)
    repeats: int = 0
    warnings: list[str] = field(default_factory=list)
