"""The workbook to keep records in follows the contract, can be filled by its lists, and is imported as it stands."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from data_models.intake.contract import ONE_SHEET, ONE_SHEET_FIELDS, RecordsRefused
from data_models.intake.readers import read_records
from data_models.intake.template import columns, template_bytes
from data_models.store import Store


@pytest.fixture
def empty() -> Any:
    """The empty workbook."""
    return openpyxl.load_workbook(io.BytesIO(template_bytes()))


def rules_of(book: Any) -> dict[str, Any]:
    """The rule of each column's cells, by the column's name."""
    sheet = book[ONE_SHEET]
    names = {cell.column_letter: cell.value for cell in sheet[1]}
    return {names[str(rule.sqref).split("2:")[0]]: rule for rule in sheet.data_validations.dataValidation}


def test_it_has_every_column_and_a_list_for_every_choice(empty: Any) -> None:
    header = [cell.value for cell in empty[ONE_SHEET][1]]
    assert header == [field.name for field in columns()]
    assert set(header) >= {field.name for field in ONE_SHEET_FIELDS}
    rules = rules_of(empty)
    for field in columns():
        if field.kind in ("choice", "flag"):
            choices = ("yes", "no") if field.kind == "flag" else field.choices
            assert rules[field.name].formula1 == f'"{",".join(choices)}"'
        elif field.kind in ("number", "whole"):
            assert rules[field.name].type == ("whole" if field.kind == "whole" else "decimal")
            assert (float(rules[field.name].formula1), float(rules[field.name].formula2)) == (field.low, field.high)


def test_its_instructions_are_one_page_and_name_every_column(empty: Any) -> None:
    sheet = empty["instructions"]
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    named = {row[0].value for row in sheet.iter_rows()}
    assert named >= {field.name for field in columns()}


def test_filled_by_its_lists_it_is_imported(empty: Any, tmp_path: Path) -> None:
    sheet, rules = empty[ONE_SHEET], rules_of(empty)
    for row, (code, day) in enumerate((("K7TX42", 0), ("K7TX42", 3), ("M3RW95", 0)), start=2):
        for place, field in enumerate(columns(), start=1):
            rule = rules.get(field.name)
            cell = sheet.cell(row, place)
            if field.name in ("patient_code", "day", "hours", "age", "dose_unit"):
                cell.value = {"patient_code": code, "day": day, "dose_unit": "mg"}.get(field.name)
            elif field.kind in ("choice", "flag"):
                cell.value = rule.formula1.strip('"').split(",")[0]
            elif field.kind in ("number", "whole"):
                cell.value = 10 if field.high >= 10 >= field.low else int(field.low)
    for row in range(2, 5):
        names = {name: place for place, name in enumerate((field.name for field in columns()), start=1)}
        for name, value in {"systolic_before": 120, "diastolic_before": 80, "systolic_highest": 140,
                            "diastolic_highest": 90, "first_session_year": 2026}.items():  # fmt: skip
            sheet.cell(row, names[name]).value = value
    empty.save(tmp_path / "mine.xlsx")
    store = Store.open(f"sqlite:///{(tmp_path / 'store.db').as_posix()}")
    done = store.import_path(tmp_path / "mine.xlsx")
    store.close()
    assert (done.patients, done.sessions) == (2, 3)


def test_the_filled_example_is_read_and_the_empty_one_says_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "example.xlsx").write_bytes(template_bytes(filled=True))
    (tmp_path / "empty.xlsx").write_bytes(template_bytes())
    batch = read_records(tmp_path / "example.xlsx")
    assert (len(batch.patients), len(batch.sessions), len(batch.side_effects)) == (2, 3, 2)
    assert batch.assessments["item9"].max() == 1
    empty = read_records(tmp_path / "empty.xlsx")
    assert len(empty.sessions) == 0


def test_no_other_sheet_is_passed_over(empty: Any, tmp_path: Path) -> None:
    empty.create_sheet("remarks")
    empty.save(tmp_path / "mine.xlsx")
    with pytest.raises(RecordsRefused, match="sheet number 3 is unknown"):
        read_records(tmp_path / "mine.xlsx")
