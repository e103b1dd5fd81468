"""Imports in parts of whole patients: the same store in one part or many, and nothing where anything is wrong."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, update

from data_models.database import indexes, loading
from data_models.database.access_tables import ACCESS_TABLES
from data_models.database.tables import Base
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.definitions.scope import Scope
from data_models.intake.contract import RecordsRefused
from data_models.intake.readers import patient_blocks, read_records
from data_models.store import ImportResult, Store, StoreError, importing
from data_models.store.check import check_path

OWN = frozenset({"store_info"}) | ACCESS_TABLES  # what differs from store to store


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


@pytest.mark.parametrize(
    "table, row, problem",
    [
        ("assessments", "A1,900,phq9,99", "range"),
        ("side_effects", "A1,5,nausea", "no session of this patient starts at these hours"),
        ("sessions", "Z9,0,ketamine,iv,0.5,mg_per_kg,yes", "no patient has this code"),
    ],
)
def test_what_is_found_wrong_leaves_nothing(
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


def test_of_two_imports_of_the_same_at_once_the_second_is_told_so(store: Store, small_records: Path) -> None:
    both, results = threading.Barrier(2), list[bool]()

    def bring() -> None:
        both.wait(20)
        results.append(store.import_path(small_records).already_imported)

    threads = [threading.Thread(target=bring) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]


def test_what_was_imported_under_the_first_form_of_fingerprints_is_known_again(
    store: Store, small_records: Path, tmp_path: Path
) -> None:
    store.import_path(small_records)
    imports = Base.metadata.tables["imports"]
    with store.engine.begin() as connection:
        connection.execute(
            update(imports).values(fingerprint="c143801929c89f41435cb953eff37acc42a564a9c9704e7c" + 16 * "0")
        )
    before = _rows(store)
    assert check_path(small_records, store, lambda step, share: None, Scope.everything())[0].already_imported
    assert store.import_path(small_records).already_imported
    assert _rows(store) == before
    more = shutil.copytree(small_records, tmp_path / "more")
    with (more / "assessments.csv").open("a") as file:
        file.write("A1,901,phq9,9\n")
    assert store.import_path(more).assessments == 1


def test_an_error_while_storing_ends_the_thread_before_it_goes_on(
    store: Store, sample_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread reads what is stored by a connection of its own, which goes back to the pool with the error."""
    store.import_path(_half(sample_folder, tmp_path / "half"))
    asked = importing.stored_records
    running = threading.Event()

    def slow(*given: Any) -> Any:
        running.set()
        time.sleep(0.2)
        found = asked(*given)
        running.clear()
        return found

    def refuse(*given: Any) -> None:
        running.wait(5)
        raise OSError("stopped")

    monkeypatch.setattr(importing, "stored_records", slow)
    monkeypatch.setattr(importing, "drop_facts", refuse)
    monkeypatch.setattr(patient_blocks, "PART_BYTES", 60_000)
    with pytest.raises((OSError, StoreError), match="stopped"):
        store.import_path(sample_folder)
    assert not running.is_set()


# --- in parts -------------------------------------------------------------------------------------------


@pytest.fixture
def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every import comes in many parts, and every table is large enough for a staging file."""
    monkeypatch.setattr(patient_blocks, "PART_BYTES", 60_000)
    monkeypatch.setattr(loading, "_ROWS_WORTH_STAGING", 1)
    monkeypatch.setattr(indexes, "ROWS_WORTH_IT", 1)


def _in_one_part(store: Store, path: Path, rules: OutcomeRules | None = None) -> ImportResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patient_blocks, "PART_BYTES", 10**9)
        return store.import_path(path, rules)


def _by_code(store: Store) -> dict[str, list[tuple[str, ...]]]:
    """Every row that belongs to a patient, by the patient's code, in any order; and the counts of the list."""
    rows = _rows(store)
    codes = {row[0]: row[1] for row in rows["patients"]}
    growing = [name for name, table in Base.metadata.tables.items() if "patient_id" in table.columns and name in rows]
    return {name: sorted(tuple(map(str, (codes[row[0]], *row[1:]))) for row in rows[name]) for name in growing}


def _half(folder: Path, to: Path) -> Path:
    """Every other patient, all of whose scores but the last third, so that more of them can come."""
    to.mkdir()
    codes = [line.split(",")[0] for line in (folder / "patients.csv").read_text().splitlines()[1:]]
    wanted = set(codes[::2])
    for file in folder.glob("*.csv"):
        head, *lines = file.read_text().splitlines()
        kept = [line for line in lines if line.split(",")[0] in wanted]
        if file.name == "assessments.csv":
            kept = [line for place, line in enumerate(kept) if place % 3]
        (to / file.name).write_text("\n".join([head, *kept]) + "\n")
    return to


