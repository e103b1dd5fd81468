"""Moving frames in and out of the database in bulk, on the connection of the surrounding transaction.

PostgreSQL takes rows through COPY, as CSV that Arrow writes. SQLite takes few rows through its driver and many from a
staging file beside the store: ADBC writes it, closes it, and the store's own connection attaches and copies it, which
takes half the time. ADBC brings a SQLite library of its own, and two of them on one file in one process break each
other's locks and corrupt the file (sqlite.org, "How To Corrupt An SQLite Database File", section 2.2.1; seen here):
so it never opens the store, and the store attaches the staging file only when ADBC has let go of it.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Connection, Executable, Float, Integer, Table, insert, text

from data_models.database.engine import CACHE_KIB, PAGE_BYTES, StoreError

_ROWS_WORTH_STAGING = 5_000  # fewer go through the driver as fast
# As fast as the usual 400,000, whose pages would be done with, and 230 MB less at two million scores.
_CACHE_KIB_APPENDING = 65_536
_ROWS_TO_COUNT_ANEW = 5_000
_SHARE_TO_COUNT_ANEW = 0.1  # as the server's own daemon does: of 10 million rows its sample takes a quarter second
_COUNTED = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")  # -1: never
_STATISTICS = 30  # the server's own 100 take a second of an import of a million scores
_ROWS_AT_ONCE = 100_000  # bounds the memory that Python objects take
_ROWS_SENT = 5_000  # the server takes them in while the next are written as CSV
# Fewer than Python allocates before it looks for garbage (700): a million rows held at once cost a third more time.
_ROWS_FETCHED = 500


def by_patient(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of their patients' ids, in which they are appended and not inserted."""
    if frame["patient_id"].is_monotonic_increasing:
        return frame
    return frame.sort_values("patient_id", kind="stable", ignore_index=True)


def ingest(connection: Connection, frame: pd.DataFrame, table: Table) -> None:
    """Append the frame's rows to the table: columns by name, NaN and missing as null."""
    rows = _as_arrow(frame, table)
    names = [name for name in rows.column_names if rows[name].null_count < len(frame)]
    if not names:
        return
    put = _copy if connection.dialect.name == "postgresql" else _insert
    put(connection, rows.select(names), table)


def _as_arrow(frame: pd.DataFrame, table: Table) -> pa.Table:
    """A frame's rows with the types of the table's columns."""
    columns = {}
    for column in table.columns:
        kind = pa.float64() if isinstance(column.type, Float) else pa.string()
        kind = pa.int64() if isinstance(column.type, Integer) else kind
        columns[column.name] = pa.array(frame[column.name], from_pandas=True).cast(kind)
    return pa.table(columns)


def _insert(connection: Connection, rows: pa.Table, table: Table) -> None:
    statement = insert(table).compile(dialect=connection.dialect, column_keys=rows.column_names)
    cursor: Any = connection.connection.cursor()  # the driver's own takes an iterator
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        columns = rows.slice(start, _ROWS_AT_ONCE).columns
        cursor.executemany(str(statement), zip(*(column.to_pylist() for column in columns), strict=True))


def _copy(connection: Connection, rows: pa.Table, table: Table) -> None:
    quoted = connection.dialect.identifier_preparer
    names = ", ".join(quoted.quote(name) for name in rows.column_names)
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {quoted.format_table(table)} ({names}) FROM STDIN (FORMAT csv)") as copy:
        for start in range(0, len(rows), _ROWS_SENT):
            content = pa.BufferOutputStream()
            csv.write_csv(rows.slice(start, _ROWS_SENT), content, csv.WriteOptions(include_header=False))
            copy.write(content.getvalue())


