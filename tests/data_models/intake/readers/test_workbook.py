"""A workbook says the same as the CSV files of its sheets."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from data_models.intake.contract import RecordsRefused
from data_models.intake.readers import read_records
from tests.data_models.intake.readers.agreement import fingerprint


def as_workbook(folder: Path, path: Path, *, as_numbers: bool) -> Path:
    """The CSV files of a folder as sheets; numbers as number cells or as text."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for file in sorted(folder.glob("*.csv")):
        sheet = book.create_sheet(file.stem)
        for line in csv.reader(io.StringIO(file.read_text())):
            sheet.append([number(cell) if as_numbers else cell or None for cell in line])
    book.save(path)
    return path


def number(cell: str) -> object:
    try:
        return float(cell)
    except ValueError:
        return cell or None


@pytest.mark.parametrize("as_numbers", [True, False])
def test_a_workbook_reads_as_its_sheets_would_as_files(small_records: Path, tmp_path: Path, as_numbers: bool) -> None:
    path = as_workbook(small_records, tmp_path / "records.xlsx", as_numbers=as_numbers)
    batch = read_records(path)
    assert fingerprint(batch) == fingerprint(read_records(small_records))
    assert batch.source == "xlsx"
    assert batch.files["sessions"] == "sessions"


def test_number_cells_come_through_without_loss(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "sessions"
    values = [0, 5.0, 0.3, 72.4166666666667, 1e-7, 12345.678]
    for row in [["patient_code", "hours"], *(["P1", value] for value in values)]:
        sheet.append(row)
    book.save(tmp_path / "records.xlsx")
    assert read_records(tmp_path / "records.xlsx").sessions["hours"].tolist() == values


@pytest.mark.parametrize(
    "code, shown_as, good", [(123, "00000", False), (123, "000-000", False), (123, "0", True), ("00123", "00000", True)]
)
def test_a_number_that_shows_zeros_which_it_does_not_hold_is_no_code(
    tmp_path: Path, code: object, shown_as: str, good: bool
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "sessions"
    for row in [["patient_code", "hours"], [code, 72.5]]:
        sheet.append(row)
    sheet["A2"].number_format, sheet["B2"].number_format = shown_as, "000.00"
    book.save(tmp_path / "records.xlsx")
    if good:
        assert read_records(tmp_path / "records.xlsx").sessions["patient_code"].tolist() == [str(code)]
    else:
        with pytest.raises(RecordsRefused, match=r"sessions, row 2, column patient_code: .*write the code as text"):
            read_records(tmp_path / "records.xlsx")


def test_empty_rows_and_columns_at_the_end_are_passed_over(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "patients"
    for row in [["patient_code", "sex", None, None], ["P1", "male", None], [None, None], ["P2", "female"], [], [None]]:
        sheet.append(row)
    book.save(tmp_path / "records.xlsx")
    assert read_records(tmp_path / "records.xlsx").patients["row"].tolist() == [2, 4]


def test_a_one_sheet_workbook_is_one_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "session_records"
    sheet.append(["patient_code", "day", "phq9_before", "side_effects"])
    sheet.append(["P1", 0, 20, "none"])
    book.save(tmp_path / "records.xlsx")
    batch = read_records(tmp_path / "records.xlsx")
    assert (batch.source, len(batch.assessments), batch.files["assessments"]) == ("one_sheet", 1, "session_records")


def test_a_sheet_that_lies_about_a_row_number_ends_at_the_largest_sheet_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_models.intake.readers.workbook.MOST_ROWS", 1_000)
    book = openpyxl.Workbook()
    book.active.title = "patients"
    book.active.append(["patient_code"])
    book.active.append(["P1"])
    book.save(tmp_path / "good.xlsx")
    with zipfile.ZipFile(tmp_path / "good.xlsx") as good, zipfile.ZipFile(tmp_path / "bad.xlsx", "w") as bad:
        for part in good.infolist():
            content = good.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b'r="2"', b'r="99999999999"').replace(b'"A2"', b'"A99999999999"')
            bad.writestr(part, content)
    with pytest.raises(RecordsRefused, match="larger than a spreadsheet can be"):
        read_records(tmp_path / "bad.xlsx")
