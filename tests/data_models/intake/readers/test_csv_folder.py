"""A CSV folder becomes a batch in canonical form, whatever its spelling of the same records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_models.intake.contract import BATCH_COLUMNS, TABLES, RecordBatch, RecordsRefused
from data_models.intake.readers import read_records
from tests.data_models.intake.readers.agreement import fingerprint


def read(folder: Path, **files: str | bytes) -> RecordBatch:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_records(folder)


def test_the_frames_have_the_columns_of_the_store_in_order(small_records: Path) -> None:
    batch = read_records(small_records)
    for name in TABLES:
        extra = ["day_only", "row"] if name == "side_effects" else ["row"]
        assert list(getattr(batch, name).columns) == [*BATCH_COLUMNS[name], *extra]
    assert batch.source == "csv"
    assert batch.files["assessments"] == "assessments.csv"


def test_numbers_are_floats_and_codes_are_text_with_missing_values(small_records: Path) -> None:
    batch = read_records(small_records)
    assert batch.sessions["dose"].dtype == np.float64
    assert batch.sessions["phase"].isna().all()
    assert str(batch.sessions["drug"].dtype) == "category"
    assert batch.sessions["drug"].cat.categories.dtype == "str"
    assert batch.side_effects["onset_minutes"].tolist() == [20.0]
    assert batch.sessions["side_effects_asked"].tolist() == [1.0, 1.0, 0.0]


def test_an_absent_column_is_not_recorded(tmp_path: Path) -> None:
    batch = read(tmp_path, patients="patient_code\nP1\n", sessions="patient_code,day\nP1,0\n")
    assert batch.patients.drop(columns=["patient_code", "row"]).isna().all(axis=None)
    assert batch.sessions["side_effects_asked"].isna().all()
    assert len(batch.assessments) == len(batch.side_effects) == 0


def test_leading_zeros_of_a_patient_code_stay(tmp_path: Path) -> None:
    assert read(tmp_path, patients="patient_code\n0042\n42\n").patients["patient_code"].tolist() == ["0042", "42"]


def test_day_and_timing_become_hours_with_their_precision(tmp_path: Path) -> None:
    header = "patient_code,hours,day,timing,instrument,score\n"
    scores = header + "P1,5.5,,,gad7,1\nP1,,2,,gad7,2\nP1,,2,before,madrs,3\nP1,,2,after,gad7,4\n"
    batch = read(tmp_path, patients="patient_code\nP1\n", assessments=scores)
    assert batch.assessments["hours"].tolist() == [5.5, 48.0, 48.0, 48.0]
    assert batch.assessments["precision"].tolist() == [0, 1, 1, 2]


def test_sessions_by_day_are_marked(tmp_path: Path) -> None:
    batch = read(tmp_path, sessions="patient_code,hours,day\nP1,,3\nP1,80,\n")
    assert batch.sessions[["hours", "day_only"]].to_numpy().tolist() == [[72, 1], [80, 0]]


def test_age_becomes_its_band(tmp_path: Path) -> None:
    batch = read(tmp_path, patients="patient_code,age,age_band\nP1,18,\nP2,89,85-89\nP3,,90+\nP4,,\nP5,44,\n")
    assert batch.patients["age_band"].astype("str").fillna("-").tolist() == ["18-24", "85-89", "90+", "-", "35-44"]


def test_conditions_are_canonical(tmp_path: Path) -> None:
    rows = 'P1,urinary;liver\nP2,"liver; urinary"\nP3,none\nP4,\nP5,other\nP6,liver;liver\n'
    batch = read(tmp_path, patients="patient_code,conditions\n" + rows)
    found = batch.patients["conditions"].astype("str").fillna("-").tolist()
    assert found == [";liver;urinary;", ";liver;urinary;", ";", "-", ";other;", ";liver;"]


def test_a_missing_onset_is_minus_one(tmp_path: Path) -> None:
    batch = read(tmp_path, side_effects="patient_code,day,term\nP1,2,nausea\n")
    assert batch.side_effects[["hours", "onset_minutes", "day_only"]].to_numpy().tolist() == [[48, -1, 1]]


def test_identical_repeats_are_dropped_and_counted(tmp_path: Path) -> None:
    scores = "patient_code,hours,instrument,score\nP1,24,phq9,9\nP1,24.0,phq9,9\nP1,24,phq9,9\nP1,24,gad7,9\n"
    batch = read(tmp_path, assessments=scores, patients="patient_code,sex\nP1,male\nP1,male\n")
    assert batch.repeats == 3
    assert batch.assessments["row"].tolist() == [2, 5]


def test_a_score_with_an_item_9_beside_the_same_without_conflicts(tmp_path: Path) -> None:
    with pytest.raises(RecordsRefused) as caught:
        read(tmp_path, assessments="patient_code,hours,instrument,score,item9\nP1,24,phq9,9,\nP1,24,phq9,9,0\n")
    assert [p.row for p in caught.value.problems] == [2, 3]


PATIENTS = "patient_code,clinic\nP1,North\nP2,South\n"


@pytest.mark.parametrize(
    "spelling",
    [
        PATIENTS.replace("\n", "\r\n"),
        PATIENTS.replace("\n", "\r"),
        PATIENTS.rstrip("\n"),
        PATIENTS + "\r\n\r\n",
        "\ufeff" + PATIENTS,
        PATIENTS.replace("North", '"North"'),
        '"patient_code","clinic"\n"P1","North"\n"P2","South"\n',
        "clinic,patient_code\nSouth,P2\nNorth,P1\n",
        "patient_code,clinic,sex\nP1,North,\nP2,South,\n",
    ],
    ids=["CRLF", "CR", "no end", "ends", "mark", "quoted", "all quoted", "other order", "empty column"],
)
def test_the_same_records_have_one_fingerprint_in_any_spelling(tmp_path: Path, spelling: str) -> None:
    assert fingerprint(read(tmp_path / "a", patients=PATIENTS)) == fingerprint(read(tmp_path / "b", patients=spelling))


def test_another_fact_gives_another_fingerprint(tmp_path: Path) -> None:
    one = read(tmp_path / "a", patients=PATIENTS)
    for number, other in enumerate([PATIENTS.replace("North", "West"), PATIENTS.replace("P1", "P3"), PATIENTS[:-9]]):
        assert fingerprint(one) != fingerprint(read(tmp_path / str(number), patients=other))


def test_rows_are_counted_as_a_spreadsheet_does_also_after_a_malformed_one(tmp_path: Path) -> None:
    with pytest.raises(RecordsRefused) as caught:
        read(tmp_path, patients='patient_code,sex\nP1,"ma\nle"\nP2,woman\nP3\nP4,man\n')
    assert [(p.row, p.column) for p in caught.value.problems] == [(2, "sex"), (3, "sex"), (4, "sex"), (5, "sex")]


def test_hidden_files_and_a_readme_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("about")
    (tmp_path / ".hidden.csv").write_text("x")
    (tmp_path / "~$patients.xlsx").write_text("x")
    assert len(read(tmp_path, patients=PATIENTS).patients) == 2


def test_one_table_alone_can_be_read_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "assessments.csv"
    path.write_text("patient_code,hours,instrument,score\nP1,1,phq9,2\n")
    batch = read_records(path)
    assert (len(batch.assessments), batch.source) == (1, "csv")


def test_progress_is_told_and_ends_at_one(small_records: Path) -> None:
    told: list[float] = []
    read_records(small_records, lambda what, done: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("size, good", [(2**20 - 200, True), (3 * 2**20, False)])
def test_a_line_of_a_million_bytes_is_read_one_of_three_is_not(tmp_path: Path, size: int, good: bool) -> None:
    rows = f'P1,"{";" * size}"\nP2,liver\n'
    with pytest.raises(RecordsRefused) as caught:
        read(tmp_path, patients="patient_code,conditions\n" + rows)
    (problem,) = caught.value.problems
    assert problem.row == 2
    assert ("longer than" in problem.reason) is not good


@pytest.mark.parametrize("position", [0, 2**24 - 1, 2**24, 2**24 + 5])
def test_a_multi_byte_letter_on_the_edge_of_a_slice_is_judged_whole(tmp_path: Path, position: int) -> None:
    from data_models.intake.readers.csv_text import SLICE, text_bounds
    from data_models.intake.readers.problems import Problems

    def slices(content: bytes) -> list[bytes]:
        return [content[at : at + SLICE] for at in range(0, len(content), SLICE)]

    text = b"a" * position + "é".encode() + b"a" * 10
    problems = Problems()
    assert text_bounds(slices(text), "f.csv", problems) == (0, len(text))
    wrong = b"a" * position + "é".encode("latin-1") + b"a" * 10
    assert text_bounds(slices(wrong), "f.csv", problems) is None
    with pytest.raises(RecordsRefused, match=f"byte {position + 1} is not UTF-8"):
        problems.refuse_if_any()
