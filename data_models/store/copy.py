"""Copying a whole store: from SQLite to PostgreSQL and back, into a file to keep, and out of one again.

A copy is one snapshot of the source written in one transaction of the target, row by row as it stands:
records, facts, rules, imports, accounts and the audit trail, whose chain is checked at its new place.
Left out is what only one place can use: who is signed in there, and answers that can be worked out again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, insert, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from data_models.database.access_tables import ACCESS_TABLES
from data_models.database.engine import RECORDS_PART, StoreError, close, open_engine, parts, plain, reading, writing
from data_models.database.indexes import drop_keys
from data_models.database.tables import Base
from data_models.store import Store
from data_models.store.accounts import audit_entries, audit_seal
from data_models.store.audit_chain import broken
from data_models.store.seal import SEAL, Seal, stored_seal

_ROWS_AT_ONCE = 20_000
_LEFT_OUT = ("web_sessions", "kept_answers")
_INFO = Base.metadata.tables["store_info"]
_SEALED = select(_INFO.c.value).where(_INFO.c.name == SEAL)
_MADE_WITH_A_STORE = "store_info"  # an empty store holds a few rows of this one table
_SQLITE = b"SQLite format 3\x00"

Progress = Callable[[str, float], None]


def copy_store(source_url: str, target_url: str, progress: Progress | None = None) -> dict[str, int]:
    """Copy a store into an empty database, which becomes its equal. Returns the rows of each table.

    Raises
    ------
    StoreError : the target holds something already, is the source or cannot be written, or the source's
        audit trail does not hold. Nothing was copied.
    """
    if _place(source_url) == _place(target_url):
        raise StoreError("a store cannot be copied onto itself; name another database to copy to")
    _require_store(source_url)
    source = Store.open(source_url)
    try:
        _require_empty(target_url)
        return _copy_into(source, Store.open(target_url, upgrade=True), progress)
    finally:
        source.close()


def back_up(url: str, file: Path, progress: Progress | None = None) -> dict[str, int]:
    """Copy a store, accounts and audit trail with it, into one new SQLite file for its owner's eyes only.

    Raises
    ------
    StoreError : there is such a file already, or it cannot be made.
    """
    if file.exists():
        raise StoreError(f"{file}: there is such a file already; name a new one")
    if not file.absolute().parent.is_dir():
        raise StoreError(f"{file.parent}: there is no such folder; make it first")
    _require_store(url)
    part = file.with_name(f".{file.name}.part").absolute()
    leftovers = [part.with_name(part.name + ending) for ending in ("", "-wal", "-shm")]
    source = Store.open(url)
    try:
        for path in leftovers:  # of a backup that was cut short
            path.unlink(missing_ok=True)
        target = Store(open_engine(f"sqlite:///{part.as_posix()}", whole=True))
        target.upgrade()
        counts = _copy_into(source, target, progress)
        os.replace(part, file)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror}; name a file in another folder") from error
    finally:
        source.close()
        for path in leftovers:
            path.unlink(missing_ok=True)
    return counts


def restore(file: Path, url: str, progress: Progress | None = None) -> dict[str, int]:
    """Copy a backup into an empty database.

    Raises
    ------
    StoreError : there is no such file, it is no backup, or the database holds something already.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(len(_SQLITE))
    except OSError as error:
        raise StoreError(f"{file}: cannot be read: {error.strerror}; name a file that was backed up to") from error
    if head != _SQLITE:
        raise StoreError(f"{file}: is no backup of a store; name a file that `database backup` wrote")
    source_url = f"sqlite:///{file.absolute().as_posix()}"
    _require_store(source_url, also="accounts")
    source = Store(open_engine(source_url, whole=True))
    try:
        source.upgrade()
        _require_empty(url)
        return _copy_into(source, Store.open(url, upgrade=True), progress)
    finally:
        source.close()


def _copy_into(source: Store, target: Store, progress: Progress | None) -> dict[str, int]:
    """Copy in one snapshot and one transaction, and let go of the target."""
    try:
        with _each_part(source.engine, reading) as here, _each_part(target.engine, writing) as there:
            for table in Base.metadata.sorted_tables:  # again, with the lock held: nothing can come in between
                _require_no_row(there(table.name), table)
            counts = _copy(here, there, progress or _quiet)
            _require_whole(there, counts)
        if target.engine.dialect.name == "postgresql":
            with writing(target.engine) as connection, connection.begin():
                connection.exec_driver_sql("ANALYZE")  # the planner knows nothing yet of tables just filled
        return counts
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise plain(error) from error
    finally:
        target.close()


