"""Reading records of any size: in blocks of rows, kept on the disk by patient, handed on part by part.

The memory that it takes does not grow with the records. Records, repeats, problems and fingerprint are those that
`readers.read_records` gives.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from data_models.readers.checked import CheckedTable, batch_of, drop_repeats
from data_models.readers.containers import Container, open_container
from data_models.readers.earlier import Cleared, Earlier, ReadAgain
from data_models.readers.one_sheet import split_sheet
from data_models.readers.parquet_files import unpacked_size
from data_models.readers.problems import Problems
from data_models.readers.raw import RawTable
from data_models.readers.sorted_hashes import fingerprint_of
from data_models.readers.spill import Spill
from data_models.readers.tables import checked_table
from data_models.records import ONE_SHEET, TABLES, CannotRead, RecordBatch

Progress = Callable[[str, float], None]

BLOCK_BYTES = 4 * 2**20
PART_BYTES = 16 * 10**6  # of a CSV file: a part takes some 6 times as much in memory
WORTH_BYTES = 150 * 10**6  # held whole, these take about 1.1 GB and two thirds of the time
_PREFIX = "records-"
MOST_PARTS = 2_048


class RecordParts:
    """Checked records, whole patients at a time; each patient is in one part. Made by `read_parts`.

    Iterating gives a `RecordBatch` a part, as often as wanted and in several threads, while the `read_parts` that
    made it is open. The repeats of the parts add up to `repeats`.

    Attributes
    ----------
    source, files, repeats, warnings : as `RecordBatch` has them, of the whole.
    counts : rows of each table.
    """

    def __init__(
        self, spill: Spill, source: str, numbers: list[int], repeats: list[int], counts: dict[str, int]
    ) -> None:
        self._spill, self._numbers, self._repeats = spill, numbers, repeats
        self._fingerprint: str | None = None
        self.source = source
        self.files = {name: spill.files.get(name, f"{name}.csv") for name in TABLES}
        self.repeats = sum(repeats)
        self.warnings: list[str] = []
        self.counts: Mapping[str, int] = counts

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[RecordBatch]:
        for number, repeats in zip(self._numbers, self._repeats, strict=True):
            yield batch_of(self._spill.load(number), self.source, dict(self.files), repeats, [])

    def fingerprint(self) -> str:
        """`records.fingerprint` of the whole; worked out when first asked for, which reads all parts once."""
        if self._fingerprint is None:
            with tempfile.TemporaryDirectory(dir=self._spill.folder) as folder:
                self._fingerprint = fingerprint_of(self, self.counts, Path(folder))
        return self._fingerprint


def size_of_records(path: Path) -> int:
    """Bytes of the records at a path, as CSV files would hold them, about; 0 where nothing can be read."""
    if _is_workbook(path):
        return _size_of(path)
    try:
        return _size(open_container(path, Problems()))
    except (CannotRead, OSError):
        return 0


def worth_parts(path: Path) -> bool:
    """Whether records are so large that they should be read in parts. False where nothing can be read."""
    return not _is_workbook(path) and size_of_records(path) >= WORTH_BYTES


def _is_workbook(path: Path) -> bool:
    """Whether a path is a workbook's: bounded by its own format, and slow to open."""
    return path.suffix.lower() == ".xlsx"


