"""What of a batch is new to a store, and what contradicts it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data_models.intake.contract import BATCH_COLUMNS, TABLES, RecordBatch, RecordsRefused, empty_table
from data_models.intake.readers import read_records
from data_models.intake.reconcile import Reconciliation, reconcile
from tests.data_models.intake.readers.agreement import fingerprint

NOTHING = RecordBatch(**{name: empty_table(name) for name in TABLES})


def batch(folder: Path, **files: str) -> RecordBatch:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    return read_records(folder)


def refusal(found: RecordBatch, stored: RecordBatch = NOTHING) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(RecordsRefused) as caught:
        reconcile(found, stored)
    return [(p.file, p.row, p.column) for p in caught.value.problems]


def test_everything_is_new_to_an_empty_store(small_records: Path) -> None:
    found = read_records(small_records)
    new = reconcile(found, NOTHING)
    assert [len(getattr(new, name)) for name in TABLES] == [2, 3, 6, 1]
    assert new.repeats == 0
    assert "day_only" not in new.side_effects


def test_nothing_of_the_same_batch_is_new_again(small_records: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    again = reconcile(read_records(small_records), stored)
    assert [len(getattr(again, name)) for name in TABLES] == [0, 0, 0, 0]
    assert again.repeats == 12


def test_more_records_of_a_known_patient_are_new(small_records: Path, tmp_path: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    more = batch(
        tmp_path / "more",
        sessions="patient_code,hours\nA1,200\n",
        assessments="patient_code,hours,instrument,score\nA1,24,phq9,14\nA1,199,phq9,15\n",
        side_effects="patient_code,day,term\nA1,3,nausea\nA1,8,headache\n",
    )
    new = reconcile(more, stored)
    assert [len(getattr(new, name)) for name in TABLES] == [0, 1, 1, 2]
    assert new.side_effects["hours"].tolist() == [72.0, 200.0]
    assert new.repeats == 1


def test_stored_frames_may_come_without_rows_and_with_other_types(small_records: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    plain = RecordBatch(**{name: getattr(stored, name).drop(columns="row").astype(object) for name in TABLES})
    again = reconcile(read_records(small_records), plain)
    assert again.repeats == 12
    assert all(len(getattr(again, name)) == 0 for name in TABLES)


def test_a_patient_with_fewer_facts_than_stored_is_a_repeat(small_records: Path, tmp_path: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    again = reconcile(batch(tmp_path / "b", patients="patient_code,sex,clinic\nA1,,NORTH\n"), stored)
    assert (again.repeats, len(again.patients), len(again.changed), again.changes) == (1, 0, 0, {})


@pytest.mark.parametrize(
    "row, changes",
    [
        ("A1,,,,,none,,", {"conditions": 1}),  # asked, none: no empty cell
        ("A1,south,45-54,male,ptsd,liver;other,2024,12", dict.fromkeys(BATCH_COLUMNS["patients"][1:], 1)),
        ("A1,north,35-44,,,,,0", {"observed_until_weeks": 1}),
    ],
)
def test_facts_of_a_known_patient_change_to_those_given(
    small_records: Path, tmp_path: Path, row: str, changes: dict[str, int]
) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    header = "patient_code,clinic,age_band,sex,diagnosis,conditions,first_session_year,observed_until_weeks\n"
    new = reconcile(batch(tmp_path / "b", patients=f"{header}{row}\nB2,,,,,,,\n"), stored)
    assert (new.changes, new.repeats, len(new.patients)) == (changes, 1, 0)
    (found,), (before,) = (
        frame[frame["patient_code"] == "A1"].drop(columns="row").to_dict("records")
        for frame in (new.changed, stored.patients)
    )
    cells = dict(zip(header.strip().split(","), row.split(","), strict=True))
    given = {column: cells[column].replace("none", "") for column in changes}
    for column, value in found.items():
        if column == "conditions" and column in given:
            assert value == f";{given[column]};".replace(";;", ";")
        elif column in given:
            assert str(value).removesuffix(".0") == given[column]
        else:
            assert value == before[column] or pd.isna([value, before[column]]).all()


def test_facts_of_the_one_sheet_form_change_too(small_records: Path, tmp_path: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    sheet = tmp_path / "session_records.csv"
    sheet.write_text("patient_code,clinic,hours,observed_until_weeks\nA1,south,0.5,\nA1,south,1,7\nB2,,2,\n")
    new = reconcile(read_records(sheet), stored)
    assert (new.changes, new.repeats) == ({"clinic": 1, "observed_until_weeks": 1}, 0)


@pytest.mark.parametrize("weeks, noted", [(0, True), (5, True), (6, False), (7, False)])
@pytest.mark.parametrize("known", [False, True], ids=["in the batch", "in the store"])
def test_a_record_after_the_end_of_observation_is_noted_and_not_refused(
    tmp_path: Path, weeks: int, noted: bool, known: bool
) -> None:
    """The last score is on day 42 and an hour: six weeks, which week 5 ends a little before."""
    people = f"patient_code,observed_until_weeks\nA1,{weeks}\nB1,\n"
    files = {
        "sessions": "patient_code,hours\nA1,0\nA1,336\nB1,0\n",
        "assessments": "patient_code,hours,instrument,score\nA1,1009,phq9,4\nB1,9000,phq9,4\n",
    }
    if known:
        stored = reconcile(batch(tmp_path / "k", patients="patient_code\nA1\nB1\n", **files), NOTHING)
        new = reconcile(batch(tmp_path / "b", patients=people), stored)
    else:
        new = reconcile(batch(tmp_path / "b", patients=people, **files), NOTHING)
    said = "patients whose last session or score lies after observed_until_weeks: 1; they count as observed until "
    assert [warning for warning in new.warnings if "observed" in warning] == [f"{said}that session or score"] * noted


def test_what_differs_from_the_store_is_refused_with_its_row(small_records: Path, tmp_path: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    found = batch(
        tmp_path / "b",
        sessions="patient_code,hours,drug,route,dose,dose_unit,side_effects_asked\nA1,0,ketamine,iv,0.6,mg_per_kg,yes\n",
        assessments="patient_code,hours,instrument,score,item9\nA1,24,phq9,15,\nA1,-24,phq9,20,0\n",
        side_effects="patient_code,hours,term,severity,onset_minutes,resolved_minutes\nA1,0,nausea,severe,20,90\n",
    )
    assert refusal(found, stored) == [
        ("sessions.csv", 2, "hours"),
        ("assessments.csv", 2, "score"),
        ("assessments.csv", 3, "score"),
        ("side_effects.csv", 2, "term"),
    ]


def test_a_side_effect_by_day_finds_the_only_session_of_that_day(tmp_path: Path) -> None:
    found = batch(
        tmp_path / "b",
        patients="patient_code\nA1\nB1\n",
        sessions="patient_code,hours,day\nA1,0,\nA1,50.25,\nA1,72,\nB1,,2\n",
        side_effects="patient_code,day,hours,term\nA1,2,,nausea\nB1,2,,nausea\nB1,,48,headache\n",
    )
    assert reconcile(found, NOTHING).side_effects["hours"].tolist() == [50.25, 48.0, 48.0]


def test_one_side_effect_by_day_and_by_hours_is_a_repeat(tmp_path: Path) -> None:
    found = batch(
        tmp_path / "b",
        patients="patient_code\nA1\n",
        sessions="patient_code,hours\nA1,0.5\n",
        side_effects="patient_code,day,hours,term\nA1,0,,nausea\nA1,,0.5,nausea\n",
    )
    new = reconcile(found, NOTHING)
    assert (len(new.side_effects), new.repeats) == (1, 1)


def test_two_sessions_on_a_day_one_of_them_stored_need_hours(small_records: Path, tmp_path: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    found = batch(
        tmp_path / "b", sessions="patient_code,hours\nA1,5\n", side_effects="patient_code,day,term\nA1,0,vertigo\n"
    )
    assert refusal(found, stored) == [("side_effects.csv", 2, "day")]


def test_a_side_effect_of_a_stored_session_that_was_not_asked_is_refused(small_records: Path, tmp_path: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    found = batch(tmp_path / "b", side_effects="patient_code,hours,term\nB2,0,vertigo\n")
    assert refusal(found, stored) == [("side_effects.csv", 2, "term")]


def test_patients_without_a_session_among_others_are_a_warning(tmp_path: Path) -> None:
    found = batch(tmp_path / "b", patients="patient_code\nA1\nB1\n", sessions="patient_code,hours\nA1,30\n")
    warnings = reconcile(found, NOTHING).warnings
    assert "patients without any session, who are in no course: 1" in warnings
    assert any(warning.startswith("patients without a session at hour 0") for warning in warnings)


def test_scores_more_than_a_year_before_the_first_session_are_refused_wherever_the_clock_starts(
    tmp_path: Path,
) -> None:
    patients, sessions = "patient_code\nA1\nB1\n", "patient_code,hours\nA1,8000\nA1,8100\nB1,0\n"
    header = "patient_code,hours,day,timing,instrument,score\n"
    scores = "A1,-760,,,phq9,20\nA1,-760.5,,,phq9,19\nB1,-8760,,,phq9,20\nA1,,-32,before,gad7,9\n"
    found = batch(tmp_path / "b", patients=patients, sessions=sessions, assessments=header + scores)
    assert refusal(found, NOTHING) == [("assessments.csv", 3, "hours"), ("assessments.csv", 5, "day")]
    known = reconcile(batch(tmp_path / "k", patients=patients, sessions=sessions), NOTHING)
    alone = batch(tmp_path / "a", assessments=header + scores)
    assert refusal(alone, known) == [("assessments.csv", 3, "hours"), ("assessments.csv", 5, "day")]
    first = batch(tmp_path / "f", patients=patients, sessions=sessions + "A1,100\n", assessments=header + scores)
    assert len(reconcile(first, NOTHING).assessments) == 4


def test_a_batch_without_sessions_is_fine_where_the_store_has_them(small_records: Path, tmp_path: Path) -> None:
    stored = reconcile(read_records(small_records), NOTHING)
    found = batch(tmp_path / "b", assessments="patient_code,hours,instrument,score\nA1,300,phq9,3\n")
    assert len(reconcile(found, stored).assessments) == 1


def test_the_batch_handed_in_is_not_changed(small_records: Path) -> None:
    found = read_records(small_records)
    before, copies = fingerprint(found), {name: getattr(found, name).copy() for name in TABLES}
    reconcile(found, reconcile(found, NOTHING))
    assert fingerprint(found) == before
    for name, copy in copies.items():
        pd.testing.assert_frame_equal(getattr(found, name), copy)


def halves(folder: Path, first: str, second: str) -> list[RecordBatch]:
    """Two parts of a batch: patients and sessions of A1, then of B2."""
    sessions = "patient_code,day\n"
    return [
        batch(folder, patients="patient_code\nA1\n", sessions=sessions + first),
        batch(folder, patients="patient_code\nB2\n", sessions=sessions + second),
    ]


def test_what_is_odd_is_counted_over_all_parts(tmp_path: Path) -> None:
    whole = Reconciliation({})
    for part in halves(tmp_path, "A1,3\n", "B2,4\n") + halves(tmp_path, "", ""):
        assert len(whole.new(part, NOTHING).patients) == 1
    assert not whole.refused
    assert whole.warnings() == [
        "patients without any session, who are in no course: 2",
        "patients without a session at hour 0, though the clock starts with the first session: 2",
    ]


@pytest.mark.parametrize("first, told", [("", [("sessions.csv", None)]), ("A1,0\n", [])])
def test_no_sessions_is_said_of_all_parts(tmp_path: Path, first: str, told: list[tuple[str, int | None]]) -> None:
    whole = Reconciliation({})
    for part in halves(tmp_path, first, ""):
        whole.new(part, NOTHING)
    found = []
    try:
        whole.warnings()
    except RecordsRefused as refusal:
        found = [(p.file, p.row) for p in refusal.problems]
    assert found == told


def test_problems_of_parts_are_told_in_the_order_of_files_and_rows(tmp_path: Path) -> None:
    whole = Reconciliation({})
    for part in reversed(halves(tmp_path, "X1,0\nA1,0\n", "B2,0\nX2,0\nX3,0\n")):
        whole.new(part, NOTHING)
    assert whole.refused
    with pytest.raises(RecordsRefused) as caught:
        whole.warnings()
    assert [(p.file, p.row) for p in caught.value.problems] == [("sessions.csv", row) for row in (2, 3, 4)]
