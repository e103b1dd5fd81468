"""Derivation in parts: by all cores of this machine, or by the workers of a Dask cluster on many.

Each part, a range of patients, is read, derived by the same pure functions and staged by a worker: in
PostgreSQL in tables of its own, beside a SQLite file in small databases. When all parts are there, one
transaction of the caller puts them in the place of the stored outcomes: readers see the outcomes before
or after, never between. What is staged is named after the state of the records and the rules, so a
derivation that was stopped goes on where it ended when it is asked for again, and never mixes states.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, func, inspect, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from data_models.database.engine import StoreError, open_engine, plain, reading
from data_models.database.image_join import CannotJoin, PartFile, join
from data_models.database.loading import Load, ingest, read_rows, release
from data_models.database.tables import Base
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.outcomes.derive import derive
from data_models.store import Store, set_rules, worklist
from data_models.store import band as store_band
from data_models.store.band import Tally, clinics_of
from data_models.store.derivation import FACTS, LISTED, Progress, drop_facts, record_slices

FEW_PATIENTS = 50_000  # below it one process has derived most before others have started
_MOST_PARTS = {"sqlite": 8, "postgresql": 32}  # SQLite attaches up to ten files to one connection
SMALLEST_PART = 1_000  # patients; less is not worth a task of its own
BAND = "band_counts"
_STAGED = (*FACTS, BAND)
_TABLES = Base.metadata.tables
_INFO = _TABLES["store_info"]


@dataclass(frozen=True, slots=True)
class Part:
    """Patients with ids from `first` to `end` - 1: one worker's task, as it is sent to it.

    Attributes
    ----------
    url : the store's, with its password: a worker elsewhere opens it too.
    state : the mark of the state of the records that the part is to belong to.
    key : names what is staged for this state under these rules.
    rules : every rule by its name.
    """

    url: str
    state: str
    key: str
    number: int
    first: int
    end: int
    rules: Mapping[str, Any]


# --- asked for ---------------------------------------------------------------------------------------


def derive_on_cores(store: Store, rules: OutcomeRules, cores: int, progress: Progress) -> None:
    """Derive every patient's outcomes anew by processes of this machine, where there are enough patients.

    Raises
    ------
    StoreError : the records were changed meanwhile, or cannot be read or written.
    """
    with store.connect() as connection:
        patients = connection.execute(select(func.count()).select_from(_TABLES["patients"])).scalar_one()
    if cores < 2 or patients < FEW_PATIENTS:
        store.derive(rules, progress)
        return
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        derive_in_parts(store, rules, pool, progress)


def derive_on_cluster(store: Store, rules: OutcomeRules, address: str, progress: Progress) -> None:
    """Derive every patient's outcomes anew by the workers of a Dask scheduler.

    Raises
    ------
    StoreError : Dask is not installed, the scheduler cannot be reached or has no worker, or as `derive_on_cores`.
    """
    try:
        from distributed import Client
    except ImportError:
        raise StoreError(
            "--cluster needs Dask: pip install 'ketamine-outcomes[cluster]', here and on the workers"
        ) from None
    try:
        client = Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = type(error).__name__
        raise StoreError(f"{address}: no Dask scheduler answers here ({reason}); check the address") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise StoreError(f"{address}: the scheduler has no worker; start one with: dask worker {address}")
        derive_in_parts(store, rules, client.get_executor(pure=False), progress)


def derive_in_parts(store: Store, rules: OutcomeRules, pool: Executor, progress: Progress) -> None:
    """Derive every patient's outcomes anew by whatever carries out tasks; parts staged before are taken as they are.

    Raises
    ------
    StoreError : the records were changed meanwhile, or cannot be read or written.
    """
    try:
        parts = _parts(store, rules)
        staging = _staging(store.engine)
        staging.keep_only(parts[0].key if parts else "")
        begun = [pool.submit(stage, part) for part in parts if not staging.holds(part)]
        for done, future in enumerate(as_completed(begun), start=1):
            future.result()
            progress(f"deriving outcomes, part {done} of {len(begun)}", 0.9 * done / len(begun))
        with staging.attached(parts) as (connection, sources, band, fill):
            if parts and _state(connection) != parts[0].state:
                raise StoreError("the records were changed while their outcomes were derived; derive them again")
            drop_facts(connection)
            for place, found in enumerate(sources):
                progress("storing outcomes", 0.9 + 0.1 * place / len(sources))
                for statement in found:
                    connection.exec_driver_sql(statement)
            store_band.add_parts(connection, band)
            fill(connection)
            set_rules(connection, rules)
        staging.keep_only("")
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise plain(error) from error


def _parts(store: Store, rules: OutcomeRules) -> list[Part]:
    with store.connect() as connection:
        state = _state(connection)
        last = connection.execute(select(func.coalesce(func.max(_TABLES["patients"].c.patient_id), 0))).scalar_one()
    values = rules.as_dict()
    key = hashlib.sha256(f"{state}{json.dumps(values, sort_keys=True)}".encode()).hexdigest()[:12]
    count = min(_MOST_PARTS[store.engine.dialect.name], last // SMALLEST_PART + 1)
    borders = [(last + 1) * place // count for place in range(count + 1)]
    url = store.engine.url.render_as_string(hide_password=False)
    return [Part(url, state, key, n, borders[n], borders[n + 1], values) for n in range(count)]


def _state(connection: Connection) -> str:
    """The mark of the state of the store, as one connection sees it."""
    return str(connection.execute(select(_INFO.c.value).where(_INFO.c.name == "state")).scalar_one())


# --- done by a worker ----------------------------------------------------------------------------------


def stage(part: Part) -> None:
    """Read, derive and stage one part; again has the same effect as once. Runs anywhere that sees the store.

    Raises
    ------
    StoreError : the store cannot be seen from here, or its records have changed.
    """
    url = make_url(part.url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise StoreError(
            f"{url.database}: a worker does not see this file; run workers on its machine, or use PostgreSQL"
        )
    engine = open_engine(part.url)
    staging = _staging(engine)
    try:
        if staging.holds(part):
            return
        rules = DEFAULT_RULES.changed(dict(part.rules))
        with reading(engine) as connection, staging.writing(part) as (target, tables):
            if _state(connection) != part.state:
                raise StoreError("the records were changed while their outcomes were derived; derive them again")
            tally = Tally()
            with Load(target, [tables[name] for name in FACTS]) as load:
                for records in record_slices(connection, part.first, part.end):
                    facts = derive(*records, rules)
                    tally.add(facts, clinics_of(connection, records[0]["patient_id"]))
                    for name in FACTS:
                        load.add(getattr(facts, name), tables[name])
                if engine.dialect.name == "sqlite":
                    load.finish()  # PostgreSQL would count tables that are only ever read whole
            staging.keep_band(part, target, tally.rows())
    except (SQLAlchemyError, sqlite3.Error) as error:
        if not staging.holds(part):  # else another worker, to which the task was given too, was first
            raise plain(error) from error
    finally:
        engine.dispose()


# --- where parts wait ------------------------------------------------------------------------------------

Sources = list[list[str]]  # of each source, a statement a table that takes its facts over
StagedRows = list[dict[str, Any]]
# Statements that take facts over, each part's counts behind the band of similar courses, what fills the list.
Taken = tuple[Connection, Sources, list[StagedRows], Callable[[Connection], None]]
_COUNTS = "worklist_counts"
_WHOLE = "INSERT INTO main.{0} SELECT * FROM joined.{0}"  # said so, SQLite copies a table as it lies


def _taking_over(source: Mapping[str, str]) -> list[str]:
    """Statements that take rows over one by one. `source`: where those of each table of facts stand."""
    statements = []
    for table, place in source.items():
        names = ", ".join(column.name for column in _TABLES[table].columns)
        statements.append(f"INSERT INTO {table} ({names}) SELECT {names} FROM {place}")
    return statements


def _staging(engine: Engine) -> _Files | _StagedTables:
    return _Files(engine) if engine.dialect.name == "sqlite" else _StagedTables(engine)


class _Files:
    """Beside a SQLite file: a folder with one small database a part, which appears whole or not at all.

    The store takes them over put together as one file (`data_models.image_join`), from which SQLite copies whole
    tables: measured, in a third of the time of part after part. The rows of the list of patients are made with them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._folder = Path(f"{engine.url.database}.derive")

    def _path(self, part: Part) -> Path:
        return self._folder / f"{part.key}-{part.number}.db"

    def holds(self, part: Part) -> bool:
        return self._path(part).exists()

    def keep_only(self, key: str) -> None:
        for path in self._folder.glob("*") if self._folder.exists() else ():
            if not key or not path.name.startswith(f"{key}-") or path.suffix not in (".db", ".json"):
                path.unlink(missing_ok=True)
        if not key and self._folder.exists():
            self._folder.rmdir()

    @contextmanager
    def writing(self, part: Part) -> Iterator[tuple[Connection, dict[str, Any]]]:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._begun(part)
        with self._engine.connect() as store:
            made_by = _made_by(store)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        engine = create_engine(URL.create("sqlite", database=str(path)))
        try:
            with engine.connect() as connection:
                # Until it is whole the file is worth nothing, and then it is on the disk.
                connection.exec_driver_sql("PRAGMA journal_mode = OFF")
                connection.exec_driver_sql("PRAGMA page_size = 32768")
                connection.commit()
                try:
                    with connection.begin():
                        tables = {name: _TABLES[name] for name in FACTS}
                        for statement in made_by.values():
                            connection.exec_driver_sql(statement)
                        yield connection, tables
                        # What the part itself does not hold, the patients, is found in the store.
                        connection.exec_driver_sql("ATTACH DATABASE ? AS store", (str(self._engine.url.database),))
                        worklist.prepare(connection)
                finally:
                    release(connection)
            engine.dispose()
            os.replace(path, self._path(part))
        finally:
            engine.dispose()
            path.unlink(missing_ok=True)

    def keep_band(self, part: Part, target: Connection, rows: pd.DataFrame) -> None:
        """Keep the counts of the band: in a file of their own, as their texts are longer than `join` takes."""
        path = self._begun(part)
        path.write_text(rows.to_json(orient="records"), encoding="utf-8")
        os.replace(path, self._path(part).with_suffix(".json"))

    def _band(self, part: Part) -> StagedRows:
        found: StagedRows = json.loads(self._path(part).with_suffix(".json").read_text(encoding="utf-8"))
        return found

    def _begun(self, part: Part) -> Path:
        """A new name for a file that is not yet whole."""
        return self._folder / f"{part.key}-{part.number}-{uuid.uuid4().hex}.begun"

    @contextmanager
    def attached(self, parts: list[Part]) -> Iterator[Taken]:
        whole = self._begun(parts[0]) if parts else Path()
        with self._engine.connect() as connection:
            fill: Callable[[Connection], None]
            joined = bool(parts) and self._joined(connection, parts, whole)
            files = {"joined": whole} if joined else {f"part{part.number}": self._path(part) for part in parts}
            cursor: Any = connection.connection.cursor()
            try:
                for name, path in files.items():
                    cursor.execute(f"ATTACH DATABASE ? AS {name}", (str(path),))
                if joined:
                    sources = [[_WHOLE.format(table) for table in FACTS]]
                    counts = [row for part in parts for row in _rows(self._path(part), _COUNTS)]
                    fill = partial(worklist.fill_prepared, statement=_WHOLE.format(*LISTED), counts=counts)
                else:
                    sources = [_taking_over({table: f"{name}.{table}" for table in FACTS}) for name in files]
                    fill = worklist.fill
                writer = connection.execution_options(writing=True)
                with writer.begin():
                    band = [self._band(part) for part in parts]
                    yield writer, sources, band, fill
            finally:
                for (name,) in cursor.execute("SELECT name FROM pragma_database_list").fetchall():
                    if name in files:
                        cursor.execute(f"DETACH DATABASE {name}")
                if parts:
                    whole.unlink(missing_ok=True)

    def _joined(self, connection: Connection, parts: list[Part], whole: Path) -> bool:
        """Put all parts together as one file; whether that could be done."""
        try:
            found = [PartFile(self._path(part), _roots(self._path(part))) for part in parts]
            made_by = _made_by(connection)
            join(whole, found, {table: made_by[table] for table in (*FACTS, *LISTED)})
        except (CannotJoin, OSError):  # the disk may have no room for them twice
            whole.unlink(missing_ok=True)
            return False
        return True


