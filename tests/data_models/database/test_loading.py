"""Loading rows: every value arrives as it was given, whichever way it takes, and a failure leaves nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pandas as pd
import pytest
from adbc_driver_manager import AdbcStatusCode, OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    text,
)

from data_models.database import loading
from data_models.database.loading import Load, ingest, release
from data_models.database.tables import Base
from data_models.store import Store, StoreError
from data_models.store.derivation import FACTS
from data_models.store.importing import RECORDS

KINDS = {"patient_id": BigInteger, "what": String(32), "share": Float, "points": Integer, "note": String(90)}
TABLE = Table("t", MetaData(), *(Column(name, kind, nullable=name != "patient_id") for name, kind in KINDS.items()))

numbers = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 3).map(float))
wholes = st.one_of(st.none(), st.sampled_from([0, 1, -1, 127, 128, -32_769, 2**31 - 1]))
texts = st.one_of(
    st.none(),
    st.sampled_from(["", "NULL", "\\N", "\\.", '"', "a,b", "a\nb", "a\r\nb", " a ", "é"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=90),
)
cells = st.tuples(st.integers(-5, 2**40), st.sampled_from([None, "phq9", "gad7", "é"]), numbers, wholes, texts)
ROWS = [(1, "phq9", 0.1, 3, None), (2**40, None, None, None, "x"), (3, "gad7", 1e300, -7, ""), (4, "é", -0.0, 0, '"\n')]


def _frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(KINDS))
    types = {"patient_id": "int64", "what": "category", "share": "float64", "points": "float64", "note": "str"}
    return frame.astype(types)


def _stored(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(TABLE.select())]


@settings(max_examples=40)
@given(rows=st.lists(cells, max_size=40), at=st.integers(0, 40))
def test_sqlite_holds_what_was_given_by_the_driver_and_by_the_staging_file(
    rows: list[tuple[Any, ...]], at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine = create_engine(f"sqlite:///{(tmp_path_factory.mktemp('db') / 'some.db').as_posix()}")
    TABLE.create(engine)
    for rows_worth_staging in (1, 1_000):
        with pytest.MonkeyPatch.context() as patch, engine.connect() as connection:
            patch.setattr(loading, "_ROWS_WORTH_STAGING", rows_worth_staging)
            with connection.begin() as transaction, Load(connection) as load:
                for part in (rows[:at], rows[at:]):
                    load.add(_frame(part), TABLE)
                load.finish()
                assert _stored(connection) == rows
                transaction.rollback()
            release(connection)
    engine.dispose()


@settings(max_examples=40)
@given(rows=st.one_of(st.just(ROWS), st.lists(cells, max_size=40)))
def test_postgresql_holds_what_was_given(rows: list[tuple[Any, ...]], postgresql_module_store: Store) -> None:
    with postgresql_module_store.engine.connect() as connection, connection.begin() as transaction:
        TABLE.create(connection)
        ingest(connection, _frame(rows), TABLE)
        assert list(map(repr, _stored(connection))) == list(map(repr, rows))  # repr tells -0.0 from 0.0
        transaction.rollback()


def test_a_number_that_is_not_whole_where_one_should_be_is_refused(store: Store) -> None:
    with store.connect() as connection, pytest.raises(ValueError, match="truncated"):
        ingest(connection, _frame([(1, "phq9", 0.5, 0.5, "a")]), TABLE)


# --- in the store ----------------------------------------------------------------------------


def _all_rows(store: Store) -> dict[str, list[Any]]:
    with store.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(Base.metadata.tables[name].select())]
            for name in (*RECORDS, *FACTS)
        }


@pytest.fixture
def two_stores(tmp_path: Path) -> list[Store]:
    """Two empty SQLite stores."""
    return [Store.open(f"sqlite:///{(tmp_path / name).as_posix()}") for name in ("driver.db", "staged.db")]


def test_a_store_holds_the_same_by_driver_and_by_staging_file(
    two_stores: list[Store], sample_folder: Path, small_records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, staged = two_stores
    for store, least in ((driver, 10**9), (staged, 1)):
        monkeypatch.setattr(loading, "_ROWS_WORTH_STAGING", least)
        monkeypatch.setattr("data_models.store.derivation.PATIENTS_AT_ONCE", 70)
        for folder in (small_records, sample_folder):  # into an empty store and into one with rows
            store.import_path(folder)
        store.derive()
    assert _all_rows(driver) == _all_rows(staged)
    with staged.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        attached = {row.name for row in connection.execute(text("SELECT name FROM pragma_database_list"))}
        assert attached <= {"main", "temp"}
    assert not list(Path(str(staged.engine.url.database)).parent.glob("*-import*"))


def test_a_staging_file_that_cannot_be_written_leaves_neither_rows_nor_files(
    two_stores: list[Store], sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = two_stores[0]
    monkeypatch.setattr(loading, "_ROWS_WORTH_STAGING", 1)
    folder = Path(str(store.engine.url.database)).parent
    leftover = folder / "driver.db-import1"
    leftover.write_text("of an import that was killed")

    said = "INTERNAL: failed to execute: database or disk is full\nquery was: COMMIT"
    of_adbc = OperationalError(said, status_code=AdbcStatusCode.INTERNAL)
    for error, told in ((OSError(28, "No space left"), "No space left"), (of_adbc, "database or disk is full")):

        def full(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(adbc.Cursor, "adbc_ingest", full)
            with pytest.raises(StoreError, match=rf"cannot be written: {told}; nothing was stored"):
                store.import_path(sample_folder)
    assert not list(folder.glob("*-import*"))
    assert not any(_all_rows(store).values())
    store.import_path(sample_folder)
    assert all(_all_rows(store).values())


# --- what PostgreSQL is told of the sizes of its tables ------------------------------------------


def _records(folder: Path, codes: range) -> Path:
    """One session each of some patients."""
    folder.mkdir()
    (folder / "patients.csv").write_text("patient_code\n" + "".join(f"P{code}\n" for code in codes))
    (folder / "sessions.csv").write_text("patient_code,hours\n" + "".join(f"P{code},0\n" for code in codes))
    return folder


def test_a_table_is_counted_anew_once_a_tenth_of_its_rows_is_new(
    postgresql_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few rows into millions change no plan, and to count these takes longer than to store the few."""
    monkeypatch.setattr("data_models.database.loading._ROWS_TO_COUNT_ANEW", 1)
    said: list[str] = []

    @event.listens_for(postgresql_store.engine, "before_cursor_execute")
    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    counted = []
    for first, last in ((0, 100), (100, 102), (102, 120)):
        said.clear()
        postgresql_store.import_path(_records(tmp_path / str(first), range(first, last)))
        counted.append("ANALYZE sessions" in said)
    assert counted == [True, False, True]
