"""Reading session records: a folder of CSV or Parquet files, a workbook or a one-sheet file becomes one checked batch.

All problems of all files are found in one go; one problem and nothing is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from data_models.intake.contract import ONE_SHEET, TABLES, RecordBatch
from data_models.intake.readers.checked_table import CheckedTable, batch_of, drop_repeats
from data_models.intake.readers.containers import open_container
from data_models.intake.readers.one_sheet import split_sheet
from data_models.intake.readers.previous_blocks import Cleared, Earlier
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.tables import checked_table

__all__ = ["Step", "read_in_steps", "read_records"]

Progress = Callable[[str, float], None]
# A table's name and frame, as soon as it is checked; at last the batch of them all.
Step = tuple[str, pd.DataFrame] | RecordBatch


def read_records(path: Path, progress: Progress | None = None) -> RecordBatch:
    """Read and check session records.

    Parameters
    ----------
    path : a folder of CSV or Parquet files, a workbook (.xlsx), or one such file: a table by its name
        (`sessions.csv`, `sessions.parquet`), else the one-sheet form.
    progress : called with what is being done and how much of the whole is done (0 to 1).

    Returns
    -------
    The checked batch in canonical form; rules across files and against the store are
    `data_models.reconcile`'s.

    Raises
    ------
    CannotRead : there is nothing to read at `path`, or it is no container of records.
    RecordsRefused : with every problem found.
    """
    *_, batch = read_in_steps(path, progress)
    assert isinstance(batch, RecordBatch)
    return batch


def read_in_steps(path: Path, progress: Progress | None = None) -> Iterator[Step]:
    """Read and check session records as `read_records` does, and give each table as soon as it is checked.

    No table is given after the first problem; then the problems are raised at the end, as by `read_records`.
    """
    say = progress or (lambda what, done: None)
    problems = Problems()
    cleared = Cleared()
    say("reading", 0.0)
    container = open_container(Path(path), problems)
    problems.in_order(container.tables.values())
    one_sheet = ONE_SHEET in container.tables
    checked: dict[str, CheckedTable] = {}
    repeats = 0
    for at, name in enumerate(container.tables):
        say(f"checking {container.tables[name]}", at / len(container.tables))
        raw = container.read(name)
        if raw is None:
            continue
        earlier = Earlier(cleared)
        found = (
            split_sheet(raw, problems, earlier) if one_sheet else {name: checked_table(raw, name, problems, earlier)}
        )
        for table in found:
            if table != "side_effects":  # theirs are known when their sessions are: reconcile
                lenient = one_sheet and table == "patients"
                found[table], dropped = drop_repeats(found[table], problems, lenient=lenient)
                # A one-sheet file repeats its patients by design: those are no repeats to report.
                repeats += 0 if lenient else dropped
            if not problems:
                yield table, found[table].to_frame()
        checked |= found
    problems.refuse_if_any()
    files = {name: checked[name].file if name in checked else f"{name}.csv" for name in TABLES}
    say("checked", 1.0)
    yield batch_of(checked, container.source, files, repeats, [])
