"""Moving frames in and out of the database in bulk, on the connection of the surrounding transaction.

ADBC would load SQLite in a third of the time, but it brings a SQLite library of its own, and two of
them on one file in one process break each other's locks and corrupt the file (sqlite.org,
"How To Corrupt An SQLite Database File", section 2.2.1; seen here). So rows go through the
driver that everything else uses: COPY into PostgreSQL, packed by column (`data_models.copy_format`);
into SQLite several rows a statement, and many rows as a file of SQLite pages (`data_models.image`) that
the store takes over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pandas.api.types import is_numeric_dtype
from pyarrow import csv
from sqlalchemy import Column, Connection, Executable, Integer, Table, insert, text

from data_models.database.copy_format import END, HEAD, rows_packed
from data_models.database.engine import StoreError
from data_models.database.image import Image, Layout, TooManyForms, ascending

_ROWS_OF_AN_IMAGE = 5_000  # fewer rows go through the driver as fast
_CACHE_KIB_LOADING = 65_536  # measured: as fast as 400,000, and 150 MB less
_ROWS_TO_COUNT_ANEW = 5_000
_SHARE_TO_COUNT_ANEW = 0.1  # as the server's own daemon does: of 10 million rows its sample takes a quarter second
_COUNTED = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")  # -1: never
_ROWS_AT_ONCE = 100_000  # bounds the memory that Python objects take
_STATISTICS = 30  # the server's own 100 take a second of an import of a million scores
_BYTES_AT_ONCE = 2**20  # what the driver holds until the server takes it
# Fewer than Python allocates before it looks for garbage (700): a million rows held at once cost a third more time.
_ROWS_FETCHED = 500
_ROWS_A_STATEMENT = 16  # measured: 1.5 times the speed of one row a statement; more gains nothing


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows as PostgreSQL takes them.

    Attributes
    ----------
    names : the columns that hold any value.
    """

    count: int
    names: tuple[str, ...]
    content: memoryview


Rows = pd.DataFrame | Packed


def packed(dialect: str, frame: pd.DataFrame, table: Table) -> Rows:
    """Rows made ready for `Load.add`; touches no connection, so any thread may do it."""
    given = _given(frame, table)
    if dialect != "postgresql" or not given:
        return frame
    try:
        return Packed(len(frame), tuple(column.name for column in given), rows_packed(frame, given))
    except TooManyForms:
        return frame


def pieces(dialect: str, frame: pd.DataFrame) -> list[pd.DataFrame]:
    """A frame's rows in parts that are made ready and sent in turn; SQLite's are laid out all at once."""
    if dialect != "postgresql":
        return [frame]
    return [frame.iloc[start : start + _ROWS_AT_ONCE] for start in range(0, len(frame), _ROWS_AT_ONCE)]


def _given(frame: pd.DataFrame, table: Table) -> list[Column[Any]]:
    """A column without any value (most clinics record few of the vitals) need not be bound."""
    return [c for c in table.columns if frame[c.name].notna().any()]


def _values(column: pd.Series, *, whole: bool) -> list[Any]:
    """The column as Python values, None for missing."""
    if not is_numeric_dtype(column.dtype):
        codes, names = pd.factorize(column)
        return list(np.array([*names, None], dtype=object)[codes])
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
    given = _given(frame, table)
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


