"""Reading records of any size: in blocks of rows, kept on the disk by patient, handed on part by part.

The memory that it takes does not grow with the records. Records, repeats, problems and fingerprint are those that
`readers.read_records` gives.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np

from data_models.intake.contract import ONE_SHEET, TABLES, CannotRead, RecordBatch
from data_models.intake.readers.checked_table import CheckedTable, batch_of, drop_repeats
from data_models.intake.readers.containers import Container, open_container
from data_models.intake.readers.one_sheet import split_sheet
from data_models.intake.readers.parquet_files import unpacked_size
from data_models.intake.readers.previous_blocks import Cleared, Earlier, ReadAgain
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import Blocks, RawTable
from data_models.intake.readers.sorted_hashes import fingerprint_of
from data_models.intake.readers.spill import Spill
from data_models.intake.readers.tables import checked_table
from data_models.intake.threads import beside

Progress = Callable[[str, float], None]

BLOCK_BYTES = 4 * 2**20
_BLOCKS_AHEAD = 1  # more would take memory and no less time
PART_BYTES = 16 * 10**6  # of a CSV file: a part takes some 6 times as much in memory
WORTH_BYTES = 150 * 10**6  # held whole, these take about 1.1 GB and two thirds of the time
_PREFIX = "records-"
MOST_PARTS = 2_048


class RecordParts:
    """Checked records, whole patients at a time; each patient is in one part. Made by `read_parts`.

    Iterating gives a `RecordBatch` a part, as often as wanted, while the `read_parts` that made it is open. A part
    is looked through for repeats when it is first read, so that nothing is read for them alone.

    Attributes
    ----------
    source, files, warnings : as `RecordBatch` has them, of the whole.
    most : rows of each table, repeats included.
    counts, repeats : rows of each table and repeats, of the whole once all parts were given. The repeats of the
        parts add up to `repeats`.
    """

    def __init__(self, spill: Spill, source: str, *, one_sheet: bool) -> None:
        self._spill, self._one_sheet = spill, one_sheet
        self._numbers = spill.numbers or [0]
        self._dropped: dict[int, int] = {}  # of each part looked through, how many repeats there were
        self._conflicts = {name: Problems() for name in TABLES}
        self._looking = Lock()
        self._fingerprint: str | None = None
        self.source = source
        self.files = {name: spill.files.get(name, f"{name}.csv") for name in TABLES}
        self.warnings: list[str] = []
        self.most: Mapping[str, int] = {name: spill.rows[name] for name in TABLES}
        self.counts = dict.fromkeys(TABLES, 0)

    @property
    def repeats(self) -> int:
        return sum(self._dropped.values())

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[RecordBatch]:
        """The parts, each read while its user is busy with the one before.

        Raises
        ------
        RecordsRefused : in place of the last part, where any records contradict one another.
        """
        with closing(beside(self._batches(), 1)) as batches:
            yield from batches

    def _batches(self) -> Generator[RecordBatch]:
        for number in self._numbers:
            tables = self._part(number)
            if number == self._numbers[-1]:
                self.refuse_conflicts()
            yield batch_of(tables, self.source, dict(self.files), self._dropped[number], [])

    def refuse_conflicts(self, problems: Problems | None = None) -> None:
        """Refuse the records where any of the parts given so far contradict one another.

        Parameters
        ----------
        problems : those noted before, to be told too; where there are any, all parts are looked through.

        Raises
        ------
        RecordsRefused : with every problem.
        """
        told = Problems()
        if problems:
            told = problems
            for number in self._numbers:
                self._part(number)
        for found in self._conflicts.values():
            told.extend(found)
        told.refuse_if_any()

    def _part(self, number: int) -> dict[str, CheckedTable]:
        """The tables of a part without their repeats; notes records that contradict one another."""
        with self._looking:
            tables = self._spill.load(number)
            if number in self._dropped:
                return tables
            dropped, replaced = 0, False
            for name, table in tables.items():
                kept, gone = _each_once(table, self._conflicts[name], one_sheet=self._one_sheet)
                if kept is not table:
                    self._spill.replace(kept, number)
                    replaced = True
                # A one-sheet file repeats its patients by design: those are no repeats to report.
                dropped += 0 if self._one_sheet and name == "patients" else gone
                self.counts[name] += len(kept)
            self._dropped[number] = dropped
            return self._spill.load(number) if replaced else tables

    def fingerprint(self) -> str:
        """`records.fingerprint` of the whole; worked out when first asked for, which reads all parts once."""
        if self._fingerprint is None:
            with tempfile.TemporaryDirectory(dir=self._spill.folder) as folder:
                self._fingerprint = fingerprint_of(self, self.most, Path(folder))
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
    CannotRead, RecordsRefused : as `readers.read_records` does, with the same problems. That records contradict
        one another, where nothing else is wrong with them, is found when the parts are read.
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
        records = RecordParts(spill, container.source, one_sheet=ONE_SHEET in container.tables)
        if problems:
            say("looking for repeats", 1.0)
            records.refuse_conflicts(problems)
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
    """Says which file is checked and how much of all files was."""

    def __init__(self, say: Progress, container: Container) -> None:
        self._say, self._files, self._at = say, container.tables, 0.0
        sizes = [_size_of(container.paths[name]) if name in container.paths else 0 for name in self._files]
        self._whole = max(1, sum(sizes))
        self._starts = dict(zip(self._files, np.cumsum([0, *sizes]).tolist(), strict=False))

    def block(self, name: str, number: int) -> None:
        """Before a block of a file; one that is read again says no less than was said."""
        self._at = max(self._at, min(1.0, (self._starts[name] + number * BLOCK_BYTES) / self._whole))
        self._say(f"checking {self._files[name]}", self._at)


def _read(container: Container, name: str, spill: Spill, problems: Problems, cleared: Cleared, told: _Told) -> None:
    """Check one file block by block into the spill.

    What a later block shows to be wrong for the whole file (a malformed line, too many different words) is known
    when it is read again from its start. The codes cleared meanwhile stay so: those that pass in any file, and those
    cleared by all codes of the file, to which every line was well formed.
    """
    by_line, crowded = False, set[str]()
    while True:
        of_lines, of_cells = Problems(), Problems()
        earlier = Earlier(cleared, partial(_codes, container, name, by_line), set(crowded))
        raw = container.blocks(name, of_lines, BLOCK_BYTES, by_line)
        try:
            # Split into cells, judged, and put aside: three blocks in three threads.
            with closing(beside(_checked_blocks(raw, name, of_cells, earlier), _BLOCKS_AHEAD)) as blocks:
                for number, tables in enumerate(blocks):
                    told.block(name, number)
                    for table in tables:
                        spill.add(table)
            problems.extend(of_lines)
            problems.extend(of_cells)
            return
        except ReadAgain as found:
            spill.drop(TABLES if name == ONE_SHEET else {name: ()})
            if found.crowded:
                crowded.add(found.crowded)
            else:
                by_line, crowded = True, set()  # words of malformed lines do not count


def _checked_blocks(raw: Blocks, name: str, problems: Problems, earlier: Earlier) -> Generator[list[CheckedTable]]:
    """The tables of each block of a file."""
    with closing(beside(raw, _BLOCKS_AHEAD)) as blocks:
        for block in blocks:
            yield _checked(block, name, problems, earlier)
            earlier.blocks += 1


def _checked(raw: RawTable, name: str, problems: Problems, earlier: Earlier) -> list[CheckedTable]:
    if name == ONE_SHEET:
        return list(split_sheet(raw, problems, earlier).values())
    return [checked_table(raw, name, problems, earlier)]


def _codes(container: Container, name: str, by_line: bool) -> Iterator[list[str]]:
    """Every patient code of a file, a block at a time."""
    with closing(container.blocks(name, Problems(), BLOCK_BYTES, by_line)) as blocks:
        for raw in blocks:
            yield raw.columns["patient_code"].values.to_pylist()


def _each_once(table: CheckedTable, problems: Problems, *, one_sheet: bool) -> tuple[CheckedTable, int]:
    """A part's records without their repeats, and how many were dropped; notes those that contradict one another."""
    if one_sheet:
        table = table.in_order_of_the_file()
    if table.name == "side_effects":  # theirs are known when their sessions are: reconcile
        return table, 0
    return drop_repeats(table, problems, lenient=one_sheet and table.name == "patients")
