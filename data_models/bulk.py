"""Moving frames in and out of the database in bulk, on the connection of the surrounding transaction.

ADBC would load SQLite in a third of the time, but it brings a SQLite library of its own, and two of
them on one file in one process break each other's locks and corrupt the file (sqlite.org,
"How To Corrupt An SQLite Database File", section 2.2.1; seen here). So rows go through the
driver that everything else uses: several rows a statement into SQLite, COPY into PostgreSQL.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Column, Connection, Executable, Integer, Table, insert

_ROWS_AT_ONCE = 100_000  # bounds the memory that Python objects take
_ROWS_A_STATEMENT = 16  # measured: 1.5 times the speed of one row a statement; more gains nothing


def _values(column: pd.Series, *, whole: bool) -> list[Any]:
    """The column as Python values, None for missing."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        codes, names = pd.factorize(column)
        return np.array([*names, None], dtype=object)[codes].tolist()
    values = column.to_numpy()
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    if whole and values.dtype.kind == "f":
        values = np.where(missing, 0, values).astype(np.int64)
    if not missing.any():
        return values.tolist()
    objects = values.astype(object)
    objects[missing] = None
    return objects.tolist()


def ingest(connection: Connection, frame: pd.DataFrame, table: Table) -> None:
    """Append the frame's rows to the table: columns by name, NaN and missing as null."""
    # A column without any value (most clinics record few of the vitals) need not be bound.
    given = [c for c in table.columns if frame[c.name].notna().any()]
    if not given:
        return
    put = _copy if connection.dialect.name == "postgresql" else _insert
    # The driver's own cursor takes an iterator: no list of a million tuples is ever made.
    cursor: Any = connection.connection.cursor()
    try:
        for start in range(0, len(frame), _ROWS_AT_ONCE):
            put(connection, cursor, frame.iloc[start : start + _ROWS_AT_ONCE], table, given)
    finally:
        cursor.close()


def _insert(connection: Connection, cursor: Any, part: pd.DataFrame, table: Table, given: list[Column[Any]]) -> None:
    one_row = str(insert(table).compile(dialect=connection.dialect, column_keys=[c.name for c in given]))
    head, _, places = one_row.rpartition("VALUES ")
    many_rows = f"{head}VALUES {', '.join([places] * _ROWS_A_STATEMENT)}"
    columns = [_values(part[c.name], whole=isinstance(c.type, Integer)) for c in given]
    full = len(part) - len(part) % _ROWS_A_STATEMENT
    cells = chain.from_iterable(zip(*(values[:full] for values in columns), strict=True))
    cursor.executemany(many_rows, zip(*[cells] * (len(given) * _ROWS_A_STATEMENT), strict=True))
    cursor.executemany(one_row, zip(*(values[full:] for values in columns), strict=True))


def _copy(connection: Connection, cursor: Any, part: pd.DataFrame, table: Table, given: list[Column[Any]]) -> None:
    quoted = connection.dialect.identifier_preparer
    columns = {}
    for column in given:
        values = pa.array(part[column.name], from_pandas=True)
        columns[column.name] = values.cast(pa.int64()) if isinstance(column.type, Integer) else values
    text = pa.BufferOutputStream()
    csv.write_csv(pa.table(columns), text, csv.WriteOptions(include_header=False))
    names = ", ".join(quoted.quote(column.name) for column in given)
    with cursor.copy(f"COPY {quoted.format_table(table)} ({names}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(text.getvalue())


def read_rows(connection: Connection, statement: Executable) -> list[dict[str, Any]]:
    """The rows of a SELECT as dicts, missing values None: for what is small, where a frame would cost more."""
    result = connection.execute(statement)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def read_frame(connection: Connection, statement: Executable) -> pd.DataFrame:
    """The rows of a SELECT as a frame; numbers that may be missing are float64 with NaN."""
    result = connection.execute(statement)
    names = list(result.keys())
    rows = result.all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    frame = pd.DataFrame({name: pd.Series(list(values)) for name, values in zip(names, columns, strict=True)})
    # A column without any value comes back untyped.
    return frame.astype({c: "float64" for c in frame if frame[c].dtype == object and frame[c].isna().all()})
