"""An empty workbook of session records, with lists to choose from and a page of instructions, and a filled one.

Made from the contract's fields, so that a column, a code or a range added there stands here too.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Final

from data_models.definitions.instruments import INSTRUMENTS, ITEM9_MAXIMUM, with_item9
from data_models.intake.contract import ONE_SHEET, ONE_SHEET_FIELDS, Field
from data_models.intake.readers.header import score_column
from data_models.intake.readers.workbook import INSTRUCTIONS

ROWS: Final = 1_000  # with lists to choose from
_LONGEST_LIST: Final = 255  # characters of a list that stands in the cell's own rule
_LINE: Final = 15.0  # its height, points
_BROAD: Final = 115  # characters of a line of instructions
_LATER: Final = ("phq9_after_24h", "phq9_after_7d")
_NOTES: Final = {
    "patient_code": "a random code of your own, the same in every row of a patient; never the record number",
    "hours": "hours from the start of the patient's first session (0) to this one; or give day",
    "day": "whole days from the patient's first session (0); or give hours",
    "age_band": "or give age; for 90 and older 90+",
    "conditions": "several with ; between",
    "side_effects": "several with ; between; none: asked, and there were none; empty: not asked",
    "dose": "with its unit in dose_unit",
    "first_session_year": "may stay empty",
    "observed_until_weeks": "whole weeks from the first session to the day until which you looked; may stay empty",
}
# Two patients of no clinic: what a filled row looks like.
_EXAMPLE: Final[tuple[Mapping[str, str | float], ...]] = (
    {
        "patient_code": "K7TX42", "clinic": "north", "age_band": "35-44", "sex": "female",
        "diagnosis": "treatment_resistant_depression", "conditions": "hypertension", "observed_until_weeks": 12,
        "hours": 0, "drug": "ketamine", "route": "iv", "dose": 0.5, "dose_unit": "mg_per_kg", "phase": "induction",
        "duration_minutes": 40, "systolic_before": 122, "diastolic_before": 80, "heart_rate_before": 71,
        "systolic_highest": 148, "diastolic_highest": 92, "heart_rate_highest": 88, "cadss_highest": 14,
        "minutes_to_discharge": 110, "side_effects_asked": "yes", "side_effects": "nausea;dissociation",
        "phq9_before": 19, "phq9_item9_before": 1, "madrs_before": 33, "phq9_after_24h": 11, "phq9_after_7d": 9,
    },
    {
        "patient_code": "K7TX42", "hours": 72.5, "drug": "ketamine", "route": "iv", "dose": 0.5,
        "dose_unit": "mg_per_kg", "side_effects_asked": "yes", "side_effects": "none", "phq9_before": 10,
    },
    {
        "patient_code": "M3RW95", "clinic": "north", "age": 58, "sex": "male", "diagnosis": "major_depression",
        "day": 0, "drug": "esketamine", "route": "intranasal", "dose": 56, "dose_unit": "mg", "phq9_before": 17,
    },
)  # fmt: skip


def columns() -> tuple[Field, ...]:
    """The template's columns: those of the one-sheet form, and scores before each session and after it."""
    scores = []
    for name in (*(f"{code}_before" for code in INSTRUMENTS), *_LATER):
        scale = INSTRUMENTS[(score_column(name) or ("",))[0]]
        kind = "whole" if scale.whole else "number"
        scores.append(Field(name, kind, low=scale.minimum, high=scale.maximum, unit="points"))
    item9 = Field(f"{with_item9().code}_item9_before", "whole", low=0, high=ITEM9_MAXIMUM, unit="points")
    scores.insert(1, item9)
    return (*ONE_SHEET_FIELDS, *scores)


def template_bytes(*, filled: bool = False) -> bytes:
    """The workbook: the sheet of records first, then the instructions.

    Parameters
    ----------
    filled : with the records of two invented patients, to see how it is meant; else without any row.
    """
    import xlsxwriter

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet(ONE_SHEET)
        fields = columns()
        head = book.add_format({"bold": True, "bottom": 1})
        text = book.add_format({"num_format": "@"})
        for place, field in enumerate(fields):
            sheet.write_string(0, place, field.name, head)
            sheet.set_column(place, place, max(10, len(field.name) + 2), text if field.kind in _TEXTS else None)
            if rule := _rule(field):
                sheet.data_validation(1, place, ROWS, place, rule)
        for row, record in enumerate(_EXAMPLE if filled else (), start=1):
            for place, field in enumerate(fields):
                if field.name in record:
                    sheet.write(row, place, record[field.name], text if field.kind in _TEXTS else None)
        sheet.freeze_panes(1, 1)
        _instructions(book, book.add_worksheet(INSTRUCTIONS), fields)
    return stream.getvalue()


_TEXTS: Final = frozenset(("patient_code", "word", "choice", "choices", "flag"))


def _rule(field: Field) -> dict[str, Any] | None:
    """What a spreadsheet lets into the cells of a column; None where it cannot judge them."""
    said = {"input_title": field.name[:32], "input_message": _what(field)[:255], "error_title": field.name[:32]}
    choices = ("yes", "no") if field.kind == "flag" else field.choices
    if field.kind in ("choice", "flag"):
        if len(",".join(choices)) > _LONGEST_LIST:
            raise ValueError(f"{field.name}: its list is too long for a cell; put it on a sheet of its own")
        return said | {"validate": "list", "source": list(choices), "error_message": "Choose from the list."}
    if field.kind in ("number", "whole"):
        return said | {
            "validate": "integer" if field.kind == "whole" else "decimal",
            "criteria": "between",
            "minimum": field.low,
            "maximum": field.high,
            "error_message": f"{field.range_text()}, or empty.",
        }
    return said | {"validate": "any"}


def _what(field: Field) -> str:
    """What to write into a column."""
    words = {
        "patient_code": "1 to 32 letters and digits",
        "word": "one word",
        "flag": "yes or no",
        "choice": f"one of {', '.join(field.choices)}",
        "choices": f"of {', '.join(field.choices)}",
        "whole": f"a whole number, {field.range_text()}",
        "number": f"a number, {field.range_text()}",
    }[field.kind]
    note = _NOTES.get(field.name)
    return f"{note} ({words})" if note else words


def _instructions(book: Any, sheet: Any, fields: Sequence[Field]) -> None:
    """One page: how to fill the sheet, and what goes into each column."""
    bold, wrap = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True, "valign": "top"})
    lines = (
        "One row is one treatment session. What was not recorded stays empty: no 0, no 99, no n/a.",
        "No name, no record number, no date: patients have codes, times count from the first session's start.",
        "Facts of a patient (age, sex, diagnosis) need to stand in one of their rows only.",
        "Scores: SCALE_before is the last before the session; SCALE_after_24h and SCALE_after_7d are so many hours or "
        "days after its start. Add columns of this kind as you need them (gad7_after_4h); delete the others.",
        f"Then drop the file on the Records page, or: ketamine-outcomes import FILE.xlsx. This sheet, {INSTRUCTIONS}, "
        "is passed over.",
    )
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 110)
    for row, line in enumerate(lines):
        sheet.merge_range(row, 0, row, 1, line, wrap)
        sheet.set_row(row, _LINE * ceil(len(line) / _BROAD))  # what is merged grows by itself in no program
    for row, field in enumerate(fields, start=len(lines) + 1):
        sheet.write_string(row, 0, field.name, bold)
        required = "; every row needs it" if field.required else ""
        sheet.write_string(row, 1, f"{_what(field)}{required}", wrap)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
