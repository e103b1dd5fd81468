"""A clinic's export on the disk becomes a folder of session records: all or none, and nothing left out unsaid."""

from __future__ import annotations

import csv
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from data_models.intake.contract import CannotRead, Problem, RecordBatch, RecordsRefused, empty_table
from data_models.intake.prepare.crosswalk import read_crosswalk, write_crosswalk
from data_models.intake.prepare.deidentify import Deidentified, deidentify
from data_models.intake.prepare.moments import Moment
from data_models.intake.prepare.people import Known, join
from data_models.intake.prepare.source import Choices, Export, Origin, Source
from data_models.intake.prepare.sources import SOURCES, recognised
from data_models.intake.readers import read_records
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.spill import owners_alone
from data_models.intake.reconcile import reconcile

_NOTHING_LEFT_OUT: Final = "is left out, and --strict leaves nothing out; see to it, or prepare without --strict"


@dataclass(slots=True)
class Prepared:
    """Session records as an import would take them, and what was left out of the export on the way."""

    made: Deidentified
    batch: RecordBatch
    source: str


def source_of(path: Path, key: str = "", *, to_suggest: bool = False) -> Source:
    """The reader of an export: the one that a map names, else the one that recognises it. Raises CannotRead.

    Parameters
    ----------
    to_suggest : it is to propose a map, which `sheets` does of any table.
    """
    known = {source.key: source for source in SOURCES}
    if key:
        if key not in known:
            raise CannotRead(f"format: no format {key[:40]!r}; the formats are {', '.join(known)}")
        return known[key]
    if not path.exists():
        raise CannotRead(f"there is no file or folder {path.name}; check the path")
    found = recognised(path) or (known["sheets"] if to_suggest else None)
    if found is None:
        names = "; ".join(source.name for source in SOURCES if source.key != "sheets")
        raise CannotRead(
            f"{path.name} is none of the exports that need no map ({names}); have a map proposed: "
            f"prepare {path.name} --suggest -o MAP.toml"
        )
    return found


def read_export(path: Path, choices: Choices, key: str = "") -> tuple[Export, Source]:
    """An export's tables, by its own reader. Raises CannotRead, RecordsRefused."""
    source, problems = source_of(path, key), Problems()
    export = source.read(path, choices, problems)
    problems.refuse_if_any()
    return export, source


def prepare_folder(
    path: Path,
    crosswalk: Path,
    output: Path,
    choices: Choices | None = None,
    *,
    key: str = "",
    as_of: Moment | None = None,
    strict: bool = False,
) -> Prepared:
    """Make session records of an export, checked as an import checks them: all of them or none.

    Parameters
    ----------
    path : the export.
    crosswalk : read if it is there, and written with the people who are new.
    output : a folder that is not there yet or empty, in a folder that is. Its files are their owner's alone (0600).
    choices : what the files do not say.
    key : the format, where a map names it.
    as_of : until when the records were looked through; None: until their latest entry.
    strict : refuse what would be left out.

    Raises
    ------
    CannotRead, RecordsRefused : nothing was written.
    """
    known = read_crosswalk(crosswalk)
    beside = Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}."))
    try:
        prepared = prepare_into(beside, path, known, choices or Choices(), key=key, as_of=as_of, strict=strict)
        # First: codes that nobody has yet do no harm, records whose codes are lost would.
        write_crosswalk(crosswalk, known)
        if output.exists():
            beside.chmod(stat.S_IMODE(output.stat().st_mode))  # the folder is the user's own, as it was
            output.rmdir()
        beside.rename(output)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return prepared


def prepare_into(
    folder: Path,
    path: Path,
    known: dict[str, Known],
    choices: Choices,
    *,
    key: str = "",
    as_of: Moment | None = None,
    strict: bool = False,
) -> Prepared:
    """The same into a folder that is there, with the people of a crosswalk at hand; new people are added to them.

    Nothing identified is written: what reaches the folder has neither dates nor record numbers.

    Raises
    ------
    CannotRead, RecordsRefused : `known` is not to be kept, nor what is in the folder.
    """
    export, source = read_export(path, choices, key)
    join(known, choices.same_as)
    of_earlier = sorted({one.patient_code for one in known.values() if one.first_session})
    made = deidentify(export, known, choices, as_of)
    if strict:
        _refuse_left_out(made)
    write_tables(made, folder)
    return Prepared(made, checked(folder, made, of_earlier), source.name)


def _refuse_left_out(made: Deidentified) -> None:
    problems = Problems()
    for file, columns in made.columns_left_out.items():
        for column in columns:
            problems.add(file, 1, column, f"the column {_NOTHING_LEFT_OUT}")
    for reason, count, origins in made.left_out.of_records():
        for origin in origins:
            problems.add(origin.file, origin.row, origin.column, f"{reason} {_NOTHING_LEFT_OUT}")
        if count > len(origins):
            problems.add(
                "the export", None, None, f"{reason}: {count - len(origins):,} more; --strict leaves nothing out"
            )
    problems.refuse_if_any()


def write_tables(made: Deidentified, folder: Path) -> None:
    """Write session records as CSV files that are their owner's alone."""
    for name, columns in made.tables.items():
        with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="", opener=owners_alone) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))


def checked(folder: Path, made: Deidentified, of_earlier: Sequence[str] = ()) -> RecordBatch:
    """The records of a folder as an import would take them; problems name the rows of the export.

    Parameters
    ----------
    of_earlier : codes of the patients whose first session earlier exports held.

    Raises
    ------
    RecordsRefused : with the places in the export.
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
        origins = {f"{name}.csv": rows for name, rows in made.origins.items()}
        problems = [_of_export(problem, origins.get(problem.file)) for problem in refused.problems]
        raise RecordsRefused(problems, refused.count) from None


def _of_export(problem: Problem, origins: list[Origin] | None) -> Problem:
    if origins is None or problem.row is None or not 2 <= problem.row < len(origins) + 2:
        return problem
    origin = origins[problem.row - 2]
    return Problem(origin.file, origin.row, origin.column or problem.column, problem.reason)
