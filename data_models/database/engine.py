"""Reaching the database behind a store: its engine, its version, and its errors in plain words."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError, SQLAlchemyError

from data_models.database.access_tables import ACCESS_TABLES
from data_models.database.tables import Base
from data_models.definitions.vocabulary import SIDE_EFFECTS

LOCK_WAIT_SECONDS = 60
READER_WAIT_SECONDS = 5
READ_SECONDS = 120  # PostgreSQL ends a reading statement after this long
CACHE_KIB = 400_000
PAGE_BYTES = 16_384  # measured: loading is 7% faster than with SQLite's own 4,096
_LOST = ("connection", "could not", "starting up", "shutting down")  # words of PostgreSQL and its client
_IMPORT_LOCK = 0x6B6574  # any number, the same in every process: one writer at a time
WHOLE, RECORDS_PART, ACCESS_PART = "whole", "records", "access"  # what a database holds of the tables
_DAMAGED = "a program that was never released made it, or it is damaged; restore a backup, or import its records anew"
_NOT_AS_MADE = ("no such", "exist", "duplicate column")  # words of both engines for a table or column
_MIGRATING = threading.Lock()  # Alembic knows one migration a process: of two at once each would write into the other's
_ACCESS_ENGINES: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


class StoreError(Exception):
    """The store cannot do what was asked; the message is one sentence for the user."""


def open_engine(url: str, *, whole: bool = False) -> Engine:
    """An engine for a store's URL; makes the file of an SQLite store where there is none.

    `whole`: one SQLite file holds everything, accounts and audit trail too, as a backup does.

    Raises
    ------
    StoreError : the URL is malformed or of another kind, or the file cannot be made.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"{url!r} is no database URL; give one such as sqlite:////folder/file.db") from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        engine = _sqlite(parsed)
        if whole:
            _ACCESS_ENGINES[engine] = engine
        return engine
    if kind == "postgresql":
        return _postgresql(parsed)
    raise StoreError(f"databases of the kind {kind!r} are not supported; use sqlite or postgresql")


def access_engine(engine: Engine) -> Engine:
    """The engine of a store's accounts, web sessions and audit trail.

    In PostgreSQL the store's own. SQLite lets one writer at a file: there they lie in a file beside the
    store's (see `access_file`), so that nobody waits for an import to sign in or to open a patient.
    """
    if engine.dialect.name != "sqlite":
        return engine
    found = _ACCESS_ENGINES.get(engine)
    if found is None:
        path = access_file(Path(engine.url.database or ""))
        found = _ACCESS_ENGINES[engine] = _sqlite(engine.url.set(database=str(path)))
        event.listen(found, "connect", _keep_every_entry)
    return found


def parts(engine: Engine) -> dict[Engine, str]:
    """The databases behind a store, and which of its tables each holds."""
    access = access_engine(engine)
    return {engine: WHOLE} if access is engine else {engine: RECORDS_PART, access: ACCESS_PART}


def close(engine: Engine) -> None:
    """Let go of every connection to a store."""
    engine.dispose()
    if engine in _ACCESS_ENGINES:
        _ACCESS_ENGINES.pop(engine).dispose()


def access_file(path: Path) -> Path:
    """The file of the accounts and the audit trail beside a SQLite store's file."""
    return path.with_name(path.name + ".access")


def _keep_every_entry(connection: Any, _record: Any) -> None:
    # What the trail was told must outlast a power cut: a deed follows it at once.
    connection.execute("PRAGMA synchronous = FULL")


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("an in-memory database cannot hold a store; name a file: sqlite:////folder/file.db")
    path = Path(url.database)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Records of a small clinic can be recognised by those who treat: for the owner's eyes only.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror or error}") from error
    if not writable(path):
        # What nobody may write here SQLite reads without the files that it keeps beside one in use.
        fixed = "" if path.with_name(path.name + "-wal").exists() else "&immutable=1"
        address = f"file:{quote(str(path.absolute()))}?mode=ro{fixed}"
        engine = create_engine(url, creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False))
        event.listen(engine, "connect", _read_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def writable(path: Path) -> bool:
    """Whether a SQLite file can be written: it, and what SQLite keeps beside it of what is under way."""
    return os.access(path, os.W_OK) and (
        os.access(path.parent, os.W_OK) or os.access(path.with_name(path.name + "-wal"), os.W_OK)
    )


def holds_nothing(engine: Engine) -> bool:
    """Whether a database has no table at all. Raises StoreError where it cannot be reached."""
    with plainly():
        return not inspect(engine).get_table_names()


def _postgresql(url: URL) -> Engine:
    # Readers only ever wait for what holds a whole store: its first import, an upgrade. They are told so soon.
    options = f"-c statement_timeout={int(READ_SECONDS * 1000)} -c lock_timeout={int(READER_WAIT_SECONDS * 1000)}"
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        # A connection that died while idle is replaced, not handed out.
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "options": options},
    )
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # SQLAlchemy's "begin" event opens transactions, so that reads share one snapshot too.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # counts for a new file only
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    _read_sqlite(connection, _record)


def _read_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    try:
        connection.execute("SELECT ceil(0.5)")
    except sqlite3.OperationalError:  # an SQLite built without its mathematical functions
        connection.create_function("ceil", 1, lambda value: None if value is None else math.ceil(value))


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: to wait for another writer is safe only before the first read.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writing") else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("writing"):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_IMPORT_LOCK})")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def writing(engine: Engine) -> Connection:
    """A connection whose next transaction holds the write lock from its start."""
    return engine.connect().execution_options(writing=True)


