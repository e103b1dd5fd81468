"""Reading one Parquet file as text, so that it passes the same checks as a CSV file of the same content.

Only the different values of a column become text. What text cannot say without guessing (dates, true and
false, nested values) is refused by column. Rows are counted as the CSV file's would be: the first is row 2.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_models.readers.header import check_header
from data_models.readers.problems import Problems
from data_models.readers.raw import RawTable, Texts
from data_models.records import TABLES, CannotRead

MOST_ROWS = 100_000_000
MOST_COLUMNS = 1_000
# A file of equal values packs well; beyond this it is made to fill the memory.
MOST_CELLS_A_BYTE = 100
_HARMLESS_CELLS = 10_000_000


def read_parquet(path: Path, table: str, problems: Problems) -> RawTable | None:
    """The cells of a Parquet file; None (with problems noted) where nothing of it can be checked further.

    Raises
    ------
    CannotRead : the file cannot be opened or is no Parquet file.
    """
    # Imported here: the CSV path and the dashboard's start have no use for it.
    import pyarrow.parquet as pq

    file = path.name
    try:
        with path.open("rb") as stream, pq.ParquetFile(stream) as source:
            names = _columns(source, table, file, path.stat().st_size, problems)
            if names is None:
                return None
            raw = RawTable(file, length=source.metadata.num_rows)
            refused = []
            for name in (name for name in names if name is not None):
                texts = _texts(source.read(columns=[name]).column(name), file, name, problems)
                if texts is None:
                    refused.append(name)
                else:
                    raw.columns[name] = texts
            # Without a column that every row needs, each row would be told of again.
            required = {field.name for field in TABLES.get(table, ()) if field.required}
            return None if (required | {"patient_code", "hours", "day"}).intersection(refused) else raw
    except OSError as error:
        if error.strerror is None:  # Arrow's word for a file that breaks off
            raise CannotRead(f"{file} is no readable Parquet file; write it again") from None
        raise CannotRead(f"{file} cannot be opened ({error.strerror}); check the path") from None
    except (pa.ArrowException, UnicodeDecodeError):
        raise CannotRead(f"{file} is no readable Parquet file; write it again") from None


def _columns(source: object, table: str, file: str, size: int, problems: Problems) -> list[str | None] | None:
    """The known name of each column (None: refused); None where the file is not to be read."""
    metadata, schema = source.metadata, source.schema_arrow  # type: ignore[attr-defined]
    header = list(schema.names)
    cells = metadata.num_rows * max(len(header), 1)
    if len(header) > MOST_COLUMNS:
        problems.add(file, 1, None, f"the file has more than {MOST_COLUMNS:,} columns; is this a file of records?")
    elif metadata.num_rows > MOST_ROWS:
        problems.add(file, None, None, f"the file has more than {MOST_ROWS:,} rows; split it")
    elif cells > max(_HARMLESS_CELLS, MOST_CELLS_A_BYTE * size):
        problems.add(
            file, None, None, f"the file unpacks to more than {MOST_CELLS_A_BYTE} cells a byte; it is not read"
        )
    elif not header:
        problems.add(file, None, None, "the file is empty; it needs columns with the names of the records")
    else:
        names = check_header(table, file, header, problems)
        # Of a name that stands twice, neither column is read.
        names = [name if name is not None and header.count(name) == 1 else None for name in names]
        return names if any(names) else None
    return None


def _texts(column: pa.ChunkedArray, file: str, name: str, problems: Problems) -> Texts | None:
    """A column's cells as a CSV file would hold them, "" for null; None with a problem noted where they cannot be."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    reason = _refused(kind)
    if reason:
        problems.add(file, None, name, reason)
        return None
    if pa.types.is_null(kind):
        return Texts(pa.array([""]), np.zeros(len(column), np.int32))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.string())
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


def _refused(kind: pa.DataType) -> str | None:
    """Why a column of this type cannot be read as text; None where it can."""
    types = pa.types
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
