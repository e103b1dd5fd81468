"""Reading session records: a folder of CSV or Parquet files, a workbook or a one-sheet file becomes one checked batch.

All problems of all files are found in one go; one problem and nothing is handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from data_models.readers.checked import CheckedTable, batch_of, drop_repeats
from data_models.readers.containers import open_container
from data_models.readers.earlier import Cleared, Earlier
from data_models.readers.one_sheet import split_sheet
from data_models.readers.problems import Problems
from data_models.readers.tables import checked_table
from data_models.records import ONE_SHEET, TABLES, RecordBatch

__all__ = ["read_records"]

Progress = Callable[[str, float], None]


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
    say = progress or (lambda what, done: None)
    problems = Problems()
    cleared = Cleared()
    say("reading", 0.0)
    container = open_container(Path(path), problems)
    checked: dict[str, CheckedTable] = {}
    for at, name in enumerate(container.tables):
        say(f"checking {container.tables[name]}", at / len(container.tables))
        raw = container.read(name)
        if raw is None:
            continue
        if name == ONE_SHEET:
            checked = split_sheet(raw, problems, Earlier(cleared))
        else:
            checked[name] = checked_table(raw, name, problems, Earlier(cleared))
    repeats = 0
    for name in list(checked):
        if name != "side_effects":  # theirs are known when their sessions are: reconcile
            one_sheet = ONE_SHEET in container.tables
            checked[name], dropped = drop_repeats(checked[name], problems, lenient=one_sheet and name == "patients")
            # A one-sheet file repeats its patients by design: those are no repeats to report.
            repeats += 0 if one_sheet and name == "patients" else dropped
    problems.refuse_if_any()
    files = {name: checked[name].file if name in checked else f"{name}.csv" for name in TABLES}
    say("checked", 1.0)
    return batch_of(checked, container.source, files, repeats, [])
