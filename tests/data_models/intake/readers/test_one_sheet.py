"""The one-sheet form is split into the tables; the same records as in tables give the same batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_models.intake.contract import TABLES, RecordBatch, RecordsRefused, empty_table
from data_models.intake.readers import read_records
from data_models.intake.reconcile import reconcile
from tests.data_models.intake.readers.agreement import fingerprint

NOTHING = RecordBatch(**{name: empty_table(name) for name in TABLES})


def sheet(folder: Path, text: str) -> RecordBatch:
    path = folder / "our_clinic.csv"
    path.write_text(text)
    return read_records(path)


def times(batch: RecordBatch) -> list[tuple[float, float, float]]:
    frame = batch.assessments.sort_values(["hours", "precision"])
    return list(zip(frame["hours"], frame["precision"], frame["score"], strict=True))


def test_scores_of_a_session_given_in_hours(tmp_path: Path) -> None:
    text = "patient_code,hours,phq9_before,phq9_after_4h,phq9_after_7d,phq9_after_0d\nP1,50.5,20,12,9,11\n"
    assert times(sheet(tmp_path, text)) == [(48.0, 2, 11), (50.5, 0, 20), (54.5, 0, 12), (218.5, 0, 9)]


def test_scores_of_a_session_given_by_day(tmp_path: Path) -> None:
    text = "patient_code,day,phq9_before,phq9_after_4h,phq9_after_7d,phq9_after_0d\nP1,2,20,12,9,11\n"
    assert times(sheet(tmp_path, text)) == [(48.0, 1, 20), (48.0, 2, 11), (52.0, 0, 12), (216.0, 1, 9)]


def test_side_effects_none_means_asked_and_empty_means_not_asked(tmp_path: Path) -> None:
    batch = sheet(tmp_path, 'patient_code,day,side_effects\nP1,0,none\nP1,1,\nP1,2,"nausea;headache"\n')
    assert batch.sessions["side_effects_asked"].fillna(-1).tolist() == [1, -1, 1]
    assert sorted(batch.side_effects["term"]) == ["headache", "nausea"]
    assert set(batch.side_effects["hours"]) == {48.0}


def test_a_patient_repeats_and_may_be_described_once(tmp_path: Path) -> None:
    batch = sheet(
        tmp_path, "patient_code,day,sex,clinic\nP1,0,,North\nP1,1,male,\nP2,0,female,North\nP1,2,male,North\n"
    )
    assert batch.patients[["patient_code", "sex", "clinic"]].to_numpy().tolist() == [
        ["P1", "male", "North"],
        ["P2", "female", "North"],
    ]
    assert batch.repeats == 0
    assert batch.source == "one_sheet"


def refusal(folder: Path, text: str) -> list[tuple[int | None, str | None]]:
    with pytest.raises(RecordsRefused) as caught:
        sheet(folder, text)
    return [(p.row, p.column) for p in caught.value.problems]


def test_conflicting_facts_of_a_patient_refuse_all_rows(tmp_path: Path) -> None:
    text = "patient_code,day,sex\nP1,0,male\nP1,1,\nP1,2,female\n"
    assert {row for row, _ in refusal(tmp_path, text)} == {2, 3, 4}


def test_a_score_given_twice_differently_names_both_columns(tmp_path: Path) -> None:
    text = "patient_code,hours,phq9_before,phq9_after_7d\nP1,0,20,9\nP1,168,10,\n"
    assert refusal(tmp_path, text) == [(2, "phq9_after_7d"), (3, "phq9_before")]


def test_the_same_score_given_twice_is_a_repeat(tmp_path: Path) -> None:
    batch = sheet(tmp_path, "patient_code,hours,phq9_before,phq9_after_7d\nP1,0,20,9\nP1,168,9,\n")
    assert (batch.repeats, len(batch.assessments)) == (1, 2)


@pytest.mark.parametrize(
    "column",
    ["phq8_before", "phq9_after", "phq9_after_0h", "phq9_after_4w", "phq9_after_-1d", "phq9_after_07d", "phq9_during"],
)
def test_a_score_column_that_is_none_is_refused(tmp_path: Path, column: str) -> None:
    (found,) = refusal(tmp_path, f"patient_code,day,{column}\nP1,0,4\n")
    assert found[0] == 1


def test_a_score_out_of_range_names_its_own_column(tmp_path: Path) -> None:
    assert refusal(tmp_path, "patient_code,day,gad7_before\nP1,0,22\n") == [(2, "gad7_before")]
    assert refusal(tmp_path, "patient_code,day,gad7_before\nP1,0,2.5\n") == [(2, "gad7_before")]


def test_side_effects_beside_not_asked_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "patient_code,day,side_effects,side_effects_asked\nP1,0,none,no\n") == [
        (2, "side_effects_asked")
    ]


def test_an_identifier_is_reported_once_though_its_row_is_a_patient_and_a_session(tmp_path: Path) -> None:
    assert refusal(tmp_path, "patient_code,day\nJohn_Smith,0\n") == [(2, "patient_code")]


def test_the_forms_agree(tmp_path: Path) -> None:
    one = sheet(
        tmp_path,
        "patient_code,sex,hours,route,phq9_before,phq9_after_4h,side_effects\n"
        "P1,male,0,iv,20,12,nausea\nP1,male,72,iv,11,,none\n",
    )
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "patients.csv").write_text("patient_code,sex\nP1,male\n")
    (folder / "sessions.csv").write_text("patient_code,hours,route,side_effects_asked\nP1,72,iv,yes\nP1,0,iv,yes\n")
    (folder / "assessments.csv").write_text(
        "patient_code,hours,instrument,score\nP1,4,phq9,12\nP1,0,phq9,20\nP1,72,phq9,11\n"
    )
    (folder / "side_effects.csv").write_text("patient_code,hours,term\nP1,0,nausea\n")
    assert fingerprint(one) == fingerprint(read_records(folder))
    assert fingerprint(reconcile(one, NOTHING)) == fingerprint(reconcile(read_records(folder), NOTHING))


def test_item_9_stands_beside_its_total(tmp_path: Path) -> None:
    columns = "patient_code,hours,phq9_before,phq9_item9_before,phq9_item9_after_1d,phq9_after_1d,gad7_before"
    batch = sheet(tmp_path, f"{columns}\nP1,0,20,2,0,9,7\nP1,72,11,,,,\n")
    found = batch.assessments.astype({"instrument": "str"}).sort_values(["hours", "instrument"])
    assert found[["hours", "instrument", "score"]].to_numpy().tolist() == [
        [0.0, "gad7", 7.0], [0.0, "phq9", 20.0], [24.0, "phq9", 9.0], [72.0, "phq9", 11.0],
    ]  # fmt: skip
    assert found["item9"].fillna(-1).tolist() == [-1, 2, 0, -1]


@pytest.mark.parametrize(
    "columns, cells, where",
    [
        ("phq9_before,phq9_item9_before", ",2", (2, "phq9_item9_before")),
        ("phq9_before,phq9_item9_before", "1,2", (2, "phq9_item9_before")),
        ("phq9_before,phq9_item9_before", "20,4", (2, "phq9_item9_before")),
        ("phq9_before,phq9_item9_after_1d", "20,1", (1, "phq9_item9_after_1d")),
        ("gad7_before,gad7_item9_before", "20,1", (1, "gad7_item9_before")),
    ],
)
def test_item_9_without_its_total_or_above_it_is_refused(
    tmp_path: Path, columns: str, cells: str, where: tuple[int, str]
) -> None:
    assert refusal(tmp_path, f"patient_code,day,{columns}\nP1,0,{cells}\n") == [where]


def test_a_score_given_twice_needs_its_item_9_once(tmp_path: Path) -> None:
    header = "patient_code,hours,phq9_before,phq9_item9_before,phq9_after_7d"
    batch = sheet(tmp_path, f"{header}\nP1,0,20,2,9\nP1,168,9,1,\n")
    assert batch.assessments.sort_values("hours")["item9"].tolist() == [2, 1]
    assert batch.repeats == 1


@pytest.mark.parametrize(
    "column, rule",
    [
        ("phq9_before", "round a prorated total, leave it out where more than 2 of 9 items miss"),
        ("gad7_after_7d", "round a prorated total, leave it out where more than 2 of 7 items miss"),
        ("madrs_before", "leave out a total of fewer than all items, for which MADRS has no rule"),
    ],
)
def test_a_prorated_total_is_refused_with_its_scale_s_rule(tmp_path: Path, column: str, rule: str) -> None:
    with pytest.raises(RecordsRefused) as caught:
        sheet(tmp_path, f"patient_code,day,{column}\nP1,0,15.75\n")
    assert [(p.row, p.column) for p in caught.value.problems] == [(2, column)]
    assert rule in caught.value.problems[0].reason
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "assessments.csv").write_text(f"patient_code,day,instrument,score\nP1,0,{column.split('_')[0]},15.75\n")
    with pytest.raises(RecordsRefused, match=rule):
        read_records(folder)