def in_key_order(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows in the order of the primary key, in which they are appended and not inserted."""
    keys = [frame[c.name] for c in table.primary_key]
    numbers = [key.to_numpy() if is_numeric_dtype(key.dtype) else _ranks(key) for key in keys]
    if ascending(numbers):
        return frame
    return frame.iloc[np.lexsort(numbers[::-1])].reset_index(drop=True)


def _ranks(texts: pd.Series) -> npt.NDArray[np.int64]:
    """Whole numbers that sort as the texts do (categories may stand in any order)."""
    codes, names = pd.factorize(texts)
    rank = np.empty(len(names) + 1, np.int64)
    rank[sorted(range(len(names)), key=list(names).__getitem__)] = np.arange(len(names))
    return rank[codes]


class Load:
    """Appends rows to some tables, part by part; none can be counted on before `finish`.

    Parameters
    ----------
    tables : those that rows will come for, whole patients at a time; fastest where later parts have higher ids.
    """

    def __init__(self, connection: Connection, tables: Sequence[Table]) -> None:
        self._connection = connection
        self._tables = tables
        self._image: Image | None = None
        self._path = Path()
        self._name = ""
        self._columns: dict[str, list[str]] = {}
        self._laid_out: dict[str, int] = {}  # of each table, the last patient's id
        self._sent: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._image is not None:
            self._image.close()

    def add(self, rows: Rows, table: Table) -> None:
        """Append rows: a frame's columns by name, NaN and missing as null."""
        if isinstance(rows, Packed):
            _send(self._connection, table, rows)
            self._sent[table.name] += rows.count
            return
        frame = rows
        if self._connection.dialect.name == "sqlite" and len(frame) >= _ROWS_OF_AN_IMAGE:
            frame = in_key_order(frame, table)
            try:
                self._image = self._image or self._open()
                first, last = (int(frame["patient_id"].iloc[place]) for place in (0, -1))
                # Rows of a patient before those laid out belong in the midst of them: the driver puts them there.
                if first > self._laid_out.get(table.name, 0):
                    self._image.add(table.name, [frame[name] for name in self._columns[table.name]])
                    self._laid_out[table.name] = last
                    return
            except TooManyForms:
                pass
            except OSError as error:
                raise self._unwritable(error) from error
        ingest(self._connection, frame, table)
        self._sent[table.name] += len(frame)

    def finish(self) -> None:
        """The store takes over the rows that were laid out beside it."""
        if self._connection.dialect.name == "postgresql":
            # Until it has counted anew, PostgreSQL plans by the size that the tables had. A third of its sample is
            # enough until its own daemon counts: that takes these rows for uncounted when they are committed.
            self._connection.exec_driver_sql(f"SET LOCAL default_statistics_target = {_STATISTICS}")
            for name in (name for name, rows in self._sent.items() if rows >= _ROWS_TO_COUNT_ANEW):
                known = self._connection.execute(_COUNTED, {"name": name}).scalar_one()
                if self._sent[name] >= _SHARE_TO_COUNT_ANEW * known:
                    self._connection.exec_driver_sql(f"ANALYZE {name}")
        if self._image is None:
            return
        try:
            self._image.finish()
        except OSError as error:
            raise self._unwritable(error) from error
        self._connection.exec_driver_sql(f"ATTACH DATABASE ? AS {self._name}", (str(self._path),))
        for table in self._laid_out:
            self._connection.exec_driver_sql(f"INSERT INTO main.{table} SELECT * FROM {self._name}.{table}")

    def _unwritable(self, error: OSError) -> StoreError:
        reason = error.strerror or error
        return StoreError(f"{self._path} cannot be written: {reason}; nothing was stored; make room and try again")

    def _open(self) -> Image:
        statement = text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        sql = {row.name: row.sql for row in self._connection.execute(statement)}
        images = self._connection.info.setdefault("images", [])
        if not images:  # rows are appended: a large cache would only hold pages that are done with
            kept = self._connection.exec_driver_sql("PRAGMA main.cache_size").scalar_one()
            self._connection.info["cache_size"] = kept
            self._connection.exec_driver_sql(f"PRAGMA main.cache_size = -{_CACHE_KIB_LOADING}")
        self._path = Path(f"{self._connection.engine.url.database}-import{len(images) + 1}")
        self._path.unlink(missing_ok=True)  # of a process that was killed: this one holds the write lock
        images.append(self._path)
        self._name = f"image{len(images)}"
        layouts = {}
        for table in self._tables:
            rows = self._connection.exec_driver_sql(f"PRAGMA main.table_info({table})").all()
            # The file's own order of columns, those of the key first: so they stand in its rows.
            names = [row.name for row in sorted(rows, key=lambda row: (row.pk or len(rows) + 1, row.cid))]
            required = [not table.columns[name].nullable for name in names]
            self._columns[table.name] = names
            layouts[table.name] = Layout(sql[table.name], len(table.primary_key), required)
        return Image(self._path, layouts)


def hold_pages(connection: Connection) -> None:
    """Let a connection that appended rows hold as many pages as before: those that follow go in between others."""
    if "cache_size" in connection.info:
        connection.exec_driver_sql(f"PRAGMA main.cache_size = {connection.info['cache_size']}")


def release(connection: Connection) -> None:
    """Let go of what loads have laid out beside the store; to be called when the transaction has ended."""
    if connection.dialect.name != "sqlite":
        return
    images = connection.info.pop("images", [])
    cursor: Any = connection.connection.cursor() if images else None
    for number, path in enumerate(images, start=1):
        if cursor.execute("SELECT 1 FROM pragma_database_list WHERE name = ?", (f"image{number}",)).fetchone():
            cursor.execute(f"DETACH DATABASE image{number}")
        path.unlink(missing_ok=True)
    if images:
        cursor.execute(f"PRAGMA main.cache_size = {connection.info.pop('cache_size')}")


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
    try:
        _send(connection, table, Packed(len(part), tuple(c.name for c in given), rows_packed(part, given)))
        return
    except TooManyForms:
        pass
    columns = {}
    for column in given:
        values = pa.array(part[column.name], from_pandas=True)
        columns[column.name] = values.cast(pa.int64()) if isinstance(column.type, Integer) else values
    text = pa.BufferOutputStream()
    csv.write_csv(pa.table(columns), text, csv.WriteOptions(include_header=False))
    with cursor.copy(_copy_statement(connection, table, list(columns), "csv")) as copy:
        copy.write(text.getvalue())


def _send(connection: Connection, table: Table, rows: Packed) -> None:
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(_copy_statement(connection, table, rows.names, "binary")) as copy:
        copy.write(HEAD)
        for start in range(0, len(rows.content), _BYTES_AT_ONCE):
            copy.write(rows.content[start : start + _BYTES_AT_ONCE])
        copy.write(END)


def _copy_statement(connection: Connection, table: Table, names: Sequence[str], form: str) -> str:
    quoted = connection.dialect.identifier_preparer
    columns = ", ".join(quoted.quote(name) for name in names)
    return f"COPY {quoted.format_table(table)} ({columns}) FROM STDIN (FORMAT {form})"


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
