"""Whether the columns of a file are those of the contract: closed, each once, none an identifier."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.contract import ONE_SHEET, ONE_SHEET_FIELDS, TABLES
from data_models.intake.deidentification import forbidden_column, holds_common_name, identifier_class
from data_models.intake.readers.problems import Problems

_ITEM9 = "_item9"
_WITH_ITEM9 = "|".join(code for code, scale in INSTRUMENTS.items() if scale.has_item9)
_SCORE_COLUMN = re.compile(
    rf"({'|'.join(INSTRUMENTS)}|(?:{_WITH_ITEM9}){_ITEM9})_(before|after_(0|[1-9]\d{{0,4}})([hd]))"
)
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_MOST_HOURS_AFTER = 24 * 365
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def score_column(name: str) -> tuple[str, str, int] | None:
    """Instrument, "before" / "h" / "d" and N of a one-sheet score column or one of item 9; None for any other name.

    >>> score_column("gad7_after_7d"), score_column("phq9_item9_before"), score_column("gad7_item9_before")
    (('gad7', 'd', 7), ('phq9', 'before', 0), None)
    """
    match = _SCORE_COLUMN.fullmatch(name)
    if not match:
        return None
    instrument, before, number, unit = match.groups()
    instrument = instrument.removesuffix(_ITEM9)
    if before == "before":
        return instrument, "before", 0
    hours = int(number) * (1 if unit == "h" else 24)
    if hours > _MOST_HOURS_AFTER or (unit == "h" and hours == 0):
        return None
    return instrument, unit, int(number)


def total_beside(name: str) -> str | None:
    """The column of the total whose item 9 a one-sheet column holds; None for any other name.

    >>> total_beside("phq9_item9_after_7d"), total_beside("phq9_after_7d")
    ('phq9_after_7d', None)
    """
    return name.replace(_ITEM9, "", 1) if _ITEM9 in name and score_column(name) else None


def known_columns(table: str) -> list[str]:
    """Names of a table's columns (of the one-sheet form, without its score columns)."""
    return [f.name for f in (ONE_SHEET_FIELDS if table == ONE_SHEET else TABLES[table])]


def check_header(table: str, file: str, header: Sequence[str], problems: Problems) -> list[str | None]:
    """The known name of each column, None for a column that is refused; notes what is wrong.

    A column name is repeated in a message only where it reads like a column name: a file without a
    header has its first patient there.
    """
    known = known_columns(table)
    if header and header[0].lower().startswith("sep="):
        problems.add(file, 1, None, "a line for Excel alone stands before the column names; delete it")
        return [None for _ in header]
    if len(header) == 1:
        for separator, words in _SEPARATORS.items():
            if separator in header[0]:
                problems.add(file, 1, None, f"the columns are separated by {words}; save the file as comma-separated")
                return [None]
    folded = [name.strip().lower() for name in header]
    if not any(name in known for name in folded) and not any(forbidden_column(name) for name in header):
        problems.add(file, 1, None, f"no column of {table} is named in the first row; put the column names there")
        return [None for _ in header]
    names: list[str | None] = []
    for place, name in enumerate(header, start=1):
        accepted = name in known or (table == ONE_SHEET and score_column(name) is not None)
        if accepted and name in names:
            problems.add(file, 1, name, "the column stands twice; keep one of them")
            names.append(None)
        elif accepted:
            names.append(name)
        else:
            problems.add(file, 1, *_refused_column(name, place, known))
            names.append(None)
    _check_mandatory(table, file, header, problems)
    return names


def _refused_column(name: str, place: int, known: list[str]) -> tuple[str, str]:
    """What a refused column is called in the message, and why it is refused."""
    numbered = f"number {place}"
    if not name.strip():
        return numbered, "the column has no name; name it or delete it"
    identifier = forbidden_column(name)
    if identifier:
        shown = name if _PLAIN_NAME.fullmatch(name) else numbered
        return shown, f"a column of this name may hold an identifier: {identifier}; delete the column"
    identifier = identifier_class(name, "number")  # as a number: words are what a column name is made of
    if identifier or holds_common_name(name):
        return numbered, f"the column's name looks like an identifier: {identifier or 'name (A)'}; delete the column"
    shown = name if _PLAIN_NAME.fullmatch(name) else numbered
    near = difflib.get_close_matches(name.strip().lower().replace(" ", "_"), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(known)}"
    return shown, f"unknown column; {hint}"


def _check_mandatory(table: str, file: str, header: Sequence[str], problems: Problems) -> None:
    clock = table != "patients"
    fields = ONE_SHEET_FIELDS if table == ONE_SHEET else TABLES[table]
    for field in fields:
        if field.required and field.name not in header:
            problems.add(file, 1, field.name, "the column is missing; every row needs it")
    for name in header if table == ONE_SHEET else ():
        total = total_beside(name)
        if total and total not in header:
            problems.add(file, 1, name, f"item 9 stands beside its total; the column {total} is missing")
    if clock and "hours" not in header and "day" not in header:
        problems.add(file, 1, "hours", "the column is missing; every row needs hours or day")
