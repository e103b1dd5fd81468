"""The list of patients follows every change of the store: it is always the one that would be made anew."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from data_models import store_cluster, store_worklist
from data_models.rules import DEFAULT_RULES
from data_models.store import Store
from data_models.tables import Base
from tests.data_models.old_stores import made_by_revision
from tests.data_models.test_store_cluster import Here, quiet

Rows = dict[str, list[tuple[object, ...]]]


def _kept(store: Store) -> Rows:
    with store.connect() as connection:
        tables = (Base.metadata.tables[name] for name in ("worklist_facts", "worklist_counts"))
        found = {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in tables
        }
    found["worklist_counts"] = [row for row in found["worklist_counts"] if any(row[3:])]
    return found


def _anew(store: Store) -> Rows:
    with store.engine.begin() as connection:
        store_worklist.take_away(connection)
        store_worklist.fill(connection)
    return _kept(store)


def _write(folder: Path, **tables: str) -> Path:
    folder.mkdir()
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(rows)
    return folder


def test_each_import_and_derivation_leaves_the_list_that_would_be_made_anew(store: Store, tmp_path: Path) -> None:
    heads = {
        "patients": "patient_code,clinic\n",
        "sessions": "patient_code,hours\n",
        "assessments": "patient_code,hours,instrument,score,item9\n",
    }
    first = {
        "patients": "A1,north\nB2,north\nC3,\n",
        "sessions": "A1,0\nB2,0\nC3,0\n",
        "assessments": "A1,-2,phq9,20,2\nA1,96,phq9,5,0\nB2,-2,phq9,18,\n",
    }
    # A known patient changes, one is new, and a scale that was not there before comes in.
    second = {
        "patients": "D4,south\n",
        "sessions": "D4,0\nA1,100\n",
        "assessments": "A1,200,phq9,19,3\nD4,-1,gad7,12,\nD4,50,gad7,4,\n",
    }
    seen = []
    for number, part in enumerate((first, second)):
        records = {name: heads[name] + rows for name, rows in part.items()}
        store.import_path(_write(tmp_path / str(number), **records))
        seen.append(_kept(store))
        assert seen[-1] == _anew(store)
    assert [len(rows["worklist_facts"]) for rows in seen] == [3, 8]  # four patients on two scales
    rules = DEFAULT_RULES.changed({"response_improvement": 0.9})
    store.derive(rules)
    assert _kept(store) == _anew(store) != seen[-1]
    store_cluster.derive_in_parts(store, DEFAULT_RULES, Here(), quiet)
    assert _kept(store) == _anew(store) == seen[-1]


def test_a_store_made_before_there_was_a_list_gets_one(sqlite_store: Store, small_records: Path) -> None:
    sqlite_store.import_path(small_records)
    whole = _kept(sqlite_store)
    made_by_revision(sqlite_store, "0002")
    sqlite_store.upgrade()
    assert whole["worklist_facts"]
    assert _kept(sqlite_store) == whole
