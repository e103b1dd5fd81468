"""Reading one Parquet file as text, so that it passes the same checks as a CSV file of the same content.

Only the different values of a column become text. What text cannot say without guessing (dates, true and
false, nested values) is refused by column. Rows are counted as the CSV file's would be: the first is row 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_models.intake.contract import TABLES, CannotRead
from data_models.intake.readers.header import check_header
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import Blocks, RawTable, Texts

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MOST_COLUMNS = 1_000
# A file of equal values packs well; beyond this it is made to fill the memory.
MOST_CELLS_A_BYTE = 100
_HARMLESS_CELLS = 10_000_000
MOST_BYTES_A_BYTE = 100
_HARMLESS_BYTES = 64 * 2**20
_BYTES_A_CELL = 8
_BUFFER = 2**20


def parquet_blocks(path: Path, table: str, problems: Problems, size: int) -> Blocks:
    """The cells of a Parquet file in blocks of rows; none (with problems noted) where nothing of it can be checked.

    Parameters
    ----------
    size : bytes of a block, about.

    Raises
    ------
    CannotRead : the file cannot be opened or is no Parquet file.
    """
    with _opened(path) as source:
        names, checkable = _columns(source, table, path, problems)
        rows = max(1, size * source.metadata.num_rows // max(1, _unpacked(source)))
        row = 2
        for batch in source.iter_batches(rows, columns=names) if names else ():
            columns = {name: _texts(pa.chunked_array([batch.column(name)])) for name in names}
            if checkable:
                yield RawTable(path.name, columns, batch.num_rows, first=row)
            row += batch.num_rows
        if checkable and (row == 2 or not names):
            yield RawTable(path.name, {name: Texts.of([]) for name in names}, source.metadata.num_rows)


def unpacked_size(path: Path) -> int:
    """Bytes of a Parquet file unpacked, by its own metadata: no less than `_BYTES_A_CELL` a cell.

    Raises
    ------
    CannotRead : the file cannot be opened or is no Parquet file.
    """
    with _opened(path) as source:
        return _unpacked(source)


def _unpacked(source: pq.ParquetFile) -> int:
    metadata = source.metadata
    return int(max(_told(source), _BYTES_A_CELL * metadata.num_rows * metadata.num_columns))


def _told(source: pq.ParquetFile) -> int:
    """Bytes of the pages of a Parquet file unpacked, as its metadata has them."""
    metadata = source.metadata
    return sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file, which reads of each column a little at a time; plain words for what is wrong with it."""
    # Imported here: the CSV path and the dashboard's start have no use for it.
    import pyarrow.parquet as pq

    file = path.name
    try:
        # Texts are read as the file holds them, each different one once: spelled out in every row, a kilobyte of one
        # long text would fill the memory.
        texts = list(range(MOST_COLUMNS))
        with (
            path.open("rb") as stream,
            pq.ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False, read_dictionary=texts) as source,
        ):
            yield source
    except OSError as error:
        if error.strerror is None:  # Arrow's word for a file that breaks off
            raise CannotRead(f"{file} is no readable Parquet file; write it again") from None
        raise CannotRead(f"{file} cannot be opened ({error.strerror}); check the path") from None
    except (pa.ArrowException, UnicodeDecodeError):
        raise CannotRead(f"{file} is no readable Parquet file; write it again") from None


def _columns(source: pq.ParquetFile, table: str, path: Path, problems: Problems) -> tuple[list[str], bool]:
    """The columns that can be read as text, and whether their rows can be checked; notes what is wrong."""
    file, metadata = path.name, source.metadata
    header = list(source.schema_arrow.names)
    cells = metadata.num_rows * max(len(header), 1)
    if len(header) > MOST_COLUMNS:
        problems.add(file, 1, None, f"the file has more than {MOST_COLUMNS:,} columns; is this a file of records?")
    elif cells > max(_HARMLESS_CELLS, MOST_CELLS_A_BYTE * path.stat().st_size):
        what = f"the file unpacks to more than {MOST_CELLS_A_BYTE} cells a byte; it is not read"
        problems.add(file, None, None, what)
    elif _told(source) > max(_HARMLESS_BYTES, MOST_BYTES_A_BYTE * path.stat().st_size):
        what = f"the file unpacks to more than {MOST_BYTES_A_BYTE} times its size; it is not read"
        problems.add(file, None, None, what)
    elif not header:
        problems.add(file, None, None, "the file is empty; it needs columns with the names of the records")
    else:
        # Of a name that stands twice, neither column is read.
        known = [n for n in check_header(table, file, header, problems) if n is not None and header.count(n) == 1]
        reasons = {name: _refused(source.schema_arrow.field(name).type) for name in known}
        for name, reason in reasons.items():
            if reason:
                problems.add(file, None, name, reason)
        # Without a column that every row needs, each row would be told of again.
        needed = {field.name for field in TABLES.get(table, ()) if field.required} | {"patient_code", "hours", "day"}
        readable = [name for name, reason in reasons.items() if not reason]
        return readable, bool(known) and needed.isdisjoint(reasons.keys() - set(readable))
    return [], False


def _texts(column: pa.ChunkedArray) -> Texts:
    """A column's cells as a CSV file would hold them, "" for null."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_null(kind):
        return Texts(pa.array([""]), np.zeros(len(column), np.int32))
    if pa.types.is_dictionary(column.type):
        encoded = _distinct(column.combine_chunks())
    else:
        encoded = column.dictionary_encode().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # no row at all
        return Texts.of([])
    values = _as_text(encoded.dictionary)
    values.validate(full=True)  # Arrow does not look at the bytes of texts by itself
    empty = pc.index(values, "").as_py()
    if empty < 0 and encoded.null_count:
        empty, values = len(values), pa.concat_arrays([values, pa.array([""])])
    codes = encoded.indices.fill_null(empty) if encoded.null_count else encoded.indices
    return Texts(values, codes.cast(pa.int32()).to_numpy(zero_copy_only=False))


def _distinct(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """A column of codes whose values are those that its rows hold, each once, in the order of the rows."""
    used = column.indices.dictionary_encode()
    values = column.dictionary.take(used.dictionary).cast(pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(values.indices.take(used.indices), values.dictionary)


def _refused(kind: pa.DataType) -> str | None:
    """Why a column of this type cannot be read as text; None where it can."""
    types = pa.types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_temporal(kind):
        return "the column holds dates or times: date (C); give hours or days since the first session"
    if types.is_boolean(kind):
        return "the column holds true / false values; write yes or no as text"
    readable = (types.is_integer, types.is_floating, types.is_decimal, types.is_string, types.is_large_string)
    if any(is_kind(kind) for is_kind in (*readable, types.is_string_view, types.is_null)):
        return None
    return "the column holds neither text nor numbers; write it as one of them"


def _as_text(values: pa.Array) -> pa.StringArray:
    if not pa.types.is_floating(values.type):
        return values.cast(pa.string())
    texts = values.cast(pa.string())
    # 1e-05 is how Arrow writes a number that the file does not hold as text: in digits it is fine.
    exponents = pc.match_substring(texts, "e").to_numpy(zero_copy_only=False)
    if not exponents.any():
        return texts
    return pa.array([format(Decimal(text), "f") if "e" in text else text for text in texts.to_pylist()], pa.string())
