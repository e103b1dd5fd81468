"""A copied store is its source's equal, in either direction; nothing is ever overwritten."""

from __future__ import annotations

import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from data_models.database import indexes
from data_models.database.access_tables import ACCESS_TABLES
from data_models.database.tables import Base
from data_models.store import Store, StoreError
from data_models.store import accounts as store_accounts
from data_models.store import copy as store_copy
from data_models.store.accounts import audit_entries, audit_seal
from data_models.store.audit_chain import broken
from data_models.store.copy import back_up, copy_store, restore

LEFT_OUT = {"web_sessions", "kept_answers"}


def _url(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def _content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    store = Store.open(url)
    try:
        with store.connect() as records, store.connect_access() as access:
            where = {name: access if name in ACCESS_TABLES else records for name in Base.metadata.tables}
            return {
                name: [tuple(row) for row in where[name].execute(select(table).order_by(*table.primary_key))]
                for name, table in Base.metadata.tables.items()
            }
    finally:
        store.close()


def _fill(store: Store, records: Path) -> None:
    store.import_path(records)
    store.set_name("north", synthetic=True)
    roles = frozenset({"owner", "clinician"})
    store_accounts.add_account(
        store.engine, "test", "olga", roles, frozenset({"north", "süd"}), password_hash="$argon2id$x", must_change=True
    )
    store_accounts.start_session(store.engine, "olga", 1, "f" * 64, complete=True, forget=[])
    store_accounts.record(store.engine, "olga", "opened", "A1", note='quotes " and \\ and\ttabs\nand lines, ünïcode')


@pytest.fixture
def filled(sqlite_store: Store, small_records: Path) -> str:
    _fill(sqlite_store, small_records)
    return _url(sqlite_store)


def _keys(store: Store) -> list[tuple[Any, ...]]:
    statement = text("SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2")
    with store.connect() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def _require_same(first: str, second: str) -> None:
    one, other = _content(first), _content(second)
    for name in one.keys() - LEFT_OUT:
        assert other[name] == one[name], name
        assert [[type(v) for v in row] for row in other[name]] == [[type(v) for v in row] for row in one[name]], name
    assert len(one["audit_entries"]) >= 3
    assert len(one["course_outcomes"]) == 2
    assert other["web_sessions"] == []


def test_there_and_back_again_it_is_the_same(filled: str, postgresql_store: Store, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    counts = copy_store(filled, _url(postgresql_store), lambda step, share: told.append((step, share)))
    assert counts["patients"] == 2
    assert counts["accounts"] == 1
    assert "copying patients" in [step for step, _ in told]
    assert all(0 <= share <= 1 for _, share in told)
    _require_same(filled, _url(postgresql_store))
    with postgresql_store.connect_access() as connection:
        assert broken(audit_entries(connection), audit_seal(connection)) == []
    back = f"sqlite:///{(tmp_path / 'back.db').as_posix()}"
    copy_store(_url(postgresql_store), back)
    _require_same(filled, back)


def test_into_postgresql_rows_go_in_parts_and_the_keys_are_built_at_the_end(
    filled: str, sample_folder: Path, postgresql_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "ROWS_WORTH_IT", 1)
    monkeypatch.setattr(store_copy, "_ROWS_AT_ONCE", 64)  # the last part is not full
    Store.open(filled).import_path(sample_folder)
    before = _keys(postgresql_store)
    copy_store(filled, _url(postgresql_store))
    assert _keys(postgresql_store) == before
    one, other = _content(filled), _content(_url(postgresql_store))
    assert {name: other[name] for name in one.keys() - LEFT_OUT} == {name: one[name] for name in one.keys() - LEFT_OUT}


def test_a_copy_goes_on_living(filled: str, small_records: Path, tmp_path: Path) -> None:
    """It knows what was imported, and its trail and its version go on from where they were."""
    there = f"sqlite:///{(tmp_path / 'there.db').as_posix()}"
    copy_store(filled, there)
    store = Store.open(there)
    assert store.import_path(small_records).already_imported
    version = store.version()
    store.set_name("south", synthetic=False)
    assert store.version() == version + 1
    store_accounts.record(store.engine, "olga", "opened", "B2")
    with store.connect_access() as connection:
        assert broken(audit_entries(connection), audit_seal(connection)) == []
    store.close()


def test_a_database_that_holds_something_is_left_as_it_is(
    filled: str, store: Store, small_records: Path, tmp_path: Path
) -> None:
    source = f"sqlite:///{(tmp_path / 'source.db').as_posix()}"
    if _url(store) != filled:
        _fill(store, small_records)
    Store.open(source).close()
    before = _content(_url(store))
    with pytest.raises(StoreError, match="is not empty"):
        copy_store(source, _url(store))
    assert _content(_url(store)) == before


def test_another_programs_database_is_neither_read_nor_written(filled: str, tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE letters (a)")
    other = f"sqlite:///{file.as_posix()}"
    before = file.read_bytes()
    with pytest.raises(StoreError, match="tables of something else: letters"):
        copy_store(filled, other)
    with pytest.raises(StoreError, match="holds no store of this program"):
        copy_store(other, f"sqlite:///{(tmp_path / 'new.db').as_posix()}")
    with pytest.raises(StoreError, match="onto itself"):
        copy_store(filled, filled)
    with pytest.raises(StoreError, match="no such file"):
        copy_store(f"sqlite:///{(tmp_path / 'none.db').as_posix()}", filled)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("letters",)]
    connection.close()
    assert len(before) == file.stat().st_size


def test_a_failure_on_the_way_leaves_an_empty_store(
    filled: str, postgresql_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(store_copy, "_require_whole", fail)
    with pytest.raises(StoreError, match="the disk is full"):
        copy_store(filled, _url(postgresql_store))
    monkeypatch.undo()
    assert _content(_url(postgresql_store))["patients"] == []
    copy_store(filled, _url(postgresql_store))
    _require_same(filled, _url(postgresql_store))


def test_a_trail_that_was_tampered_with_is_not_carried_on(filled: str, tmp_path: Path) -> None:
    with sqlite3.connect(filled.removeprefix("sqlite:///") + ".access") as connection:
        connection.execute("UPDATE audit_entries SET actor = 'somebody' WHERE sequence = 2")
    with pytest.raises(StoreError, match="audit trail does not hold: entry 2"):
        copy_store(filled, f"sqlite:///{(tmp_path / 'new.db').as_posix()}")


def test_a_backup_is_restored_into_an_empty_database(filled: str, postgresql_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "backups" / "monday.db"
    with pytest.raises(StoreError, match="no such folder; make it first"):
        back_up(filled, file)
    file.parent.mkdir()
    back_up(filled, file)
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    with pytest.raises(StoreError, match="such a file already"):
        back_up(filled, file)
    with pytest.raises(StoreError, match="is not empty"):
        restore(file, filled)
    with pytest.raises(StoreError, match="in use and no backup"):
        restore(Path(filled.removeprefix("sqlite:///")), _url(postgresql_store))
    restore(file, _url(postgresql_store))
    _require_same(filled, _url(postgresql_store))


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"SQLite format 3\x00" + b"x" * 200])
def test_what_is_no_backup_is_not_restored(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    if content is not None:
        file.write_bytes(content)
    target = tmp_path / "target.db"
    with pytest.raises(StoreError) as refused:
        restore(file, f"sqlite:///{target.as_posix()}")
    assert "\n" not in str(refused.value)
    assert not target.exists()
