"""A store that lies: records that are gone, changed or damaged past the program are said, and never copied as whole."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from data_models.database.engine import StoreError
from data_models.store import Store
from data_models.store import copy as store_copy
from data_models.store.seal import Seal, stored_seal
from sample_data.generate import write


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two batches: the second has more of known patients, whose facts it changes, and new ones."""
    folder = tmp_path_factory.mktemp("records")
    write(30, 5, folder / "whole")
    first = folder / "first"
    shutil.copytree(folder / "whole", first)
    rows = (first / "patients.csv").read_text().splitlines()
    kept = {row.partition(",")[0] for row in rows[1:20]}
    for file in first.glob("*.csv"):
        head, *lines = file.read_text().splitlines()
        lines = [line for line in lines if line.partition(",")[0] in kept]
        lines = lines[: -len(lines) // 5] if file.name == "assessments.csv" else lines
        (file).write_text("\n".join([head, *lines]) + "\n")
    patients = first / "patients.csv"
    patients.write_text(patients.read_text().replace("female", "male"))
    return folder


def _filled(store: Store, records: Path) -> Store:
    store.import_path(records / "first")
    store.import_path(records / "whole")
    return store


def test_the_seal_grows_with_each_import_to_that_of_all_that_is_stored(store: Store, records: Path) -> None:
    assert store.sealed_rows() is None
    _filled(store, records)
    with store.connect() as connection:
        stored = stored_seal(connection)
    assert store.verify() == []
    assert store.sealed_rows() == sum(stored.rows.values()) > 300
    assert store.import_path(records / "whole").already_imported
    assert store.verify() == []


def test_the_seal_does_not_depend_on_how_the_records_came(module_store: Store, store: Store, records: Path) -> None:
    _filled(store, records)
    module_store.import_path(records / "whole")
    seals = []
    for one in (store, module_store):
        with one.connect() as connection:
            seals.append(stored_seal(connection))
    assert seals[0].differences(seals[1]) == []


@pytest.mark.parametrize(
    "statement, said",
    [
        ("DELETE FROM assessments WHERE patient_id = 1", "assessments has"),
        ("DELETE FROM sessions WHERE patient_id = 2", "sessions has"),
        ("DELETE FROM patients WHERE patient_id = 3", "patients has 29 rows where 30 were stored"),
        ("UPDATE assessments SET score = score + 1 WHERE patient_id = 4", "rows of assessments are not those"),
        ("UPDATE patients SET clinic = 'x' WHERE patient_id = 5", "rows of patients are not those"),
        ("UPDATE sessions SET systolic_highest = 120 WHERE patient_id = 6", "rows of sessions are not those"),
    ],
)
def test_rows_taken_away_or_changed_are_said_and_not_copied(
    store: Store, records: Path, tmp_path: Path, statement: str, said: str
) -> None:
    _filled(store, records)
    url = store.engine.url.render_as_string(hide_password=False)
    with store.engine.begin() as connection:
        connection.execute(text(statement))
    assert any(said in problem for problem in store.verify())
    with pytest.raises(StoreError, match="not those that were stored") as refused:
        store_copy.back_up(url, tmp_path / "backup.db")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "backup.db").exists()


def test_a_backup_from_which_rows_were_taken_is_not_restored(store: Store, records: Path, tmp_path: Path) -> None:
    _filled(store, records)
    backup, target = tmp_path / "backup.db", tmp_path / "restored.db"
    store_copy.back_up(store.engine.url.render_as_string(hide_password=False), backup)
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("DELETE FROM side_effects WHERE patient_id IN (SELECT patient_id FROM side_effects LIMIT 1)")
    with pytest.raises(StoreError, match="side_effects has"):
        store_copy.restore(backup, f"sqlite:///{target}")
    restored = Store.open(f"sqlite:///{target}")
    assert restored.outcomes_frame().empty
    restored.close()


def _sqlite(tmp_path: Path, records: Path) -> Path:
    path = tmp_path / "clinic.db"
    store = Store.open(f"sqlite:///{path}")
    _filled(store, records)
    store.close()
    return path


def test_ten_kilobytes_overwritten_in_the_middle_are_said(tmp_path: Path, records: Path) -> None:
    path = _sqlite(tmp_path, records)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    for place in (0.3, 0.5, 0.7):
        damaged = tmp_path / f"damaged{place}.db"
        content = bytearray(path.read_bytes())
        middle = int(size * place) // 4096 * 4096
        content[middle : middle + 10_000] = b"\x5a" * 10_000
        damaged.write_bytes(content)
        try:
            store = Store.open(f"sqlite:///{damaged}")
            problems = store.verify()
            store.close()
        except StoreError as error:
            problems = [str(error)]
        assert problems, place


def test_an_emptied_file_beside_an_intact_trail_is_not_taken_for_a_new_store(tmp_path: Path, records: Path) -> None:
    from data_models.store import accounts

    path = _sqlite(tmp_path, records)
    store = Store.open(f"sqlite:///{path}")
    accounts.record(store.engine, "test", "looked", "nobody")
    store.close()
    for beside in tmp_path.glob("clinic.db-*"):
        beside.unlink()
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="holds no records at all"):
        Store.open(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    path.unlink()
    with pytest.raises(StoreError, match="holds no records at all"):
        Store.open(f"sqlite:///{path}")


def test_a_seal_is_told_in_words_and_written_as_text() -> None:
    seal = Seal()
    assert Seal.of(str(seal)).differences(seal) == []
    seal.rows["sessions"] = 3
    assert seal.differences(Seal()) == ["sessions has 0 rows where 3 were stored"]