@contextmanager
def read_parts(path: Path, scratch: Path | None = None, progress: Progress | None = None) -> Iterator[RecordParts]:
    """Read and check session records of any size; a context manager.

    Parameters
    ----------
    path : as `readers.read_records` takes it.
    scratch : where a folder for the checked rows is made, some 40 bytes a score; None: the system's folder for
        temporary files. It is its owner's alone (0700) and taken away at the end, also after an error.
    progress : called with what is being done and how much of the whole is done (0 to 1).

    Raises
    ------
    CannotRead, RecordsRefused : as `readers.read_records` does, with the same problems.
    OSError : the scratch folder cannot be written, or its disk is full.
    """
    say = progress or (lambda what, done: None)
    say("reading", 0.0)
    problems = Problems()
    container = open_container(Path(path), problems)
    problems.in_order(container.tables.values())
    place = scratch or Path(tempfile.gettempdir())
    _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    try:
        spill = Spill(folder, max(1, min(MOST_PARTS, -(-_size(container) // PART_BYTES))))
        cleared = Cleared()
        told = _Told(say, container)
        for name in container.tables:
            _read(container, name, spill, problems, cleared, told)
        spill.flush()
        records = _without_repeats(spill, container, problems, say)
        say("checked", 1.0)
        yield records
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Take away what processes left that were killed while they read: records do not lie about."""
    if os.name != "posix":  # elsewhere a process cannot be asked after without harm
        return
    for left in place.glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _lives(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _size(container: Container) -> int:
    """Bytes of the records, as a CSV file would hold them, about."""
    return sum(map(_size_of, container.paths.values()))


def _size_of(path: Path) -> int:
    # What cannot be opened is told of when it is read.
    try:
        return unpacked_size(path) if path.suffix.lower() == ".parquet" else path.stat().st_size
    except (CannotRead, OSError):
        return 0


class _Told:
    """Says which file is checked and how much of all files was: of the whole, nine tenths are reading them."""

    def __init__(self, say: Progress, container: Container) -> None:
        self._say, self._files, self._at = say, container.tables, 0.0
        sizes = [_size_of(container.paths[name]) if name in container.paths else 0 for name in self._files]
        self._whole = max(1, sum(sizes)) / 0.9
        self._starts = dict(zip(self._files, np.cumsum([0, *sizes]).tolist(), strict=False))

    def block(self, name: str, number: int) -> None:
        """Before a block of a file; one that is read again says no less than was said."""
        self._at = max(self._at, min(0.9, (self._starts[name] + number * BLOCK_BYTES) / self._whole))
        self._say(f"checking {self._files[name]}", self._at)


def _read(container: Container, name: str, spill: Spill, problems: Problems, cleared: Cleared, told: _Told) -> None:
    """Check one file block by block into the spill.

    What a later block shows to be wrong for the whole file (a malformed line, too many different words) is known
    when it is read again from its start. The codes cleared meanwhile stay so: those that pass in any file, and those
    cleared by all codes of the file, to which every line was well formed.
    """
    by_line, crowded = False, set[str]()
    while True:
        noted = Problems()
        earlier = Earlier(cleared, partial(_codes, container, name, by_line), set(crowded))
        try:
            with closing(container.blocks(name, noted, BLOCK_BYTES, by_line)) as blocks:
                for raw in blocks:
                    told.block(name, earlier.blocks)
                    for table in _checked(raw, name, noted, earlier):
                        spill.add(table)
                    earlier.blocks += 1
            problems.extend(noted)
            return
        except ReadAgain as found:
            spill.drop(TABLES if name == ONE_SHEET else {name: ()})
            if found.crowded:
                crowded.add(found.crowded)
            else:
                by_line, crowded = True, set()  # words of malformed lines do not count


def _checked(raw: RawTable, name: str, problems: Problems, earlier: Earlier) -> list[CheckedTable]:
    if name == ONE_SHEET:
        return list(split_sheet(raw, problems, earlier).values())
    return [checked_table(raw, name, problems, earlier)]


def _codes(container: Container, name: str, by_line: bool) -> Iterator[list[str]]:
    """Every patient code of a file, a block at a time."""
    with closing(container.blocks(name, Problems(), BLOCK_BYTES, by_line)) as blocks:
        for raw in blocks:
            yield raw.columns["patient_code"].values.to_pylist()


def _without_repeats(spill: Spill, container: Container, problems: Problems, say: Progress) -> RecordParts:
    """The parts without the repeats of their records.

    Raises
    ------
    RecordsRefused : with the problems noted so far, and records that contradict one another.
    """
    one_sheet = ONE_SHEET in container.tables
    conflicts = {name: Problems() for name in TABLES}
    counts = dict.fromkeys(TABLES, 0)
    numbers, repeats = [], []
    for part in range(spill.parts):
        say("looking for repeats", 0.9 + 0.1 * part / spill.parts)
        dropped = 0
        tables = spill.load(part)
        for name, table in tables.items():
            kept, gone = _each_once(table, conflicts[name], one_sheet=one_sheet)
            if kept is not table:
                spill.replace(kept, part)
            # A one-sheet file repeats its patients by design: those are no repeats to report.
            dropped += 0 if one_sheet and name == "patients" else gone
            counts[name] += len(kept)
        if tables or part == 0:
            numbers.append(part)
            repeats.append(dropped)
    for found in conflicts.values():
        problems.extend(found)
    problems.refuse_if_any()
    return RecordParts(spill, container.source, numbers, repeats, counts)


def _each_once(table: CheckedTable, problems: Problems, *, one_sheet: bool) -> tuple[CheckedTable, int]:
    """A part's records without their repeats, and how many were dropped; notes those that contradict one another."""
    if one_sheet:
        table = table.in_order_of_the_file()
    if table.name == "side_effects":  # theirs are known when their sessions are: reconcile
        return table, 0
    return drop_repeats(table, problems, lenient=one_sheet and table.name == "patients")
