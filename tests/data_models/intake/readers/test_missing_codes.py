"""Numbers that are codes for "not recorded": told with a count where they stand apart, not where they are values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_models.intake.contract import RecordsRefused
from data_models.intake.readers import patient_blocks, read_parts, read_records
from data_models.intake.readers.checked_table import CheckedTable
from data_models.intake.readers.columns import Coded
from data_models.intake.readers.missing_codes import MissingCodes


def said(*blocks: list[float], column: str = "dose") -> list[str]:
    found = MissingCodes()
    names = (
        "dose", "duration_minutes", "systolic_before", "diastolic_before", "heart_rate_before", "systolic_highest",
        "diastolic_highest", "heart_rate_highest", "cadss_highest", "minutes_to_discharge",
    )  # fmt: skip
    row = 2
    for block in blocks:
        values = {name: np.full(len(block), np.nan) for name in names} | {column: np.array(block, float)}
        found.add(CheckedTable("sessions", "sessions.csv", {**values}, np.arange(row, row + len(block))))
        row += len(block)
    return found.notes()


def test_a_code_is_told_with_its_count_its_first_row_and_the_next_value() -> None:
    assert said([40, 999, 60, np.nan], [999, 50]) == [
        "sessions.csv, column dose: 999 stands 2 times, first in row 3, and every other value is at most 60; "
        "if it means not recorded, leave these cells empty"
    ]


@pytest.mark.parametrize(
    "column, values, codes",
    [
        ("dose", [40, 999, 9999, 60], [999, 9999]),
        ("dose", [40, 99, 70], []),  # 1.41 times 70 mg
        ("dose", [40, 99, 60], [99]),
        ("cadss_highest", [12, 88, 30], [88]),
        ("cadss_highest", [74, 88], []),  # 1.19 times
        ("minutes_to_discharge", [90, 999, 1_200], []),  # hours that others stayed too
        ("heart_rate_before", [88], []),  # one value alone
        ("minutes_to_discharge", [999], [999]),
        ("minutes_to_discharge", [], []),
    ],
)
def test_a_code_stands_apart_or_is_a_value(column: str, values: list[float], codes: list[int]) -> None:
    assert [int(note.split(": ")[1].split()[0]) for note in said(values, column=column)] == codes


@pytest.mark.parametrize("cut", range(5))
def test_blocks_say_what_the_whole_says(cut: int) -> None:
    values = [999.0, 40.0, 88.0, 30.0, 999.0]
    assert said(values[:cut], values[cut:]) == said(values)


def test_scores_are_told_by_scale_and_none_below_77_points(tmp_path: Path) -> None:
    (tmp_path / "assessments.csv").write_text(
        "patient_code,day,instrument,score\nP1,0,pcl5,55\nP1,7,pcl5,77\nP1,0,bdi2,40\nP1,0,phq9,20\n"
    )
    assert read_records(tmp_path).warnings == [
        "assessments.csv, scores of PCL-5: 77 stands once, first in row 3, and every other value is at most 55; "
        "if it means not recorded, leave these cells empty"
    ]


def test_what_is_odd_is_told_beside_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "sessions.csv").write_text(
        "patient_code,day,dose,dose_unit,systolic_before,diastolic_before\nP1,0,40,mg,120,80\nP1,7,999,mg,99,99\n"
    )
    with pytest.raises(RecordsRefused) as caught:
        read_records(tmp_path)
    assert [(p.row, p.column) for p in caught.value.problems] == [(3, "diastolic_before")]
    assert [warning.split(" stands")[0] for warning in caught.value.warnings] == ["sessions.csv, column dose: 999"]


def test_a_file_read_in_parts_is_told_of_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"P{n},{n % 7},{999 if n == 1_500 else 40},mg" for n in range(3_000)]
    (tmp_path / "sessions.csv").write_text("\n".join(["patient_code,day,dose,dose_unit", *rows]) + "\n")
    monkeypatch.setattr(patient_blocks, "BLOCK_BYTES", 5_000)
    monkeypatch.setattr(patient_blocks, "PART_BYTES", 10_000)
    with read_parts(tmp_path) as parts:
        told = [warning for part in parts for warning in part.warnings]
    (note,) = told
    assert note.startswith("sessions.csv, column dose: 999 stands once, first in row 1502,")


def test_a_score_without_codes_in_its_range_is_not_looked_through() -> None:
    found = MissingCodes()
    columns = {"instrument": Coded(np.zeros(1, np.int32), ["phq9"]), "score": np.array([99.0])}
    found.add(CheckedTable("assessments", "assessments.csv", columns, np.array([2])))
    assert found.notes() == []