def _made_by(connection: Connection) -> dict[str, str]:
    """Of each table of a part (facts, list of patients) the statement that makes it as in this SQLite store."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    found = {row.name: row.sql for row in rows}
    connection.rollback()
    # The counts of the list are of the one kind of table that `join` knows.
    return {name: found[name] for name in (*FACTS, *LISTED)} | {_COUNTS: f"{found[_COUNTS]} WITHOUT ROWID"}


def _roots(path: Path) -> dict[str, int]:
    """The root page of each table of a SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'").fetchall())


def _rows(path: Path, table: str) -> StagedRows:
    """The rows of a small table of a part."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]


class _StagedTables:
    """In PostgreSQL: unlogged tables of each part, which a transaction makes and fills."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @staticmethod
    def _name(part: Part, table: str) -> str:
        return f"staged_{part.key}_{part.number}_{table}"

    def holds(self, part: Part) -> bool:
        return inspect(self._engine).has_table(self._name(part, FACTS[0]))

    def keep_only(self, key: str) -> None:
        names = [name for name in inspect(self._engine).get_table_names() if name.startswith("staged_")]
        with self._engine.begin() as connection:
            for name in names:
                if not key or not name.startswith(f"staged_{key}_"):
                    connection.execute(text(f"DROP TABLE IF EXISTS {name}"))

    @contextmanager
    def writing(self, part: Part) -> Iterator[tuple[Connection, dict[str, Any]]]:
        made = MetaData()
        tables = {}
        with self._engine.begin() as connection:
            for name in _STAGED:
                staged = self._name(part, name)
                connection.execute(text(f"CREATE UNLOGGED TABLE {staged} (LIKE {name})"))
                tables[name] = _TABLES[name].to_metadata(made, name=staged)
            yield connection, tables

    def keep_band(self, part: Part, target: Connection, rows: pd.DataFrame) -> None:
        """Keep the counts of the band in the transaction of the part."""
        ingest(target, rows, _TABLES[BAND].to_metadata(MetaData(), name=self._name(part, BAND)))

    @contextmanager
    def attached(self, parts: list[Part]) -> Iterator[Taken]:
        with self._engine.connect().execution_options(writing=True) as connection, connection.begin():
            sources = [_taking_over({table: self._name(part, table) for table in FACTS}) for part in parts]
            places = [self._name(part, BAND) for part in parts]
            band = [read_rows(connection, text(f"SELECT * FROM {at}")) for at in places]
            yield connection, sources, band, worklist.fill
