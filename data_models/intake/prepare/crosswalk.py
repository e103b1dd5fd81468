"""The crosswalk: which record number has which code, and when that person's first session was.

It is what makes records identified again. It stays at the clinic, apart from the records, readable by its
owner alone; the product reads and writes it while records are made of an export and nowhere else. Several record
numbers may have one code: a transferred patient's (`people.join`).
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.moments import moment_of
from data_models.intake.prepare.people import Known
from data_models.intake.readers.containers import require_file

COLUMNS = ("record_number", "patient_code", "first_session")


def read_crosswalk(path: Path) -> dict[str, Known]:
    """Everybody in a crosswalk, by record number; nobody where the file is not there yet. Raises CannotRead."""
    if not path.exists():
        return {}
    known: dict[str, Known] = {}
    people: dict[str, Known] = {}
    require_file(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise CannotRead(f"{path} cannot be read as a crosswalk; name the file that `prepare` wrote") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise CannotRead(f"{path} is no crosswalk: its first row is not {','.join(COLUMNS)}; name another file")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(COLUMNS) or not all(row[:2]) or row[0] in known:
            raise CannotRead(f"{path}, row {number}: not one new record number and code; restore the crosswalk")
        if row[2] and moment_of(row[2]) is None:
            raise CannotRead(f"{path}, row {number}, column first_session: no date; restore the crosswalk")
        known[row[0]] = people.setdefault(row[1], Known(row[1], row[2]))
        if known[row[0]].first_session != row[2]:
            raise CannotRead(f"{path}, row {number}: its code has another first session above; restore the crosswalk")
    return known


def crosswalk_text(known: Mapping[str, Known]) -> str:
    """A crosswalk's file."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    writer.writerows((number, one.patient_code, one.first_session) for number, one in known.items())
    return stream.getvalue()


def write_crosswalk(path: Path, known: Mapping[str, Known]) -> None:
    """Put a crosswalk in place of the one before, whole or not at all, for its owner's eyes only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")  # of mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(crosswalk_text(known))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