@pytest.mark.usefixtures("in_small_parts")
def test_in_parts_it_holds_what_a_batch_imported_whole_holds(
    two_stores: tuple[Store, Store], sample_folder: Path
) -> None:
    in_parts, whole = two_stores
    assert in_parts.import_path(sample_folder) == _in_one_part(whole, sample_folder)
    assert _by_code(in_parts) == _by_code(whole)
    mark = [row[1:] for row in _rows(in_parts)["imports"]]
    assert mark == [row[1:] for row in _rows(whole)["imports"]]
    assert in_parts.import_path(sample_folder).already_imported


@pytest.mark.usefixtures("in_small_parts")
def test_in_parts_more_records_of_known_patients_among_new_ones_are_added(
    two_stores: tuple[Store, Store], sample_folder: Path, tmp_path: Path
) -> None:
    in_parts, whole = two_stores
    half = _half(sample_folder, tmp_path / "half")
    for store in two_stores:
        store.import_path(half)
    assert in_parts.import_path(sample_folder) == _in_one_part(whole, sample_folder)
    assert _by_code(in_parts) == _by_code(whole)


@pytest.mark.usefixtures("in_small_parts")
@pytest.mark.parametrize("stored_before", [False, True])
def test_in_parts_one_wrong_record_leaves_nothing_and_is_told_as_ever(
    stored_before: bool, store: Store, sample_folder: Path, tmp_path: Path
) -> None:
    if stored_before:
        store.import_path(_half(sample_folder, tmp_path / "half"))
    before = _rows(store)
    wrong = tmp_path / "wrong"
    shutil.copytree(sample_folder, wrong)
    codes = [line.split(",")[0] for line in (wrong / "patients.csv").read_text().splitlines()[1:]]
    with (wrong / "side_effects.csv").open("a") as file:
        width = (wrong / "side_effects.csv").read_text().splitlines()[0].split(",")
        for code in (codes[3], codes[200], "Z9"):
            cells = {"patient_code": code, "hours": "3.25", "term": "nausea"}
            file.write(",".join(cells.get(name, "") for name in width) + "\n")
    expected: list[str] = []
    for refuse in (lambda: _in_one_part(store, wrong), lambda: store.import_path(wrong)):
        with pytest.raises(RecordsRefused) as refused:
            refuse()
        expected.append("\n".join(map(str, refused.value.problems)))
        assert refused.value.count == 4
    assert expected[0] == expected[1]
    assert _rows(store) == before
    with pytest.raises(RecordsRefused) as refused:
        check_path(wrong, store, lambda step, share: None, Scope.everything())
    assert "\n".join(map(str, refused.value.problems)) == expected[0]


@pytest.mark.usefixtures("in_small_parts")
@pytest.mark.parametrize("stored_before", [False, True])
def test_in_parts_records_that_contradict_one_another_are_refused_while_they_are_stored(
    stored_before: bool, store: Store, sample_folder: Path, tmp_path: Path
) -> None:
    if stored_before:
        store.import_path(_half(sample_folder, tmp_path / "half"))
    before = _rows(store)
    wrong = tmp_path / "wrong"
    shutil.copytree(sample_folder, wrong)
    head, *lines = (wrong / "assessments.csv").read_text().splitlines()
    place = head.split(",").index("score")
    for line in (lines[0], lines[-1]):
        cells = line.split(",")
        cells[place] = "1" if cells[place] != "1" else "2"
        lines.append(",".join(cells))
    # What is wrong across files is not told beside it, in parts as in whole.
    lines.append(",".join(["Z9", *lines[0].split(",")[1:]]))
    (wrong / "assessments.csv").write_text("\n".join([head, *lines]) + "\n")
    with pytest.raises(RecordsRefused) as expected:
        read_records(wrong)
    assert expected.value.count == 4
    for refuse in (
        store.import_path,
        lambda path: check_path(path, store, lambda step, share: None, Scope.everything()),
    ):
        with pytest.raises(RecordsRefused) as refused:
            refuse(wrong)
        assert (refused.value.count, refused.value.problems) == (4, expected.value.problems)
    assert _rows(store) == before


@pytest.mark.usefixtures("in_small_parts")
def test_in_parts_a_check_says_what_an_import_does(store: Store, sample_folder: Path) -> None:
    would, read = check_path(sample_folder, store, lambda step, share: None, Scope.everything())
    did = store.import_path(sample_folder)
    assert would == did
    assert read["sessions"] == did.sessions
    assert check_path(sample_folder, store, lambda step, share: None, Scope.everything())[0].already_imported


@pytest.mark.usefixtures("in_small_parts")
def test_in_parts_under_other_rules_everything_is_derived_by_them(
    two_stores: tuple[Store, Store], sample_folder: Path, tmp_path: Path
) -> None:
    in_parts, whole = two_stores
    rules = DEFAULT_RULES.changed({"course_gap_days": 60})
    half = _half(sample_folder, tmp_path / "half")
    for store in two_stores:
        store.import_path(half)
    in_parts.import_path(sample_folder, rules=rules)
    _in_one_part(whole, sample_folder, rules)
    assert in_parts.rules() == rules
    assert _by_code(in_parts) == _by_code(whole)


