"""Reading records of any size: in blocks of rows, handed on in parts of whole patients; a small file is one part."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path

import numpy as np

from data_models.intake.contract import ONE_SHEET, TABLES, CannotRead, RecordBatch, one_clinic
from data_models.intake.readers.checked_table import CheckedTable, batch_of, drop_repeats
from data_models.intake.readers.containers import Container, open_container
from data_models.intake.readers.file_context import Cleared, FileContext, ReadAgain
from data_models.intake.readers.file_formats import FORMATS
from data_models.intake.readers.missing_codes import MissingCodes
from data_models.intake.readers.one_sheet import split_sheet
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import Blocks, RawTable
from data_models.intake.readers.spill import Spill
from data_models.intake.readers.tables import checked_table
from data_models.intake.threads import from_thread

Progress = Callable[[str, float], None]

BLOCK_BYTES = 4 * 2**20
_BLOCKS_AHEAD = 1  # more would take memory and no less time
PART_BYTES = 16 * 10**6  # of a CSV file: a part takes some 6 times as much in memory
_PREFIX = "records-"
MOST_PARTS = 2_048


class RecordParts:
    """Checked records, whole patients at a time; each patient is in one part. Made by `read_parts`.

    Iterating gives a `RecordBatch` a part, while the `read_parts` that made it is open. A part is looked through for
    repeats when it is read, so that nothing is read for them alone.

    Attributes
    ----------
    source, files : as `RecordBatch` has them, of the whole.
    most : rows of each table, repeats included.
    counts, repeats : rows of each table and repeats, of the parts given so far.
    warnings : what is odd but not wrong; the first part has them too.
    """

    def __init__(self, spill: Spill, source: str, warnings: list[str], *, one_sheet: bool) -> None:
        self._spill, self._one_sheet, self.warnings = spill, one_sheet, warnings
        self.source = source
        self.files = {name: spill.files.get(name, f"{name}.csv") for name in TABLES}
        self.most: Mapping[str, int] = {name: spill.rows[name] for name in TABLES}
        self.counts = dict.fromkeys(TABLES, 0)
        self.repeats = 0

    def __iter__(self) -> Iterator[RecordBatch]:
        """The parts, each read while its user is busy with the one before.

        Raises
        ------
        RecordsRefused : in place of the last part, where any records contradict one another.
        """
        self.counts, self.repeats = dict.fromkeys(TABLES, 0), 0
        with closing(from_thread(self._batches(Problems()), 1)) as batches:
            for batch in batches:
                self.counts = {name: rows + len(getattr(batch, name)) for name, rows in self.counts.items()}
                self.repeats += batch.repeats
                yield batch

    def refuse(self, problems: Problems) -> None:
        """Refuse the records for these problems, and for those of records that contradict one another.

        Raises
        ------
        RecordsRefused : with every problem.
        """
        for _ in self._batches(problems):
            pass

    def _batches(self, problems: Problems) -> Generator[RecordBatch]:
        numbers = self._spill.numbers or [0]
        conflicts = {name: Problems() for name in TABLES}
        for number in numbers:
            tables, repeats = self._spill.load(number), 0
            for name, table in tables.items():
                tables[name], dropped = _each_once(table, conflicts[name], one_sheet=self._one_sheet)
                # A one-sheet file repeats its patients by design: those are no repeats to report.
                repeats += 0 if self._one_sheet and name == "patients" else dropped
            if number == numbers[-1]:
                for found in conflicts.values():
                    problems.extend(found)
                problems.refuse_if_any(self.warnings)
            yield batch_of(
                tables, self.source, dict(self.files), repeats, self.warnings if number == numbers[0] else []
            )


@contextmanager
def read_parts(
    path: Path,
    scratch: Path | None = None,
    progress: Progress | None = None,
    most_parts: int = MOST_PARTS,
    block: int | None = None,
    part: int | None = None,
    known_codes: Sequence[str] = (),
) -> Iterator[RecordParts]:
    """Read and check session records of any size; a context manager.

    The memory that it takes does not grow with the records: those of more than `PART_BYTES` wait on the disk
    (`tests/benchmarks/import_records.py --growth`; twice these bytes are some 600 MB in an import).

    Parameters
    ----------
    path : a folder of CSV or Parquet files, a workbook (.xlsx), or one such file: a table by its name
        (`sessions.csv`, `sessions.parquet`), else the one-sheet form.
    scratch : where a folder for the checked rows is made, some 40 bytes a score, if they come in more than one part;
        None: the system's folder for temporary files. It is its owner's alone (0700) and taken away at the end, also
        after an error.
    progress : called with what is being done and how much of the whole is done (0 to 1).
    most_parts : 1: all are held in the memory.
    block, part : bytes, in place of `BLOCK_BYTES` and `PART_BYTES`.
    known_codes : of patients whom the store has, some 2,000; the identifier screen judges a few new ones among them.

    Raises
    ------
    CannotRead : there is nothing to read at `path`, or it is no container of records.
    RecordsRefused : with every problem found. That records contradict one another, where nothing else is wrong with
        them, is found when the parts are read.
    OSError : the scratch folder cannot be written, or its disk is full.
    """
    say = progress or (lambda what, done: None)
    say("reading", 0.0)
    problems = Problems()
    block, part = block or BLOCK_BYTES, part or PART_BYTES
    container = open_container(Path(path), problems)
    problems.in_order(container.tables.values())
    count = max(1, min(most_parts, -(-sum(map(_size_of, container.paths.values())) // part)))
    with _scratch_folder(scratch or Path(tempfile.gettempdir())) if count > 1 else nullcontext() as folder:
        spill = Spill(folder, count)
        cleared = Cleared(known_codes)
        shares = _FileProgress(say, container, block)
        respelled: dict[str, str] = {}
        notes: list[str] = []
        for name in container.tables:
            words, of_file = _read(container, name, spill, problems, cleared, shares)
            respelled |= words
            notes += of_file
        spill.flush()
        notes += one_clinic(respelled)
        records = RecordParts(spill, container.source, notes, one_sheet=ONE_SHEET in container.tables)
        if problems:
            say("looking for repeats", 1.0)
            records.refuse(problems)
        say("checked", 1.0)
        yield records


@contextmanager
def _scratch_folder(place: Path) -> Iterator[Path]:
    """A folder of our own for as long as the context lasts."""
    _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    try:
        yield folder
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


def _size_of(path: Path) -> int:
    """Bytes of records as a CSV file would hold them, about."""
    # What cannot be opened is told of when it is read.
    try:
        return FORMATS[path.suffix.lower()].size(path)
    except (CannotRead, OSError):
        return 0


class _FileProgress:
    """Says which file is checked and how much of all files was."""

    def __init__(self, say: Progress, container: Container, block_bytes: int) -> None:
        self._say, self._files, self._at, self.block_bytes = say, container.tables, 0.0, block_bytes
        sizes = [_size_of(container.paths[name]) if name in container.paths else 0 for name in self._files]
        self._whole = max(1, sum(sizes))
        self._starts = dict(zip(self._files, np.cumsum([0, *sizes]).tolist(), strict=False))

    def block(self, name: str, number: int) -> None:
        """Before a block of a file; one that is read again says no less than was said."""
        self._at = max(self._at, min(1.0, (self._starts[name] + number * self.block_bytes) / self._whole))
        self._say(f"checking {self._files[name]}", self._at)


def _read(
    container: Container, name: str, spill: Spill, problems: Problems, cleared: Cleared, shares: _FileProgress
) -> tuple[dict[str, str], list[str]]:
    """Check one file block by block into the spill; the words that were respelled, and what is to be said of it.

    What a later block shows to be wrong for the whole file (a malformed line, too many different words) is known
    when it is read again from its start. The codes cleared meanwhile stay so: those that pass in any file, and those
    cleared by all codes of the file, to which every line was well formed.
    """
    by_line, crowded = False, set[str]()
    while True:
        of_lines, of_cells = Problems(), Problems()
        every_code = partial(_codes, container, name, shares.block_bytes, by_line)
        context = FileContext(cleared, every_code, set(crowded))
        codes = MissingCodes()
        raw = container.blocks(name, of_lines, shares.block_bytes, by_line)
        try:
            # Split into cells, judged, and put aside: three blocks in three threads.
            with closing(from_thread(_checked_blocks(raw, name, of_cells, context), _BLOCKS_AHEAD)) as blocks:
                for number, tables in enumerate(blocks):
                    shares.block(name, number)
                    for table in tables:
                        spill.add(table)
                        codes.add(table)
            problems.extend(of_lines)
            problems.extend(of_cells)
            return context.respelled, codes.notes()
        except ReadAgain as found:
            spill.drop(TABLES if name == ONE_SHEET else {name: ()})
            if found.crowded:
                crowded.add(found.crowded)
            else:
                by_line, crowded = True, set()  # words of malformed lines do not count


def _checked_blocks(raw: Blocks, name: str, problems: Problems, context: FileContext) -> Generator[list[CheckedTable]]:
    """The tables of each block of a file."""
    with closing(from_thread(raw, _BLOCKS_AHEAD)) as blocks:
        for block in blocks:
            yield _checked(block, name, problems, context)
            context.blocks += 1


def _checked(raw: RawTable, name: str, problems: Problems, context: FileContext) -> list[CheckedTable]:
    if name == ONE_SHEET:
        return list(split_sheet(raw, problems, context).values())
    return [checked_table(raw, name, problems, context)]


def _codes(container: Container, name: str, block_bytes: int, by_line: bool) -> Iterator[list[str]]:
    """Every patient code of a file, a block at a time."""
    with closing(container.blocks(name, Problems(), block_bytes, by_line)) as blocks:
        for raw in blocks:
            yield raw.columns["patient_code"].values.to_pylist()


def _each_once(table: CheckedTable, problems: Problems, *, one_sheet: bool) -> tuple[CheckedTable, int]:
    """A part's records without their repeats, and how many were dropped; notes those that contradict one another."""
    if one_sheet:
        table = table.in_order_of_the_file()
    if table.name == "side_effects":  # theirs are known when their sessions are: reconcile
        return table, 0
    return drop_repeats(table, problems, lenient=one_sheet and table.name in ("patients", "assessments"))
