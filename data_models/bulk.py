"""Moving frames in and out of the database in bulk, on the connection of the surrounding transaction.

ADBC would load SQLite in a third of the time, but it brings a SQLite library of its own, and two of
them on one file in one process break each other's locks and corrupt the file (sqlite.org,
"How To Corrupt An SQLite Database File", section 2.2.1; seen here). So rows go through the
driver that everything else uses, several rows a statement.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Integer, Select, Table, insert

_ROWS_AT_ONCE = 100_000  # bounds the memory that Python objects take
_ROWS_A_STATEMENT = 16  # measured: 1.5 times the speed of one row a statement; more gains nothing


def _values(column: pd.Series, *, whole: bool) -> list[Any]:
    """The column as Python values, None for missing."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        codes, names = pd.factorize(column)
        return np.append(np.asarray(names, dtype=object), None)[codes].tolist()  # type: ignore[no-any-return]
    values = column.to_numpy()
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    if whole and values.dtype.kind == "f":
        values = np.where(missing, 0, values).astype(np.int64)
    if not missing.any():
        return values.tolist()  # type: ignore[no-any-return]
    objects = values.astype(object)
    objects[missing] = None
    return objects.tolist()  # type: ignore[no-any-return]


def ingest(connection: Connection, frame: pd.DataFrame, table: Table) -> None:
    """Append the frame's rows to the table: columns by name, NaN and missing as null."""
    width = len(table.columns)
    one_row = insert(table).compile(dialect=connection.dialect)
    head, _, tuple_sql = str(one_row).rpartition("VALUES ")
    many_rows = f"{head}VALUES {', '.join([tuple_sql] * _ROWS_A_STATEMENT)}"
    for start in range(0, len(frame), _ROWS_AT_ONCE):
        part = frame.iloc[start : start + _ROWS_AT_ONCE]
        columns = [_values(part[c.name], whole=isinstance(c.type, Integer)) for c in table.columns]
        rows = list(zip(*columns, strict=True))
        full = len(rows) - len(rows) % _ROWS_A_STATEMENT
        if full:
            cells = chain.from_iterable(rows[:full])
            statements = list(zip(*[cells] * (width * _ROWS_A_STATEMENT), strict=True))
            connection.exec_driver_sql(many_rows, statements)
        if rows[full:]:
            connection.exec_driver_sql(str(one_row), rows[full:])


def read_frame(connection: Connection, statement: Select[Any]) -> pd.DataFrame:
    """The rows of a SELECT as a frame; numbers that may be missing are float64 with NaN."""
    result = connection.execute(statement)
    names = list(result.keys())
    rows = result.all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    frame = pd.DataFrame({name: pd.Series(list(values)) for name, values in zip(names, columns, strict=True)})
    # A column without any value comes back untyped.
    return frame.astype({c: "float64" for c in frame if frame[c].dtype == object and frame[c].isna().all()})
