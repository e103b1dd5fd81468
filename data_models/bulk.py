"""Moving frames in and out of the store in bulk, inside one transaction.

ADBC hands Arrow columns to the database without a Python object a cell: a third of the time that
`executemany` takes into SQLite. It is its own connection beside SQLAlchemy's, so an import or a
derivation runs wholly on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Engine, Float, Integer, Table
from sqlalchemy.sql import ClauseElement

LOCK_WAIT_SECONDS = 60
_CACHE_KIB = 200_000


def arrow_table(frame: pd.DataFrame, table: Table) -> pa.Table:
    """The frame's columns in the table's order and types; NaN and missing become null."""
    columns = {}
    for column in table.columns:
        values = pa.array(frame[column.name], from_pandas=True)
        if isinstance(column.type, BigInteger | Integer):
            kind = pa.int64()
        elif isinstance(column.type, Float):
            kind = pa.float64()
        else:
            kind = pa.string()
        columns[column.name] = values.cast(kind) if values.type != kind else values
    return pa.table(columns)


class Bulk:
    """One bulk connection and its transaction: commits on a clean exit, else rolls everything back."""

    def __init__(self, engine: Engine) -> None:
        from adbc_driver_sqlite import dbapi

        if engine.dialect.name != "sqlite" or not engine.url.database:
            raise ValueError(f"bulk loading into {engine.dialect.name} is not built yet")
        self._dialect = engine.dialect
        self._connection = dbapi.connect(engine.url.database, autocommit=True)
        try:
            self._cursor = self._connection.cursor()
            self.fetch_text(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")
            self.fetch_text(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self.fetch_text("PRAGMA synchronous = NORMAL")
            self._connection.adbc_connection.set_autocommit(False)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Bulk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._connection.commit()
            else:
                self._connection.rollback()
        finally:
            self._cursor.close()
            self._connection.close()

    def _text(self, statement: ClauseElement) -> str:
        return str(statement.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True}))

    def fetch_text(self, sql: str) -> list[Sequence[Any]]:
        """Rows of a statement without parameters (pragmas)."""
        self._cursor.execute(sql)
        return self._cursor.fetchall()

    def execute(self, statement: ClauseElement) -> None:
        """Run a statement that returns no rows; values are rendered as literals by SQLAlchemy."""
        self._cursor.execute(self._text(statement))
        if self._cursor.description:
            self._cursor.fetchall()

    def fetch(self, statement: ClauseElement) -> pd.DataFrame:
        """The rows of a SELECT as a frame: text as strings, numbers as float64 or int64."""
        self._cursor.execute(self._text(statement))
        frame = self._cursor.fetch_arrow_table().to_pandas()
        # A column without any value comes back untyped.
        return frame.astype({c: "float64" for c in frame if frame[c].dtype == object and frame[c].isna().all()})

    def ingest(self, frame: pd.DataFrame, table: Table, *, temporary: bool = False) -> None:
        """Append the frame to the table, or make a temporary table of it."""
        if temporary:
            self._cursor.adbc_ingest(table.name, arrow_table(frame, table), mode="create", temporary=True)
        elif len(frame):
            self._cursor.adbc_ingest(table.name, arrow_table(frame, table), mode="append")
