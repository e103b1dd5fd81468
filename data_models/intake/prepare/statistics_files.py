"""Files of SPSS (.sav, .zsav, .por), Stata (.dta) and SAS (.xpt, .sas7bdat) as text, through pyreadstat.

The words that a file has for its codes and the values that it declares missing come with the table; nothing is
replaced by a guess.
"""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any, Final

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.cells import Sheet
from data_models.intake.prepare.spreadsheets import number_text, time_text

# The suffix, pyreadstat's function, and whether it knows values that users declare missing.
KINDS: Final = {
    ".sav": ("read_sav", True),
    ".zsav": ("read_sav", True),
    ".por": ("read_por", False),
    ".dta": ("read_dta", True),
    ".xpt": ("read_xport", False),
    ".sas7bdat": ("read_sas7bdat", True),
}


def read_statistics(path: Path, most_cells: int | None = None) -> list[Sheet]:
    """The one table of a file; its column names are row 1. Raises CannotRead."""
    import pyreadstat

    if not isinstance(path, Path):  # in memory, where pyreadstat cannot look
        raise CannotRead(f"{path.name} is read from a disk alone; use the command prepare, or export it as CSV")
    name, knows_missing = KINDS[path.suffix.lower()]
    asked: dict[str, Any] = {"output_format": "dict"}
    if knows_missing:
        asked["user_missing"] = True
    read = getattr(pyreadstat, name)
    try:
        if most_cells is not None and name != "read_xport":  # whose rows cannot be counted beforehand
            _, about = read(str(path), metadataonly=True)
            asked["row_limit"] = max(most_cells // max(about.number_columns, 1), 1)
        columns, about = read(str(path), **asked)
    except Exception:  # pyreadstat raises whatever a broken file makes it raise, among them its own
        raise CannotRead(f"{path.name} is no readable {path.suffix} file; export it again, or as CSV") from None
    texts = {column: [_text(value) for value in cells] for column, cells in columns.items()}
    sheet = Sheet(path.name, "", [(1, list(texts))])
    for number, row in enumerate(zip(*texts.values(), strict=True), start=2):
        if any(row):
            sheet.rows.append((number, row))
    sheet.labels = {column: label for column, label in (about.column_names_to_labels or {}).items() if label}
    sheet.meanings = {
        column: {_text(value): str(label).strip() for value, label in words.items()}
        for column, words in (about.variable_value_labels or {}).items()
    }
    for column, ranges in (about.missing_ranges or {}).items():
        present = set(texts[column])
        sheet.missing[column] = tuple(sorted(text for text in present if _within(text, ranges)))
    for column, values in (about.missing_user_values or {}).items():
        sheet.missing[column] = (*sheet.missing.get(column, ()), *map(_text, values))
    sheet.missing = {column: codes for column, codes in sheet.missing.items() if codes}
    return [sheet]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return time_text(value)
    if isinstance(value, float) or hasattr(value, "dtype"):
        if value != value:  # NaN and NaT
            return ""
        number = float(value)
        return number_text(number) if math.isfinite(number) else ""
    return str(value)


def _within(text: str, ranges: list[dict[str, Any]]) -> bool:
    """Whether a value is one of those, or in a range, that the file declares missing."""
    for one in ranges:
        low, high = one["lo"], one["hi"]
        if isinstance(low, str) or isinstance(high, str):
            if text == _text(low):
                return True
            continue
        try:
            if text and low <= float(text) <= high:
                return True
        except ValueError:
            continue
    return False
