"""A table whose cells are converted and whose rows are consistent, before it becomes a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from data_models.definitions.vocabulary import SIDE_EFFECTS
from data_models.intake.contract import BATCH_COLUMNS, BATCH_KEYS, TABLES, RecordBatch, empty_table
from data_models.intake.readers.columns import MISSING, Coded, Numbers
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import Rows


@dataclass(slots=True)
class CheckedTable:
    """Canonical columns of one table of the batch.

    Attributes
    ----------
    name, file : the table, and the file or sheet it came from.
    columns : those of the batch's frame.
    rows : source row of each record.
    sources : the file's columns that the records came from, for messages (one-sheet scores);
        `source_of[i]` is the place of record i's.
    """

    name: str
    file: str
    columns: dict[str, Coded | Numbers]
    rows: Rows
    sources: list[str] = field(default_factory=list)
    source_of: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def to_frame(self) -> pd.DataFrame:
        """The batch's frame: categories (missing where not recorded), float64, and `row`."""
        columns: dict[str, pd.Categorical | npt.NDArray[np.generic]] = {
            name: column.to_categorical() if isinstance(column, Coded) else column
            for name, column in self.columns.items()
        }
        return pd.DataFrame({**columns, "row": self.rows}, copy=False)

    def take(self, keep: npt.NDArray[np.bool_ | np.intp]) -> CheckedTable:
        """The records where `keep` holds, or at its places."""
        columns: dict[str, Coded | Numbers] = {
            name: Coded(column.codes[keep], column.values) if isinstance(column, Coded) else column[keep]
            for name, column in self.columns.items()
        }
        source_of = None if self.source_of is None else self.source_of[keep]
        return CheckedTable(self.name, self.file, columns, self.rows[keep], self.sources, source_of)

    def in_order_of_the_file(self) -> CheckedTable:
        """The records of a one-sheet file's blocks in the order of the whole file's: by score column or term."""
        order = self.source_of
        if order is None:
            term = self.columns.get("term")
            if not isinstance(term, Coded):
                return self
            place = {name: at for at, name in enumerate(SIDE_EFFECTS)}
            order = np.array([place[value] for value in term.values] or [0], dtype=np.int32)[term.codes]
        return self.take(np.argsort(order, kind="stable"))


def batch_of(
    checked: Mapping[str, CheckedTable], source: str, files: dict[str, str], repeats: int, warnings: list[str]
) -> RecordBatch:
    """A batch of checked tables; a table that is not among them has no rows."""
    frames = {name: checked[name].to_frame() if name in checked else empty_table(name) for name in TABLES}
    if "side_effects" not in checked:
        frames["side_effects"] = frames["side_effects"].assign(day_only=0.0)
    for name, frame in frames.items():
        extra = ["day_only"] if name == "side_effects" else []
        frames[name] = frame[[*BATCH_COLUMNS[name], *extra, "row"]]
    people, sessions, assessments, side_effects = frames.values()
    return RecordBatch(people, sessions, assessments, side_effects, source, files, repeats, warnings)


def _dense(column: Coded | Numbers) -> tuple[npt.NDArray[np.int64], int]:
    """A column as whole numbers from 0 (0 = missing), equal where the values are equal; and how many."""
    if isinstance(column, Coded):
        return column.codes.astype(np.int64) + 1, len(column.values) + 1
    codes, uniques = pd.factorize(column)  # by hash: a sort of a million hours takes five times as long
    return codes.astype(np.int64) + 1, len(uniques) + 1


def drop_repeats(table: CheckedTable, problems: Problems, *, lenient: bool = False) -> tuple[CheckedTable, int]:
    """Records without their identical repeats, and how many were dropped; conflicts are noted for all their rows.

    Parameters
    ----------
    lenient : an empty cell agrees with any other (patients of the one-sheet form, whose facts may stand in one of their
        rows, and its scores, whose item 9 may); the record kept then holds every fact given.
    """
    keys = BATCH_KEYS[table.name]
    complete = np.ones(len(table), bool)
    packed = np.zeros(len(table), np.int64)
    size = 1
    for key in keys:
        column = table.columns[key]
        complete &= ~(column.missing if isinstance(column, Coded) else np.isnan(column))
        codes, count = _dense(column)
        if size * count >= 2**62:
            uniques, packed = np.unique(packed, return_inverse=True)
            size = len(uniques)
        packed = packed * count + codes
        size *= count
    ordered = np.sort(packed[complete] if not complete.all() else packed)
    if not (ordered[1:] == ordered[:-1]).any():
        return table, 0
    duplicated = complete & pd.Series(packed).duplicated(keep=False).to_numpy()
    places = np.flatnonzero(duplicated)
    groups = pd.factorize(packed[places])[0]
    conflicting = np.zeros(int(groups.max()) + 1, bool)
    for name, column in table.columns.items():
        if name in keys:
            continue
        values, _ = _dense(column if isinstance(column, Coded) else column[places])
        values = values[places] if isinstance(column, Coded) else values
        missing = column.missing[places] if isinstance(column, Coded) else np.isnan(column[places])
        considered = ~missing if lenient else np.ones(len(places), bool)
        seen = pd.Series(np.where(missing, 0, values))[considered].groupby(groups[considered])
        spread = seen.max() != seen.min()
        conflicting[spread[spread].index.to_numpy()] = True
        if lenient:
            _fill(column, places, groups, missing)
    _note_conflicts(table, places, groups, conflicting, problems)
    first = ~pd.Series(packed).duplicated(keep="first").to_numpy() | ~complete
    return table.take(first), int((~first).sum())


def _fill(
    column: Coded | Numbers, places: npt.NDArray[np.intp], groups: npt.NDArray[np.intp], missing: npt.NDArray[np.bool_]
) -> None:
    """Give every record of a group the group's first recorded value (only the first record is kept)."""
    target = column.codes if isinstance(column, Coded) else column
    known, first = np.unique(groups[~missing], return_index=True)
    best = np.full(int(groups.max()) + 1, MISSING if isinstance(column, Coded) else np.nan, dtype=target.dtype)
    best[known] = target[places[~missing][first]]
    target[places] = best[groups]


def _note_conflicts(
    table: CheckedTable,
    places: npt.NDArray[np.intp],
    groups: npt.NDArray[np.intp],
    conflicting: npt.NDArray[np.bool_],
    problems: Problems,
) -> None:
    what = {
        "patients": "two patients have this code with different facts; correct one of the rows",
        "sessions": "two sessions of this patient stand at the same time with different facts; correct one of the rows",
        "assessments": "two different scores of this patient, instrument and time; correct one of the rows",
        "side_effects": "two different records of this side effect in one session; correct one of the rows",
    }[table.name]
    column = {"patients": "patient_code", "assessments": "score", "side_effects": "term"}.get(table.name)
    wrong = places[conflicting[groups]]
    if column is None:
        by_day = table.columns["day_only"][wrong] == 1  # type: ignore[index]
        problems.add_rows(table.file, table.rows[wrong[~by_day]], "hours", what)
        problems.add_rows(table.file, table.rows[wrong[by_day]], "day", what)
        return
    if table.source_of is None:
        problems.add_rows(table.file, table.rows[wrong], column, what)
        return
    for place, source in enumerate(table.sources):
        problems.add_rows(table.file, table.rows[wrong[table.source_of[wrong] == place]], source, what)