@pytest.mark.usefixtures("in_small_parts")
def test_a_disk_that_is_full_while_parts_are_kept_is_told_plainly(
    store: Store, sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any, **named: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(patient_blocks, "Spill", full)
    with pytest.raises(StoreError, match="cannot hold what was read: No space left"):
        store.import_path(sample_folder)


def _records(folder: Path, patients: str, sessions: str) -> Path:
    folder.mkdir()
    (folder / "patients.csv").write_text(f"patient_code,clinic\n{patients}")
    (folder / "sessions.csv").write_text(sessions)
    return folder


def test_clinics_that_differ_in_capitals_alone_are_one_and_it_is_said(store: Store, tmp_path: Path) -> None:
    def clinics() -> list[tuple[str, str]]:
        with store.connect() as connection:
            patients = Base.metadata.tables["patients"].c
            return [tuple(row) for row in connection.execute(select(patients.patient_code, patients.clinic))]

    hours = "patient_code,hours\n"
    first = _records(tmp_path / "first", "A1,north\nA2,North\nA3,south\n", f"{hours}A1,0\nA2,0\nA3,0\n")
    said = store.import_path(first).warnings
    assert said == ["clinics that differ in capitals alone are one clinic: North is taken for north"]
    assert sorted(clinics()) == [("A1", "north"), ("A2", "north"), ("A3", "south")]
    later = _records(tmp_path / "later", "A1,NORTH\nA4,NORTH\n", f"{hours}A4,0\n")
    seen, of_others = (
        check_path(later, store, lambda what, done: None, scope)[0].warnings
        for scope in (Scope.everything(), Scope(frozenset({"south"})))
    )
    assert "north" not in str(of_others)  # how another clinic is written is not said to whoever does not see it
    assert seen == store.import_path(later).warnings
    assert sorted(clinics())[-1] == ("A4", "north")
    again = _records(tmp_path / "again", "A5,SOUTH\n", f"{hours}A5,0\n")
    said = store.import_path(again).warnings
    assert said == ["clinics that differ in capitals alone are one clinic: SOUTH is taken for south"]


def test_a_highest_value_below_the_one_before_is_stored_and_said(store: Store, tmp_path: Path) -> None:
    vitals = "patient_code,hours,systolic_before,systolic_highest\nA1,0,140,120\nA1,48,120,140\n"
    result = store.import_path(_records(tmp_path / "records", "A1,north\n", vitals))
    assert result.sessions == 2
    (said,) = result.warnings
    assert said == "sessions in which a blood pressure or heart rate that is called highest is below the one before: 1"


OBSERVED = {
    "patients": {"patient_code": ["A1", "B2"], "clinic": ["north", None], "observed_until_weeks": [26, None]},
    "sessions": {"patient_code": ["A1", "A1", "B2"], "hours": [0.0, 72.0, 0.0]},
}


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx", "one_sheet"])
def test_until_when_a_patient_was_observed_is_kept_whatever_the_form(store: Store, tmp_path: Path, form: str) -> None:
    path = tmp_path / "observed"
    path.mkdir()
    frames = {name: pd.DataFrame(columns) for name, columns in OBSERVED.items()}
    if form == "one_sheet":
        path = path / "session_records.csv"
        frames["sessions"].merge(frames["patients"], on="patient_code").to_csv(path, index=False)
    elif form == "xlsx":
        path = path / "records.xlsx"
        with pd.ExcelWriter(path) as book:
            for name, frame in frames.items():
                frame.to_excel(book, sheet_name=name, index=False)
    else:
        for name, frame in frames.items():
            getattr(frame, f"to_{form}")(path / f"{name}.{form}", index=False)
    store.import_path(path)
    patients = Base.metadata.tables["patients"]
    with store.connect() as connection:
        weeks = connection.execute(select(patients.c.patient_code, patients.c.observed_until_weeks)).all()
    assert sorted(map(tuple, weeks)) == [("A1", 26), ("B2", None)]


def test_a_new_code_is_judged_among_those_that_the_store_has(tmp_path: Path) -> None:
    def records(name: str, codes: list[str]) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for table, header, cells in (("patients", "patient_code,sex", "female"), ("sessions", "patient_code,day", "0")):
            lines = [header, *(f"{code},{cells}" for code in codes)]
            (folder / f"{table}.csv").write_text("\n".join(lines) + "\n")
        return folder

    store = Store.open(f"sqlite:///{(tmp_path / 'store.db').as_posix()}")
    later = records("later", ["CT021480"])
    with pytest.raises(RecordsRefused, match=r"date \(C\)"):  # two letters, and 14 February 1980
        store.import_path(later)
    store.import_path(records("first", [f"CT{482_913 + 7_919 * n}" for n in range(30)]))
    assert store.import_path(later).patients == 1
    store.close()
