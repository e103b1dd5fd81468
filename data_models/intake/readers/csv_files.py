"""Reading one CSV file as text, strictly, in blocks of lines.

The ordinary path is Arrow's reader with every column as text. Only when it finds the file malformed is
it read again from its start, line by line. A file gives the same cells and problems in blocks of any size.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from data_models.intake.contract import CannotRead
from data_models.intake.readers.csv_lines import well_formed_lines
from data_models.intake.readers.csv_text import LONGEST_LINE, SLICE, first_line, text_bounds
from data_models.intake.readers.file_context import ReadAgain
from data_models.intake.readers.header import check_header
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import Blocks, RawTable, Texts

_QUOTE, _BETWEEN_CELLS = ord('"'), tuple(b",\r\n")


def csv_blocks(path: Path, table: str, problems: Problems, size: int, by_line: bool) -> Blocks:
    """The cells of a CSV file in blocks of lines; no block (with problems noted) where nothing of it can be checked.

    Parameters
    ----------
    size : bytes of a block, about.
    by_line : whether some line is malformed: those that are not are read, the problems of the others noted.

    Raises
    ------
    CannotRead : the file cannot be opened, or changes while it is read.
    ReadAgain : a line is malformed; what was noted and read so far does not hold.
    """
    file = path.name
    try:
        # Read, not mapped: a file that shrinks while it is mapped would take the process down.
        with path.open("rb") as stream:
            bounds = text_bounds(iter(lambda: stream.read(SLICE), b""), file, problems)
            if bounds is None:
                return
            start, end = bounds
            if start == end:
                problems.add(file, None, None, "the file is empty; it needs a row of column names")
                return
            stream.seek(start)
            header = first_line(stream.read(min(LONGEST_LINE + 1, end - start)), file, problems)
            if header is None:
                return
            names = check_header(table, file, header[0], problems)
            if not any(names):
                return
            start = min(start + header[1], end)
            stream.seek(start)
            if by_line or start == end:
                text = io.TextIOWrapper(
                    io.BufferedReader(_Bounded(stream, end - start)), encoding="utf-8", newline=None
                )
                yield from well_formed_lines(text, file, names, problems, size)
                return
            row = 2
            for block in _cut(stream, end - start, size):
                yield (raw := _parsed(block, file, names, row))
                row += raw.length
    except OSError as error:
        raise _cannot_open(path, error) from None
    except UnicodeDecodeError:
        raise CannotRead(f"{file} changed while it was read; read it again") from None


def _cannot_open(path: Path, error: OSError) -> CannotRead:
    return CannotRead(f"{path.name} cannot be opened ({error.strerror or 'input error'}); check the path")


def _cut(stream: BinaryIO, length: int, size: int) -> Iterator[bytes]:
    """The next bytes of a stream in blocks of whole lines.

    Raises
    ------
    ReadAgain : a line is too long.
    CannotRead : there are fewer bytes than there were.
    """
    left, held = length, b""
    while left:
        fresh = stream.read(min(size, left))
        if not fresh:
            raise CannotRead(f"{Path(stream.name).name} changed while it was read; read it again")
        left -= len(fresh)
        held += fresh
        # A return at the very end may be the first half of a line end.
        end = max(held.rfind(b"\n"), held.rfind(b"\r", 0, len(held) - 1)) + 1 if left else len(held)
        if end:
            yield held[:end]
            held = held[end:]
        elif len(held) > 2 * LONGEST_LINE:
            raise ReadAgain


class _Bounded(io.RawIOBase):
    """The next bytes of a stream, as many as are asked for and no more."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream, self._left = stream, length

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        found = self._stream.read(min(len(target), self._left))
        target[: len(found)] = found
        self._left -= len(found)
        return len(found)


def _quotes_match(block: bytes) -> bool:
    """Whether each quotation mark of whole lines opens a cell, closes one or stands doubled inside one."""
    if b'"' not in block:
        return True
    text = np.frombuffer(b"\n" + block + b"\n", np.uint8)
    places = np.flatnonzero(text == _QUOTE)
    opening, closing = places[::2], places[1::2]
    return (
        len(opening) == len(closing)
        and bool(np.isin(text[opening - 1], (*_BETWEEN_CELLS, _QUOTE)).all())
        and bool(np.isin(text[closing + 1], (*_BETWEEN_CELLS, _QUOTE)).all())
    )


def _parsed(block: bytes, file: str, names: list[str | None], row: int) -> RawTable:
    """Whole lines through Arrow, the first of them row `row`; raises ReadAgain where any line is malformed."""
    if not _quotes_match(block):  # Arrow would guess
        raise ReadAgain
    places = [f"{place}" for place in range(len(names))]
    try:
        read = pyarrow.csv.read_csv(
            pa.BufferReader(block),
            read_options=pyarrow.csv.ReadOptions(column_names=places, block_size=LONGEST_LINE),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=False, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={place: pa.dictionary(pa.int32(), pa.string()) for place in places},
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        ).unify_dictionaries()
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        raise ReadAgain from None
    table = RawTable(file, length=read.num_rows, first=row)
    for place, name in zip(places, names, strict=True):
        chunks = read.column(place).chunks
        values = chunks[0].dictionary
        # Only line by line is it told where a cell holds a line break, which an unclosed quotation mark
        # makes of the end of a line or a block.
        if pyarrow.compute.any(pyarrow.compute.match_substring_regex(values, r"[\r\n]")).as_py():
            raise ReadAgain
        if name is not None:
            codes = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in chunks])
            table.columns[name] = Texts(values, codes)
    # A line without a patient may be an empty one.
    if "patient_code" in table.columns and pyarrow.compute.index(table.columns["patient_code"].values, "").as_py() >= 0:
        raise ReadAgain
    return table
