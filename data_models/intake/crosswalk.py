"""The crosswalk: which record number has which code, and when that person's first session was.

It is what makes records identified again. It stays at the clinic, apart from the records, readable by its
owner alone; the product reads and writes it in `deidentify` and nowhere else.
"""

from __future__ import annotations

import csv
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from data_models.intake.contract import CannotRead, Problem, RecordBatch, RecordsRefused, empty_table
from data_models.intake.identified import Deidentified, Known, deidentify
from data_models.intake.prepare.moments import Moment, moment_of
from data_models.intake.readers import read_records
from data_models.intake.readers.containers import require_file
from data_models.intake.readers.identified_files import read_identified
from data_models.intake.readers.spill import owners_alone
from data_models.intake.reconcile import reconcile

COLUMNS = ("record_number", "patient_code", "first_session")


def read_crosswalk(path: Path) -> dict[str, Known]:
    """Everybody in a crosswalk, by record number; nobody where the file is not there yet. Raises CannotRead."""
    if not path.exists():
        return {}
    known: dict[str, Known] = {}
    codes: set[str] = set()
    require_file(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise CannotRead(f"{path} cannot be read as a crosswalk; name the file that `deidentify` wrote") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise CannotRead(f"{path} is no crosswalk: its first row is not {','.join(COLUMNS)}; name another file")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(COLUMNS) or not all(row[:2]) or row[0] in known or row[1] in codes:
            raise CannotRead(f"{path}, row {number}: not one new record number and code; restore the crosswalk")
        if row[2] and moment_of(row[2]) is None:
            raise CannotRead(f"{path}, row {number}, column first_session: no date; restore the crosswalk")
        known[row[0]] = Known(row[1], row[2])
        codes.add(row[1])
    return known


def write_crosswalk(path: Path, known: dict[str, Known]) -> None:
    """Put a crosswalk in place of the one before, whole or not at all, for its owner's eyes only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")  # of mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            writer.writerows((number, one.patient_code, one.first_session) for number, one in known.items())
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def deidentify_path(
    raw: Path, crosswalk: Path, output: Path, as_of: Moment | None = None
) -> tuple[Deidentified, RecordBatch]:
    """Make session records of an identified export, checked as an import checks them: all of them or none.

    Parameters
    ----------
    crosswalk : read if it is there, and written with the people who are new.
    as_of : until when the records were looked through; None: until their latest entry.
    output : a folder that is not there yet or empty, in a folder that is. Its files are their owner's alone (0600).

    Raises
    ------
    CannotRead, RecordsRefused : nothing was written.
    """
    known = read_crosswalk(crosswalk)
    of_earlier = [one.patient_code for one in known.values() if one.first_session]
    made = deidentify(read_identified(raw), known, as_of)
    # Without dates and record numbers by now: nothing identified is ever written but the crosswalk.
    beside = Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}."))
    try:
        for name, (header, rows) in made.tables.items():
            file = beside / f"{name}.csv"
            with open(file, "w", encoding="utf-8", newline="", opener=owners_alone) as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(header)
                writer.writerows(rows)
        batch = _checked(beside, made, of_earlier)
        # First: codes that nobody has yet do no harm, records whose codes are lost would.
        write_crosswalk(crosswalk, known)
        if output.exists():
            beside.chmod(stat.S_IMODE(output.stat().st_mode))  # the folder is the user's own, as it was
            output.rmdir()
        beside.rename(output)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return made, batch


def _checked(folder: Path, made: Deidentified, of_earlier: Sequence[str]) -> RecordBatch:
    """The records as an import would take them; problems name the rows of the export.

    `of_earlier`: codes of the patients whose first session earlier exports held.
    """
    try:
        batch = read_records(folder)
        # What this export says of them stands for itself; else they are known, and were treated at hour 0.
        patients, sessions = (
            pd.DataFrame({"patient_code": sorted(set(of_earlier) - set(frame["patient_code"]))})
            for frame in (batch.patients, batch.sessions)
        )
        stored = RecordBatch(
            pd.concat([empty_table("patients"), patients]),
            pd.concat([empty_table("sessions"), sessions.assign(hours=0.0, day_only=0.0)]),
            empty_table("assessments"),
            empty_table("side_effects"),
        )
        return reconcile(batch, stored)
    except RecordsRefused as refused:
        numbers = {f"{name}.csv": rows for name, rows in made.numbers.items()}
        problems = [_of_export(problem, numbers.get(problem.file)) for problem in refused.problems]
        raise RecordsRefused(problems, refused.count) from None


def _of_export(problem: Problem, numbers: list[int] | None) -> Problem:
    if numbers is None or problem.row is None or not 2 <= problem.row < len(numbers) + 2:
        return problem
    return Problem(problem.file, numbers[problem.row - 2], problem.column, problem.reason)
