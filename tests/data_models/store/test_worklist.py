"""The list of patients follows every change of the store: it is always the one that would be made anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from data_models.database.tables import Base, Patient
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions.worklist import SORTABLE, worklist
from data_models.questions.worklist_order import RECENT
from data_models.store import Store, cluster
from data_models.store import worklist as store_worklist
from tests.data_models.store.old_stores import made_by_revision
from tests.data_models.store.test_cluster import Here, quiet

ALL = Scope.everything()
Rows = dict[str, list[tuple[object, ...]]]


def _kept(store: Store) -> Rows:
    with store.connect() as connection:
        return _rows(connection)


def _rows(connection: Connection) -> Rows:
    tables = (Base.metadata.tables[name] for name in ("worklist_facts", "worklist_counts"))
    found = {
        table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
        for table in tables
    }
    found["worklist_counts"] = [row for row in found["worklist_counts"] if any(row[3:])]
    return found


def _lists(connection: Connection) -> list[list[str]]:
    """The codes of the list in each order and direction."""
    orders = [(sort, descending) for sort in SORTABLE for descending in (False, True)]
    asked = (worklist(connection, ALL, CohortFilter(), sort=sort, descending=down) for sort, down in orders)
    return [list(rows["patient_code"]) for rows, _ in asked]


def _made_anew(store: Store) -> tuple[Rows, list[list[str]]]:
    """The list as it would be, and what it would show; the store stays as it is."""
    with store.engine.connect() as connection, connection.begin() as transaction:
        store_worklist.take_away(connection)
        store_worklist.fill(connection)
        found = _rows(connection), _lists(connection)
        transaction.rollback()
    return found


def _anew(store: Store) -> Rows:
    return _made_anew(store)[0]


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
    cluster.derive_by(store, DEFAULT_RULES, Here(), 2, quiet)
    assert _kept(store) == _anew(store) == seen[-1]


def _in_place(rows: Rows) -> Rows:
    """The list as it would be with each row in its place."""
    facts = [(*row[:2], row[2] % RECENT, *row[3:]) for row in rows["worklist_facts"]]  # type: ignore[operator]
    counts: dict[tuple[object, ...], list[int]] = {}
    for instrument, clinic, kind, *numbers in rows["worklist_counts"]:
        key = (instrument, clinic, kind % RECENT)  # type: ignore[operator]
        before = counts.get(key, [0] * len(numbers))
        counts[key] = [a + b for a, b in zip(before, numbers, strict=True)]  # type: ignore[operator]
    return {"worklist_facts": facts, "worklist_counts": [(*key, *counts[key]) for key in sorted(counts)]}


def test_rows_that_come_into_a_large_list_stand_apart_until_there_are_many(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_models.store.worklist.LARGE", 2)
    monkeypatch.setattr("data_models.store.worklist.MOST_RECENT", 3)
    # Patients of each import, and who stands apart after it.
    steps = (
        (("A1",), ""),  # the first
        (("B2", "C3"), ""),  # a small list
        (("D4", "E5"), "D4 E5"),
        (("A1",), "A1 D4 E5"),  # a known patient comes again
        (("F6",), ""),  # too many to stand apart
        (("G7", "H8", "I9", "J0"), ""),  # too many at once
        (("K1",), "K1"),
    )
    for number, (codes, apart) in enumerate(steps):
        days = range(0, 4 * number + 4, 4)
        store.import_path(
            _write(
                tmp_path / str(number),
                patients="patient_code,clinic\n" + "".join(f"{code},north\n" for code in codes),
                sessions="patient_code,day\n" + "".join(f"{code},0\n" for code in codes),
                assessments="patient_code,day,instrument,score\n"
                + "".join(f"{code},{day},phq9,{20 - day // 2}\n" for code in codes for day in days),
            )
        )
        seen = _kept(store)
        assert [row[3] for row in seen["worklist_facts"] if row[2] >= RECENT] == apart.split()  # type: ignore[operator]
        with store.connect() as connection:
            lists = _lists(connection)
        assert (_in_place(seen), lists) == _made_anew(store)


def test_going_back_to_a_program_that_knows_no_rows_apart_moves_them(
    store: Store, small_records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.import_path(small_records)
    whole = _kept(store)
    monkeypatch.setattr("data_models.store.worklist.LARGE", 1)
    late = select(Patient.patient_id).where(Patient.patient_code == whole["worklist_facts"][0][3])
    with store.engine.begin() as connection:
        store_worklist.take_away(connection, late)
        store_worklist.fill(connection, late)
    assert any(row[2] >= RECENT for row in _kept(store)["worklist_facts"])  # type: ignore[operator]
    made_by_revision(store, "0003")
    assert _kept(store) == whole


def test_a_store_made_before_there_was_a_list_gets_one(sqlite_store: Store, small_records: Path) -> None:
    sqlite_store.import_path(small_records)
    whole = _kept(sqlite_store)
    made_by_revision(sqlite_store, "0002")
    sqlite_store.upgrade()
    assert whole["worklist_facts"]
    assert _kept(sqlite_store) == whole
