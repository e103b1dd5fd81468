"""Facts of patients may change: the latest import's hold, what changed is counted by column, nothing else moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from data_models.database import loading
from data_models.database.tables import Base
from data_models.definitions.scope import Scope
from data_models.intake.contract import RecordsRefused
from data_models.intake.readers import patient_blocks
from data_models.store import ImportResult, Store
from data_models.store.check import check_path
from data_models.store.derivation import FACTS

ALL = Scope.everything()
HEADER = "patient_code,clinic,age_band,sex,diagnosis,conditions,observed_until_weeks\n"
MOVED = HEADER + "A1,south,45-54,,major_depression,liver,8\nB2,South,,male,,,\n"
CHANGED = {"clinic": 1, "age_band": 1, "conditions": 1, "observed_until_weeks": 1}


def _people(folder: Path, rows: str) -> Path:
    folder.mkdir()
    (folder / "patients.csv").write_text(rows)
    return folder


def _rows(store: Store, *tables: str) -> dict[str, list[Any]]:
    with store.connect() as connection:
        found = [Base.metadata.tables[name] for name in tables]
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in found
        }


def _everything(store: Store) -> object:
    with store.connect() as connection:
        mark = store.about(connection)[0]
    return mark, _rows(store, "patients", "sessions", "assessments", "side_effects", "imports", *FACTS)


def _check(store: Store, path: Path) -> ImportResult:
    return check_path(path, store, lambda step, share: None, ALL)[0]


def _mark_outcomes(store: Store) -> None:
    """What deriving anew wipes out."""
    outcomes = Base.metadata.tables["course_outcomes"]
    with store.engine.begin() as connection:
        connection.execute(outcomes.update().values(scores=99))


def test_the_latest_facts_hold_and_an_empty_cell_leaves_what_is_known(
    store: Store, small_records: Path, tmp_path: Path
) -> None:
    store.import_path(small_records)
    records = _rows(store, "sessions", "assessments", "side_effects")
    with store.connect() as connection:
        before = store.about(connection)[0]
    _mark_outcomes(store)
    moved = _people(tmp_path / "moved", MOVED)
    named = _check(store, moved)
    assert named.changed == CHANGED
    did = store.import_path(moved)
    assert did == named
    assert (did.already_imported, did.patients, did.repeats) == (False, 0, 1)  # B2 stays as it is
    people = Base.metadata.tables["patients"]
    with store.connect() as connection:
        found = {row.patient_code: row for row in connection.execute(select(people))}
        assert store.about(connection)[0] != before  # answers that were remembered are asked anew
    a1, b2 = found["A1"], found["B2"]
    assert (a1.clinic, a1.age_band, a1.sex, a1.diagnosis) == ("south", "45-54", "female", "major_depression")
    assert (a1.conditions, a1.observed_until_weeks) == (";liver;", 8)
    assert (b2.clinic, b2.age_band, b2.conditions, b2.observed_until_weeks) == ("south", "45-54", None, None)
    assert _rows(store, "sessions", "assessments", "side_effects") == records
    outcomes = store.outcomes_frame().set_index("patient_code")
    assert outcomes["scores"].to_dict() == {"A1": 3, "B2": 99}  # whoever changed is derived anew, and nobody else
    assert outcomes["clinic"].to_dict() == {"A1": "south", "B2": "south"}
    assert [json.loads(row[-1]) for row in _rows(store, "imports")["imports"]] == [{}, CHANGED]


def test_new_records_and_changed_facts_come_together(store: Store, small_records: Path, tmp_path: Path) -> None:
    store.import_path(small_records)
    more = _people(tmp_path / "more", "patient_code,clinic,observed_until_weeks\nA1,north,9\nC3,west,0\n")
    (more / "sessions.csv").write_text("patient_code,hours\nA1,200\nC3,0\n")
    result = store.import_path(more)
    assert (result.patients, result.sessions, result.changed) == (1, 2, {"observed_until_weeks": 1})
    with store.connect() as connection:
        patients = Base.metadata.tables["patients"]
        rows = connection.execute(select(patients.c.patient_code, patients.c.observed_until_weeks)).all()
    assert sorted(map(tuple, rows)) == [("A1", 9), ("B2", None), ("C3", 0)]


@pytest.mark.parametrize("staged", [False, True], ids=["sent", "staged"])
def test_the_same_content_again_takes_back_nothing_that_changed_since(
    store: Store, small_records: Path, tmp_path: Path, staged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if staged:
        monkeypatch.setattr(loading, "_ROWS_WORTH_STAGING", 1)
        monkeypatch.setattr(patient_blocks, "BLOCK_BYTES", 40)
        monkeypatch.setattr(patient_blocks, "PART_BYTES", 40)
    store.import_path(small_records)
    store.import_path(_people(tmp_path / "moved", MOVED))
    after = _everything(store)
    for path in (small_records, tmp_path / "moved"):
        assert _check(store, path).already_imported
        again = store.import_path(path)
        assert (again.already_imported, again.changed) == (True, {})
        assert _everything(store) == after
    # Where a known batch comes with other rules, outcomes alone follow them.
    rules = store.rules().changed({"course_gap_days": 30})
    assert store.import_path(small_records, rules=rules).already_imported
    assert _rows(store, "patients") == {"patients": after[1]["patients"]}  # type: ignore[index]
    assert store.rules() == rules
    more = _people(tmp_path / "more", HEADER + "A1,north,,,,,\n")
    assert store.import_path(more).changed == {"clinic": 1}


def test_in_parts_the_changes_are_counted_over_all_of_them(
    store: Store, small_records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.import_path(small_records)
    monkeypatch.setattr(patient_blocks, "BLOCK_BYTES", 40)
    monkeypatch.setattr(patient_blocks, "PART_BYTES", 40)
    both = _people(tmp_path / "both", HEADER + "A1,,,,,,3\nB2,west,,,,,4\n")
    assert _check(store, both).changed == {"clinic": 1, "observed_until_weeks": 2}
    assert store.import_path(both).changed == {"clinic": 1, "observed_until_weeks": 2}


def test_two_rows_of_one_batch_that_differ_are_still_refused(store: Store, small_records: Path, tmp_path: Path) -> None:
    store.import_path(small_records)
    before = _everything(store)
    twice = _people(tmp_path / "twice", HEADER + "A1,north,,,,,\nA1,south,,,,,\n")
    with pytest.raises(RecordsRefused) as refused:
        store.import_path(twice)
    assert {problem.row for problem in refused.value.problems} == {2, 3}
    assert _everything(store) == before


def test_a_failure_leaves_the_facts_as_they_were(store: Store, small_records: Path, tmp_path: Path) -> None:
    store.import_path(small_records)
    before = _everything(store)
    wrong = _people(tmp_path / "wrong", MOVED)
    (wrong / "assessments.csv").write_text("patient_code,hours,instrument,score\nA1,96,phq9,9\n")  # 8 is stored
    with pytest.raises(RecordsRefused):
        store.import_path(wrong)
    assert _everything(store) == before


def test_a_check_names_changes_of_the_patients_in_scope_alone(
    store: Store, small_records: Path, tmp_path: Path
) -> None:
    """A1 is of north, B2 of south: of whoever sees north alone, B2 is nobody, wherever the file says B2 is."""
    store.import_path(small_records)
    both = _people(tmp_path / "both", HEADER + "A1,south,,,,,\nB2,north,25-34,,,,5\n")
    (both / "sessions.csv").write_text("patient_code,hours\nB2,0\n")
    found = {}
    for clinic in ("north", "west"):
        found[clinic], _ = check_path(both, store, lambda step, share: None, Scope(frozenset({clinic})))
    assert (found["north"].patients, found["north"].changed) == (1, {"clinic": 1})
    assert (found["west"].patients, found["west"].changed) == (2, {})
    assert not found["north"].already_imported


def test_a_later_end_of_observation_ends_the_courses_without_any_new_record(
    store: Store, small_records: Path, tmp_path: Path
) -> None:
    """A1's last session is on day 3, B2's on day 0: a course ends when it was looked through for 90 days more."""
    store.import_path(small_records)
    courses = Base.metadata.tables["courses"]

    def status() -> list[str]:
        with store.connect() as connection:
            return list(connection.scalars(select(courses.c.status).order_by(courses.c.patient_id)))

    assert status() == ["unknown", "unknown"]
    header = "patient_code,observed_until_weeks\n"
    for weeks, expected in ((12, "going_on"), (14, "ended")):
        store.import_path(_people(tmp_path / str(weeks), f"{header}A1,{weeks}\nB2,\n"))
        assert status() == [expected, "unknown"]
