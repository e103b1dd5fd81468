"""Reading one CSV file as text, strictly.

The ordinary path is Arrow's reader with every column as text. Only when it, or a look at the bytes,
finds the file malformed is it read again line by line, which is slow but knows rows and reasons.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from data_models.readers.header import check_header
from data_models.readers.problems import Problems
from data_models.readers.raw import RawTable, Texts
from data_models.records import CannotRead

LARGEST_FILE = 4 * 10**9
MOST_COLUMNS = 1_000
LONGEST_LINE = 2**20  # Arrow reads by blocks of this size; a line that fits in two may pass
_SLICE = 2**24
_JOINED_LINES = 50  # how far a quoted line break is followed before the quotation mark counts as unclosed
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read_csv(path: Path, table: str, problems: Problems, file: str | None = None) -> RawTable | None:
    """The cells of a CSV file; None (with problems noted) where nothing of it can be checked further.

    Raises
    ------
    CannotRead : the file cannot be opened.
    """
    file = file or path.name
    try:
        if path.stat().st_size > LARGEST_FILE:
            problems.add(file, None, None, f"the file is larger than {LARGEST_FILE:,} bytes; split it")
            return None
        # Read, not mapped: a file that shrinks while it is mapped would take the process down.
        with pa.OSFile(str(path)) as stream:
            content = stream.read_buffer()
    except OSError as error:
        raise CannotRead(f"{file} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    view = memoryview(content).cast("B")  # Arrow's own view has signed bytes
    if not _is_text(view, file, problems):
        return None
    start = len(codecs.BOM_UTF8) if bytes(view[:3]) == codecs.BOM_UTF8 else 0
    end = len(view)
    while end > start and view[end - 1] in b"\r\n":
        end -= 1
    if end == start:
        problems.add(file, None, None, "the file is empty; it needs a row of column names")
        return None
    header = _header(view[start:end], file, problems)
    if header is None:
        return None
    names = check_header(table, file, header, problems)
    if not any(names):
        return None
    body = content.slice(start, end - start)
    try:
        return _fast(body, file, names)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return _line_by_line(body, file, names, problems)


def _is_text(view: memoryview, file: str, problems: Problems) -> bool:
    """Whether the bytes are UTF-8 without NUL; says where they are not."""
    for mark, encoding in _OTHER_ENCODINGS:
        if bytes(view[: len(mark)]) == mark:
            problems.add(file, 1, None, f"the file is {encoding} (byte 1); save it as CSV UTF-8")
            return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    position, lines = 0, 1
    while position < len(view):
        part = bytes(view[position : position + _SLICE])
        last = position + len(part) == len(view)
        pending = len(decoder.getstate()[0])
        if b"\0" in part:
            at = part.index(b"\0")
            row = lines + part.count(b"\n", 0, at)
            guess = "the file looks like UTF-16; save it as CSV UTF-8" if position == 0 and at < 4 else "remove it"
            problems.add(file, row, None, f"a NUL byte at byte {position + at + 1}; {guess}")
            return False
        if not part.isascii() or pending:
            try:
                decoder.decode(part, final=last)
            except UnicodeDecodeError as error:
                at = error.start - pending  # negative: it began in the slice before
                row = lines + part.count(b"\n", 0, max(at, 0))
                problems.add(
                    file,
                    row,
                    None,
                    f"byte {position + at + 1} is not UTF-8 (the file looks like Windows-1252 or another 8-bit"
                    " encoding); save it as CSV UTF-8",
                )
                return False
        position += len(part)
        lines += part.count(b"\n")
    return True


def _header(view: memoryview, file: str, problems: Problems) -> list[str] | None:
    """The cells of the first line."""
    first = bytes(view[: LONGEST_LINE + 1])
    ends = [at for at in (first.find(b"\n"), first.find(b"\r")) if at >= 0]
    if not ends and len(first) > LONGEST_LINE:
        problems.add(file, 1, None, f"the line is longer than {LONGEST_LINE:,} bytes; is this a CSV file?")
        return None
    line = first[: min(ends)] if ends else first
    try:
        header = next(csv.reader([line.decode()], strict=True), [""])
        if len(header) > MOST_COLUMNS:
            problems.add(file, 1, None, f"the file has more than {MOST_COLUMNS:,} columns; is this a file of records?")
            return None
        return header
    except (csv.Error, UnicodeDecodeError):
        problems.add(
            file, 1, None, "a quotation mark of the column names is not closed on its line; close or remove it"
        )
        return None


def _fast(body: pa.Buffer, file: str, names: list[str | None]) -> RawTable:
    """The whole file through Arrow; raises ArrowInvalid where any line is malformed."""
    places = [f"{place}" for place in range(len(names))]
    wanted = {place: name for place, name in zip(places, names, strict=True) if name is not None}
    read = pyarrow.csv.read_csv(
        pa.BufferReader(body),
        read_options=pyarrow.csv.ReadOptions(column_names=places, skip_rows=1, block_size=LONGEST_LINE),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=False, ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={place: pa.dictionary(pa.int32(), pa.string()) for place in wanted},
            include_columns=list(wanted),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
        ),
    ).unify_dictionaries()
    table = RawTable(file, length=read.num_rows)
    for place, name in wanted.items():
        chunks = read.column(place).chunks
        if not chunks:
            table.columns[name] = Texts.of([])
            continue
        codes = [chunk.indices.to_numpy(zero_copy_only=False) for chunk in chunks]
        table.columns[name] = Texts(chunks[0].dictionary, np.concatenate(codes))
    # Quoted line breaks and lines without a patient (empty ones): the slow path says where they are.
    if any(_holds_line_break(texts.values) for texts in table.columns.values()):
        raise pa.ArrowInvalid
    if "patient_code" in table.columns and pyarrow.compute.index(table.columns["patient_code"].values, "").as_py() >= 0:
        raise pa.ArrowInvalid
    return table


def _holds_line_break(values: pa.StringArray) -> bool:
    return bool(pyarrow.compute.any(pyarrow.compute.match_substring_regex(values, r"[\r\n]")).as_py())


def _lines(body: pa.Buffer) -> Iterator[tuple[int, str]]:
    """Row number and text of each line after the header; a quoted line break does not end a row."""
    stream = io.TextIOWrapper(io.BytesIO(memoryview(body)), encoding="utf-8", newline=None)
    next(stream)
    row, waiting = 2, []
    for line in stream:
        line = line.removesuffix("\n")
        waiting.append(line)
        if sum(part.count('"') for part in waiting) % 2 == 0:
            yield row, "\n".join(waiting)
            row, waiting = row + 1, []
        elif len(waiting) >= _JOINED_LINES:
            for part in waiting:
                yield row, part
                row += 1
            waiting = []
    for part in waiting:
        yield row, part
        row += 1


def _line_by_line(body: pa.Buffer, file: str, names: list[str | None], problems: Problems) -> RawTable:
    """The lines that are well formed, with their row numbers; notes what is wrong with the others."""
    cells: list[list[str]] = []
    rows: list[int] = []
    for row, line in _lines(body):
        if len(line) > LONGEST_LINE or len(line.encode()) > LONGEST_LINE:
            problems.add(
                file, row, None, f"the line is longer than {LONGEST_LINE:,} bytes; is a quotation mark missing?"
            )
            continue
        if not line:
            problems.add(file, row, None, "the line is empty; delete it")
            continue
        try:
            parsed = next(csv.reader([line], strict=True)) if '"' in line else line.split(",")
        except csv.Error:
            problems.add(file, row, None, "a quotation mark is not closed on its line; close or remove it")
            continue
        if "\n" in line:
            column = next((n for n, cell in zip(names, parsed, strict=False) if "\n" in cell and n), None)
            problems.add(file, row, column, "a cell holds a line break; remove it")
        elif len(parsed) != len(names):
            found = f"{len(parsed):,} field{'' if len(parsed) == 1 else 's'} where the header has {len(names):,}"
            what = "the row is cut short" if len(parsed) < len(names) else "the row has too many fields"
            at = _first_wrong_column(names, len(parsed))
            problems.add(file, row, at, f"{what}: {found}; correct the row")
        else:
            cells.append(parsed)
            rows.append(row)
    table = RawTable(file, length=len(cells), rows=np.array(rows, dtype=np.int64))
    for place, name in enumerate(names):
        if name is not None:
            table.columns[name] = Texts.of([row_cells[place] for row_cells in cells])
    return table


def _first_wrong_column(names: list[str | None], found: int) -> str | None:
    """The first column without a field in a row cut short; None for a row with too many."""
    return names[found] if found < len(names) else None