class Load:
    """Appends rows to tables, in many calls; none can be counted on before `finish`.

    For SQLite it buys half the time of storing (`tests/benchmarks/import_records.py`): many rows lie in a staging
    file beside the store until `finish`, and the file until `release`. `staged_from`: how many are many.
    """

    def __init__(self, connection: Connection, staged_from: int | None = None) -> None:
        self._connection = connection
        self._staged_from = staged_from or _ROWS_WORTH_STAGING
        self._sent: Counter[str] = Counter()
        self._staged: dict[str, str] = {}  # of each table, its columns
        self._path = Path()
        self._staging: Any = None  # ADBC's connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._staging is not None:
            self._staging.close()

    def add(self, frame: pd.DataFrame, table: Table) -> None:
        """Append a frame's rows: columns by name, NaN and missing as null.

        Raises
        ------
        StoreError : the staging file cannot be written.
        """
        self._sent[table.name] += len(frame)
        if self._connection.dialect.name == "sqlite" and len(frame) >= self._staged_from:
            self._stage(_as_arrow(frame, table), table.name)
        else:
            ingest(self._connection, frame, table)

    def finish(self) -> None:
        """Take over what was staged; let PostgreSQL count what has grown."""
        if self._connection.dialect.name == "postgresql":
            # Until it has counted anew, PostgreSQL plans by the size that the tables had. A third of its sample is
            # enough until its own daemon counts: that takes these rows for uncounted when they are committed.
            self._connection.exec_driver_sql(f"SET LOCAL default_statistics_target = {_STATISTICS}")
            for name in (name for name, rows in self._sent.items() if rows >= _ROWS_TO_COUNT_ANEW):
                known = self._connection.execute(_COUNTED, {"name": name}).scalar_one()
                if self._sent[name] >= _SHARE_TO_COUNT_ANEW * known:
                    self._connection.exec_driver_sql(f"ANALYZE {name}")
        if self._staging is not None:
            self._staging.close()
            self._staging = None
            attached = f"staged{self._connection.info['staged'].index(self._path)}"
            self._connection.exec_driver_sql(f"ATTACH DATABASE ? AS {attached}", (str(self._path),))
            self._connection.exec_driver_sql(f"PRAGMA main.cache_size = -{_CACHE_KIB_APPENDING}")
            for name, columns in self._staged.items():
                self._connection.exec_driver_sql(
                    f"INSERT INTO main.{name} ({columns}) SELECT {columns} FROM {attached}.{name}"
                )

    def _stage(self, rows: pa.Table, table: str) -> None:
        from adbc_driver_manager import Error

        try:
            if self._staging is None:
                self._staging = self._open()
            with self._staging.cursor() as cursor:
                cursor.adbc_ingest(table, rows, mode="create_append")
        except (OSError, Error) as error:
            # ADBC's own goes on, over several lines, with the statement.
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0].rpartition(": ")[2]
            what = f"{self._path} cannot be written: {reason}; nothing was stored; make room and try again"
            raise StoreError(what) from error
        self._staged[table] = ", ".join(rows.column_names)

    def _open(self) -> Any:
        """ADBC's connection to a new file beside the store, for the owner's eyes only."""
        from adbc_driver_sqlite import dbapi

        paths = self._connection.info.setdefault("staged", [])
        self._path = Path(f"{self._connection.engine.url.database}-import{len(paths) + 1}")
        self._path.unlink(missing_ok=True)  # of a process that was killed: this one holds the write lock
        paths.append(self._path)
        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL, 0o600))
        staging = dbapi.connect(str(self._path), autocommit=True)
        with staging.cursor() as cursor:
            # Until it is whole the file is worth nothing, and then it is read once.
            cursor.execute("PRAGMA journal_mode = OFF")
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        return staging


def release(connection: Connection) -> None:
    """Take the staging files of a transaction away; to be called when it has ended."""
    for number, path in enumerate(connection.info.pop("staged", [])):
        cursor: Any = connection.connection.cursor()
        cursor.execute(f"PRAGMA main.cache_size = -{CACHE_KIB}")
        if cursor.execute("SELECT 1 FROM pragma_database_list WHERE name = ?", (f"staged{number}",)).fetchone():
            cursor.execute(f"DETACH DATABASE staged{number}")
        path.unlink(missing_ok=True)


def read_rows(connection: Connection, statement: Executable, **parameters: Any) -> list[dict[str, Any]]:
    """The rows of a SELECT as dicts, missing values None: for what is small, where a frame would cost more.

    Parameters given here and not to the statement leave it as it is, and so need not be looked up as a new one.
    """
    result = connection.execute(statement, parameters)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def read_frame(connection: Connection, statement: Executable) -> pd.DataFrame:
    """The rows of a SELECT as a frame; numbers that may be missing are float64 with NaN."""
    result = connection.execute(statement)
    names = list(result.keys())
    columns: list[list[Any]] = [[] for _ in names]
    for rows in result.partitions(_ROWS_FETCHED):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column += values
    frame = pd.DataFrame({name: pd.Series(values) for name, values in zip(names, columns, strict=True)})
    # A column without any value comes back untyped.
    return frame.astype({c: "float64" for c in frame if frame[c].dtype == object and frame[c].isna().all()})
