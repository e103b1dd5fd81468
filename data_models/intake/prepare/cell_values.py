"""What a cell says, by the map: codes for words, numbers in digits, nothing for a declared missing value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from data_models.intake.contract import Field
from data_models.intake.prepare.cells import ERRORS, NO_VALUE, SPREADSHEET_ERROR, Columns
from data_models.intake.prepare.sheet_map import CODED, YES_NO, SheetMap, TableMap
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.workbook import MERGED

_COMMA: Final = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_PRESSURE: Final = re.compile(r"(\d{2,3})\s*/\s*(\d{2,3})")
_PARTS: Final = re.compile(r"\s*[;,/\n]\s*")
_POINTS: Final = re.compile(r"\s*(?:punkte?|pkt\.?|points?|pts?\.?)$", re.IGNORECASE)
_UNITS: Final = {"mg": r"\s*mg", "mg_per_kg": r"\s*mg\s*/\s*kg(?:\s*kg)?"}
# What stands behind a number of a field whose name holds the word; its only unit.
_MEASURES: Final = {
    "minutes": r"\s*(?:min\.?|minuten|minutes)",
    "heart_rate": r"\s*(?:/\s*min\.?|bpm)",
    "systolic": r"\s*mm\s?hg",
    "diastolic": r"\s*mm\s?hg",
}


def plain_score(text: str, highest: float) -> str:
    """A score without the word for points behind it and without its scale's highest total.

    Examples
    --------
    >>> plain_score("18 Punkte", 27), plain_score("18/27", 27), plain_score("18 / 52", 27)
    ('18', '18', '18 / 52')
    """
    score, of, total = _POINTS.sub("", text).partition("/")
    return score.strip() if not of or total.strip() == f"{highest:g}" else text


def plain_measure(text: str, what: str) -> str:
    """A number without the unit behind it that a dose's unit or a field of the records has.

    Examples
    --------
    >>> plain_measure("35mg", "mg"), plain_measure("72/min", "heart_rate_before"), plain_measure("90 Min.", "dose")
    ('35', '72', '90 Min.')
    """
    words = _UNITS.get(what) or next((words for part, words in _MEASURES.items() if part in what), "")
    return re.sub(rf"(?<=\d){words}$", "", text, flags=re.IGNORECASE) if words else text


class CellValues:
    """The cells of one sheet as one [[table]] reads them. Problems name row and column, never what stands there.

    Parameters
    ----------
    words : [values.NAME] of the map.
    """

    def __init__(self, columns: Columns, table: TableMap, whole: SheetMap, map_file: str, problems: Problems) -> None:
        self.columns, self._words, self._map_file, self._problems = columns, whole.values, map_file, problems
        self._title = columns.sheet.title
        self._comma = (table.decimal or whole.decimal or columns.sheet.decimal) == ","
        self._missing = {
            name: {*whole.missing, *table.missing.get(name, ()), *columns.sheet.missing.get(name, ())}
            for name in columns.columns
        }
        self._noted: set[tuple[str, int]] = set()
        self.missing_found: Counter[str] = Counter()
        for name in table.columns:
            self._check(name)

    def _check(self, name: str) -> None:
        """Note what is wrong with cells of a column that is read, whatever it becomes."""
        place, sheet, header = self.columns.places[name], self.columns.sheet, self.columns.header
        for column, row, last in sheet.merged:
            if column == place and last > header:
                self._problems.add(self._title, max(row, header + 1), name, MERGED)
        for row, column in sheet.unvalued:
            if column == place and row > header:
                self._problems.add(self._title, row, name, NO_VALUE)
        missing = self._missing[name]
        for row, text in zip(self.columns.numbers, self.columns.columns[name], strict=True):
            if text in missing:
                self.missing_found[name] += 1
            elif text in ERRORS:
                self._problems.add(self._title, row, name, SPREADSHEET_ERROR)
                self._noted.add((name, row))

    def text(self, name: str, at: int) -> str:
        """A cell as it stands; "" where it is a declared missing value or already refused."""
        text = self.columns.columns[name][at]
        if not text or text in self._missing[name] or (name, self.columns.numbers[at]) in self._noted:
            return ""
        return text

    def texts(self, name: str) -> list[str]:
        """All the cells of a column."""
        return [self.text(name, at) for at in range(len(self.columns.numbers))]

    def dose_unit(self, name: str, at: int) -> str:
        """The unit that a dose's own cell names ("35 mg"); "" where it names none."""
        text = self.text(name, at)
        return next(
            (unit for unit, words in _UNITS.items() if re.search(r"\d" + words + r"$", text, re.IGNORECASE)), ""
        )

    def value(self, name: str, at: int, field: Field, unit: str = "", highest: float | None = None) -> str:
        """A cell as the session records' field has it; "" with a problem noted where it cannot be.

        Parameters
        ----------
        highest : of a score's scale, after which "18/27" is told.
        """
        text = self.text(name, at)
        if not text:
            return ""
        if field.kind in ("number", "whole"):
            if field.name == "dose":
                unit = self.dose_unit(name, at) or unit
            number = self.number(name, at, unit or field.name, highest)
            if number and not any(letter.isdigit() for letter in number):
                self.refuse(
                    name,
                    at,
                    "is a word where a number should be; if it means that nothing was recorded, add it to missing at "
                    f"the top of {self._map_file}",
                )
                return ""
            return number
        if field.kind == "choices":
            parts = [self._code(name, at, part, field.name) for part in _PARTS.split(text) if part]
            return ";".join(part for part in parts if part)
        if field.kind == "word":
            return self._words.get(field.name, {}).get(text, text)
        return self._code(name, at, text, YES_NO if field.kind == "flag" else field.name)

    def yes_or_severity(self, name: str, at: int) -> str:
        """`yes`, `no` or how severe, of a side effect's column."""
        text = self.text(name, at)
        severities = self._words.get("severity", {})
        if text in CODED["severity"] or self._meaning(name, text, severities) in severities:
            return self._code(name, at, text, "severity")
        return self._code(name, at, text, YES_NO) if text else ""

    def points(self, name: str, at: int) -> int | None:
        """An item's points."""
        text = self.number(name, at)
        if text and not (text.isascii() and text.isdigit()):
            self.refuse(name, at, "is no number of points; write an item's points in digits")
            return None
        return int(text) if text else None

    def pressures(self, name: str, at: int) -> tuple[str, str]:
        """Systolic and diastolic of a cell such as 120/80."""
        text = self.text(name, at)
        found = _PRESSURE.fullmatch(plain_measure(text, "systolic"))
        if text and not found:
            self.refuse(name, at, "is no blood pressure; write systolic and diastolic as 120/80")
        return (found[1], found[2]) if found else ("", "")

    def number(self, name: str, at: int, unit: str = "", highest: float | None = None) -> str:
        """A cell as a number in plain digits, where it is one."""
        text = self.text(name, at)
        text = plain_measure(text, unit)
        if highest is not None:
            text = plain_score(text, highest)
        if not self._comma and _COMMA.fullmatch(text):
            self.refuse(
                name,
                at,
                f'has a comma in the number; if it is a decimal comma, write decimal = "," at the top of '
                f"{self._map_file}; take commas between thousands out of the sheet",
            )
            return ""
        if not self._comma or ("," not in text and not _THOUSANDS.fullmatch(text)):
            return text
        if _COMMA.fullmatch(text):
            return text.replace(",", ".")
        if _THOUSANDS.fullmatch(text):
            reason = "has a point among decimal commas; write thousands without a point, a fraction with a comma"
            if "," in text or self._has_commas(name):
                self.refuse(name, at, reason)
                return ""
        return text

    def _has_commas(self, name: str) -> bool:
        return any(_COMMA.fullmatch(text) for text in self.columns.columns[name])

    def _meaning(self, name: str, text: str, words: Mapping[str, str]) -> str:
        """The text, or the file's own word for it where the map has that."""
        meaning = self.columns.sheet.meanings.get(name, {}).get(text, "")
        return meaning if text not in words and meaning in words else text

    def _code(self, name: str, at: int, text: str, list_name: str) -> str:
        words, choices = self._words.get(list_name, {}), CODED[list_name]
        text = self._meaning(name, text, words)
        if text in words:
            return words[text]
        meaning = self.columns.sheet.meanings.get(name, {}).get(text, "")
        for one in (text, meaning):
            if one in choices or (one == "none" and list_name == "side_effects"):
                return one
        known = ", ".join(choices)
        only = "; if it is none, name in [table.only] those to be read" if list_name == "instrument" else ""
        self.refuse(
            name,
            at,
            f"what stands there is no code; add it to [values.{list_name}] of {self._map_file}, "
            f"as one of {known}{only}",
        )
        return ""

    def refuse(self, name: str, at: int, reason: str) -> None:
        """Note what is wrong with a cell, once."""
        row = self.columns.numbers[at]
        if (name, row) not in self._noted:
            self._noted.add((name, row))
            self._problems.add(self._title, row, name, reason)
