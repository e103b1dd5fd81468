"""Keys and indexes that are set aside for a large import: the schema afterwards is the schema before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from data_models.database import indexes
from data_models.database.engine import READER_WAIT_SECONDS
from data_models.database.loading import Load
from data_models.definitions.scope import Scope
from data_models.questions.patient import patient
from data_models.store import Store, StoreError, importing
from data_models.store.derivation import FACTS
from data_models.store.importing import RECORDS

_SCHEMA = text("""
    SELECT c.relname, i.relname, pg_get_indexdef(x.indexrelid), x.indisvalid, x.indisready, k.conname, k.contype,
           pg_get_constraintdef(k.oid), k.convalidated
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT c.relname, NULL, NULL, NULL, NULL, k.conname, k.contype, pg_get_constraintdef(k.oid), k.convalidated
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.conindid = 0
    ORDER BY 1, 2, 6
""")


@pytest.fixture(autouse=True)
def every_import_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "ROWS_WORTH_IT", 1)


@pytest.fixture
def set_aside(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each import, whether keys were set aside."""
    seen: list[bool] = []

    def watched(*given: Any) -> indexes.DroppedKeys:
        keys = indexes.drop_keys(*given)
        seen.append(bool(keys))
        return keys

    monkeypatch.setattr(importing, "drop_keys", watched)
    return seen


def _schema(store: Store) -> list[Any]:
    with store.engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(_SCHEMA)]
    assert len([row for row in found if row[6] == "p"]) >= len((*RECORDS, *FACTS))
    return found


def test_the_schema_is_the_same_before_and_after_imports_into_an_empty_and_a_filled_store(
    postgresql_store: Store, small_records: Path, sample_folder: Path, set_aside: list[bool]
) -> None:
    before = _schema(postgresql_store)
    postgresql_store.import_path(small_records)
    assert _schema(postgresql_store) == before
    postgresql_store.import_path(sample_folder)
    assert set_aside == [True, False]
    assert _schema(postgresql_store) == before
    with postgresql_store.connect() as connection:
        found = patient(connection, Scope.everything(), "A1")
        assert found is not None
        assert found.scores


def test_an_import_that_fails_leaves_keys_and_indexes_as_they_were(
    postgresql_store: Store,
    small_records: Path,
    set_aside: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _schema(postgresql_store)

    class Failing(Load):
        def finish(self) -> None:
            super().finish()
            self._connection.exec_driver_sql("SELECT 1 / 0")

    monkeypatch.setattr(importing, "Load", Failing)
    with pytest.raises(StoreError, match="division by zero"):
        postgresql_store.import_path(small_records)
    assert set_aside == [True]
    assert _schema(postgresql_store) == before
    assert postgresql_store.outcomes_frame().empty


def test_keys_stay_where_somebody_reads_the_tables(
    postgresql_store: Store, small_records: Path, set_aside: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "_WAIT_MS", 1)
    before = _schema(postgresql_store)
    with postgresql_store.connect() as reader:
        assert patient(reader, Scope.everything(), "A1") is None
        postgresql_store.import_path(small_records)
        assert patient(reader, Scope.everything(), "A1") is None
    assert set_aside == [False]
    assert _schema(postgresql_store) == before
    assert not postgresql_store.outcomes_frame().empty
    with postgresql_store.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == f"{READER_WAIT_SECONDS}s"


def test_keys_stay_that_whoever_runs_the_server_has_arranged(
    postgresql_store: Store, small_records: Path, set_aside: list[bool]
) -> None:
    with postgresql_store.engine.begin() as connection:
        connection.exec_driver_sql("COMMENT ON INDEX ix_patients_code IS 'the one for looking up'")
        connection.exec_driver_sql("CREATE INDEX by_clinic ON patients (lower(clinic)) WHERE clinic IS NOT NULL")
        connection.exec_driver_sql("ALTER TABLE sessions CLUSTER ON sessions_pkey")
    before = _schema(postgresql_store)
    postgresql_store.import_path(small_records)
    assert set_aside == [False]
    with postgresql_store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE sessions SET WITHOUT CLUSTER")
        connection.exec_driver_sql("COMMENT ON INDEX ix_patients_code IS NULL")
        connection.exec_driver_sql(f"TRUNCATE {', '.join((*RECORDS, *FACTS, 'imports'))}")
    postgresql_store.import_path(small_records)
    assert set_aside == [False, True]
    assert _schema(postgresql_store) == before


def test_keys_stay_where_the_tables_belong_to_another_role(
    postgresql_store: Store, small_records: Path, set_aside: list[bool]
) -> None:
    role = f"clerk_{postgresql_store.engine.url.database}"
    with postgresql_store.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role}")
        connection.exec_driver_sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")

    def as_clerk(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(f"SET ROLE {role}")
        connection.commit()

    postgresql_store.engine.dispose()
    event.listen(postgresql_store.engine, "checkout", as_clerk)
    try:
        before = _schema(postgresql_store)
        postgresql_store.import_path(small_records)
        assert set_aside == [False]
        assert _schema(postgresql_store) == before
        assert not postgresql_store.outcomes_frame().empty
    finally:
        event.remove(postgresql_store.engine, "checkout", as_clerk)
        postgresql_store.engine.dispose()
        with postgresql_store.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