@contextmanager
def writing_soon(engine: Engine, wait_ms: int) -> Iterator[Connection]:
    """A transaction for what may as well be left out: fails within `wait_ms` where an import holds the store.

    Raises the database's own errors. It takes no import lock: in PostgreSQL it runs beside an import.
    """
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait_ms}")
            yield connection
        return
    with writing(engine) as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute(f"PRAGMA busy_timeout = {wait_ms}")
        try:
            with connection.begin():
                yield connection
        finally:
            driver.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")


def reading(engine: Engine) -> Connection:
    """A connection all of whose reads see one version of the store."""
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.connect()


def at_head(connection: Connection) -> bool:
    """Whether the schema is this program's.

    Raises
    ------
    StoreError : a newer version of the program made it, or its tables do not say which version did.
    """
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_alembic())
    revisions = MigrationContext.configure(connection).get_current_heads()
    unsaid = not revisions and not Base.metadata.tables.keys().isdisjoint(inspect(connection).get_table_names())
    if unsaid or len(revisions) > 1:
        raise StoreError(f"the store does not say which version made its tables: {_DAMAGED}")
    if not {*revisions} <= {script.revision for script in scripts.walk_revisions()}:
        raise StoreError("the store was made by a newer version of this program; update the program to open it")
    return revisions == (scripts.get_current_head(),)


def current(engine: Engine) -> bool:
    """Whether each database behind a store has this program's schema. Raises StoreError as `at_head`."""
    # Lazily: beside a file that is no store nothing is made.
    for engines in (lambda: [engine], lambda: parts(engine)):
        for one in engines():
            with reading(one) as connection:
                if not at_head(connection) or _lacking_terms(connection):
                    return False
    for one, part in parts(engine).items():
        with reading(one) as connection:
            lacks = _lacking_columns(connection, part)
        if lacks:
            raise StoreError(f"the store says that it is at this program's version, but has no {lacks[0]}: {_DAMAGED}")
    return True


def _lacking_columns(connection: Connection, part: str) -> list[str]:
    """What a database lacks of this program's tables, of those that it holds as a part: each as table.column."""
    columns = inspect(connection).get_multi_columns()
    there = {str(name): {column["name"] for column in found} for (_, name), found in columns.items()}
    tables = Base.metadata.sorted_tables
    held = [t for t in tables if part == WHOLE or (part == ACCESS_PART) == (t.name in ACCESS_TABLES)]
    return [f"{t.name}.{c.name}" for t in held for c in t.columns if c.name not in there.get(t.name, ())]


def _lacking_terms(connection: Connection) -> list[str]:
    """Side effects without a column in the store's `effect_facts`: added to the vocabulary since it was made."""
    tables = inspect(connection)
    if not tables.has_table("effect_facts"):
        return []
    there = {column["name"] for column in tables.get_columns("effect_facts")}
    return [term for term in SIDE_EFFECTS if term not in there]


def upgrade_schemas(engine: Engine) -> None:
    """Run the outstanding migrations of each database behind a store.

    Raises
    ------
    StoreError : also where the tables are not those that the store's version made; it is left as it was.
    """
    from alembic import command

    for one, part in parts(engine).items():
        with plainly(), writing(one) as connection, connection.begin():
            if not at_head(connection):  # another process may have been first
                try:
                    with _MIGRATING:
                        command.upgrade(_alembic(connection, part), "head")
                except (ProgrammingError, OperationalError, sqlite3.OperationalError) as error:
                    found = str(getattr(error, "orig", None) or error).splitlines()[0]
                    if not any(word in found for word in _NOT_AS_MADE):
                        raise
                    raise StoreError(_cannot_upgrade(found)) from error
            for term in _lacking_terms(connection):  # no stored session can have it
                connection.exec_driver_sql(f"ALTER TABLE effect_facts ADD COLUMN {term} INTEGER DEFAULT 0 NOT NULL")
            lacks = _lacking_columns(connection, part)
            if lacks:
                raise StoreError(_cannot_upgrade(f"no {lacks[0]}"))


def _cannot_upgrade(found: str) -> str:
    return f"the store cannot be brought to this program's version ({found[:200]}) and is left as it was: {_DAMAGED}"


def _alembic(connection: Connection | None = None, part: str = WHOLE) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["part"] = part
    return config


@contextmanager
def plainly() -> Iterator[None]:
    """What the database refuses within is raised as StoreError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise plain(error) from error


def plain(error: SQLAlchemyError | sqlite3.Error) -> StoreError:
    """What a database error means for the user."""
    message = str(getattr(error, "orig", None) or error)
    if "locked" in message or "busy" in message or "lock timeout" in message:
        return StoreError("the store is busy: an import or a derivation holds it; try again when it has ended")
    if "full" in message:
        return StoreError("the disk is full: nothing was stored; free some space and try again")
    if "disk I/O error" in message:
        return StoreError("the disk refuses to be written or read: nothing was stored; see to it, and try again")
    if "readonly" in message or "read-only" in message:
        return StoreError(
            "the store's file or its folder is read-only: nothing was stored; make both writable and try again"
        )
    if "not a database" in message or "malformed" in message:
        return StoreError(f"the file cannot be opened as a store: {message}; name another or restore a backup")
    if isinstance(error, OperationalError) and any(part in message for part in _LOST):
        reason = " ".join(message.split())[:200]
        return StoreError(f"the database cannot be reached: {reason}; check that it runs and that its URL is right")
    if "statement timeout" in message:
        return StoreError(f"the database took longer than {READ_SECONDS} s to answer; narrow the question or try later")
    return StoreError(f"the database refused: {message.splitlines()[0][:300]}; nothing was stored")