@contextmanager
def _each_part(engine: Engine, way: Callable[[Engine], Connection]) -> Iterator[Callable[[str], Connection]]:
    """A transaction with each database behind a store; gives the connection on which a table lies."""
    with ExitStack() as stack:
        opened = {}
        for each, part in parts(engine).items():
            connection = stack.enter_context(way(each))
            stack.enter_context(connection.begin())
            opened[part] = connection
        *_, access = opened.values()
        records = opened.get(RECORDS_PART, access)
        yield lambda name: access if name in ACCESS_TABLES else records


def _quiet(step: str, share: float) -> None:
    """The progress of a caller that shows none."""


def _place(url: str) -> tuple[Any, ...]:
    """Where a URL points, whoever asks: two of the same are one database."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return (url,)  # opening it says what is wrong
    kind, name = parsed.get_backend_name(), parsed.database or ""
    if kind == "sqlite" and name:
        return kind, str(Path(name).resolve())
    return kind, parsed.host, parsed.port or 5432, name


def _require_store(url: str, also: str = _MADE_WITH_A_STORE) -> None:
    """Opening makes a store where there is none: here there must be one, with the table `also`."""
    kind, *_, name = _place(url)
    if kind == "sqlite" and not Path(name).is_file():
        raise StoreError(f"{name}: there is no such file; name the database to copy")
    names = _tables_of(url)
    if _MADE_WITH_A_STORE not in names:
        raise StoreError("the database to copy holds no store of this program; name another")
    if also not in names:
        raise StoreError("the file is a database in use and no backup; copy it with: ketamine-outcomes database copy")


def _require_empty(url: str) -> None:
    """Look before a store is made there: what belongs to others is not even upgraded."""
    engine = open_engine(url)
    try:
        names = _tables_of(url)
        if names and _MADE_WITH_A_STORE not in names:
            raise StoreError(f"the database to copy to holds tables of something else: {min(names)}; name another")
        with reading(engine) as connection:
            for table in Base.metadata.sorted_tables:
                if table.name in names:
                    _require_no_row(connection, table)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise plain(error) from error
    finally:
        close(engine)


def _tables_of(url: str) -> set[str]:
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            return set(inspect(connection).get_table_names())
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise plain(error) from error
    finally:
        close(engine)


def _require_no_row(connection: Connection, table: Table) -> None:
    if table.name != _MADE_WITH_A_STORE and connection.execute(table.select().limit(1)).first() is not None:
        raise StoreError(
            f"the database to copy to is not empty (its table {table.name} has rows); name an empty one, or move this "
            "one away first"
        )


def _copy(here: Callable[[str], Connection], there: Callable[[str], Connection], progress: Progress) -> dict[str, int]:
    tables = [table for table in Base.metadata.sorted_tables if table.name not in _LEFT_OUT]
    counts = {t.name: here(t.name).execute(select(func.count()).select_from(t)).scalar_one() for t in tables}
    there(_MADE_WITH_A_STORE).execute(delete(Base.metadata.tables[_MADE_WITH_A_STORE]))
    total, done = max(sum(counts.values()), 1), 0
    growing = [table for table in tables if "patient_id" in table.primary_key.columns]
    keys = drop_keys(there(growing[0].name), growing, total)
    for table in tables:
        put = _copy_in if there(table.name).dialect.name == "postgresql" else _insert
        # In the order of the key, in which rows are appended and not inserted.
        ordered = table.select().order_by(*table.primary_key).execution_options(yield_per=_ROWS_AT_ONCE)
        for part in here(table.name).execute(ordered).partitions():
            progress(f"copying {table.name}", done / total)
            put(there(table.name), table, [tuple(row) for row in part])
            done += len(part)
    keys.rebuild([table.name for table in growing])
    return counts


def _insert(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    statement = str(insert(table).compile(dialect=connection.dialect, column_keys=[c.name for c in table.columns]))
    connection.exec_driver_sql(statement, rows)


def _copy_in(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    quoted = connection.dialect.identifier_preparer
    names = ", ".join(quoted.quote(column.name) for column in table.columns)
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {quoted.format_table(table)} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _require_whole(there: Callable[[str], Connection], counts: dict[str, int]) -> None:
    """What came in is what went out, the records are those that were sealed, and the audit trail's chain holds."""
    for name, count in counts.items():
        found = there(name).execute(select(func.count()).select_from(Base.metadata.tables[name])).scalar_one()
        if found != count:
            raise StoreError(f"{found:,} of {count:,} rows of {name} came in; nothing was copied, try again")
    sealed = there(_MADE_WITH_A_STORE).execute(_SEALED).scalar_one_or_none()
    lacking = Seal.of(sealed).differences(stored_seal(there("patients"))) if sealed else []
    if lacking:
        raise StoreError(
            f"the records are not those that were stored: {lacking[0]}; nothing was copied, use another copy"
        )
    trail = there("audit_entries")
    problems = broken(audit_entries(trail), audit_seal(trail))
    if problems:
        raise StoreError(f"the audit trail does not hold: {problems[0]}; nothing was copied, find out who altered it")
