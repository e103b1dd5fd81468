"""An import that is stored while it is read: the same store, and nothing of it where anything is wrong."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from data_models import store as store_module
from data_models import store_import
from data_models.accounts import ACCESS_TABLES
from data_models.readers import read_records
from data_models.records import RecordsRefused
from data_models.store import Store
from data_models.tables import Base

OWN = frozenset({"store_info"}) | ACCESS_TABLES  # what differs from store to store


@pytest.fixture(autouse=True)
def any_size_is_stored_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BYTES_STORED_WHILE_READ", 1)


def _rows(store: Store) -> dict[str, list[Any]]:
    with store.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for name, table in Base.metadata.tables.items()
            if name not in OWN
        }


@pytest.fixture(params=["sqlite", "postgresql"])
def two_stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two empty stores, the second a SQLite one."""
    first = request.getfixturevalue(f"{request.param}_store")
    second = Store.open(f"sqlite:///{(tmp_path / 'second.db').as_posix()}")
    yield first, second
    second.close()


def test_it_holds_what_a_batch_imported_whole_holds(two_stores: tuple[Store, Store], sample_folder: Path) -> None:
    streamed, whole = two_stores
    said: list[str] = []
    result = streamed.import_path(sample_folder, progress=lambda step, share: said.append(step))
    assert result == whole.import_batch(read_records(sample_folder))
    assert _rows(streamed) == _rows(whole)
    # Sessions are on their way before the scores are looked at.
    assert said.index("checking assessments.csv") > said.index("reading")
    assert {"checked", "done"} <= set(said)
    assert streamed.import_path(sample_folder).already_imported


def test_one_sheet_is_stored_while_it_is_read_too(two_stores: tuple[Store, Store], tmp_path: Path) -> None:
    sheet = tmp_path / "session_records.csv"
    sheet.write_text(
        "patient_code,hours,drug,route,clinic,phq9_before,phq9_after_24h,side_effects\n"
        "B2,0,ketamine,iv,north,20,9,nausea;headache\nA1,0,ketamine,iv,,18,17,none\nB2,72,ketamine,iv,north,12,8,\n"
    )
    streamed, whole = two_stores
    assert streamed.import_path(sheet) == whole.import_batch(read_records(sheet))
    assert _rows(streamed) == _rows(whole)


@pytest.mark.parametrize(
    "table, row, problem",
    [
        ("assessments", "A1,900,phq9,99", "range"),
        ("side_effects", "A1,5,nausea", "no session of this patient starts at these hours"),
        ("sessions", "Z9,0,ketamine,iv,0.5,mg_per_kg,yes", "no patient has this code"),
    ],
)
def test_what_is_found_wrong_after_rows_were_sent_leaves_nothing(
    store: Store, small_records: Path, tmp_path: Path, table: str, row: str, problem: str
) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(small_records, wrong)
    file = wrong / f"{table}.csv"
    if not file.exists():
        file.write_text("patient_code,hours,term\n")
    with file.open("a") as stream:
        stream.write(row + "," * (file.read_text().splitlines()[0].count(",") - row.count(",")) + "\n")
    before = _rows(store)
    with pytest.raises(RecordsRefused, match=problem):
        store.import_path(wrong)
    assert _rows(store) == before
    assert not store.import_path(small_records).already_imported


def test_an_import_that_comes_second_after_all_is_compared_with_the_first(
    store: Store, small_records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both found the store empty before either had its lock."""
    looked, both = store_module._holds_imports, threading.Barrier(2)
    waited: set[int] = set()

    def together(connection: Any) -> bool:
        found = looked(connection)
        if threading.get_ident() not in waited:
            waited.add(threading.get_ident())
            both.wait(20)
        return found

    monkeypatch.setattr(store_module, "_holds_imports", together)
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.append(store.import_path(small_records).already_imported))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]


def test_a_stream_ends_with_whoever_takes_from_it() -> None:
    made: list[int] = []

    def endless() -> Iterator[Any]:
        while True:
            made.append(len(made))
            yield store_import.Patients(len(made), store_import.NO_IDS, store_import.NO_IDS)

    items = store_import.beside(endless())
    assert next(items).part == 1
    items.close()  # type: ignore[attr-defined]
    before = len(made)
    assert before < 10
    assert len(made) == before
