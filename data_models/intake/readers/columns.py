"""From text to values: each cell screened for identifiers, then converted strictly by its field.

Nothing is guessed: a cell is empty (not recorded), exactly right, or refused with row, column and
reason. Only the different values of a column are looked at; codes carry the answer to the rows. A
message never repeats a cell.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from data_models.intake.contract import Field
from data_models.intake.deidentification import FREE_TEXT, may_name_a_person, screen
from data_models.intake.readers.file_context import MOST_WORDS, FileContext
from data_models.intake.readers.problems import Problems
from data_models.intake.readers.raw_table import Codes, RawTable, Texts

Numbers = npt.NDArray[np.float64]
MISSING = -1

_NUMBER = r"^-?(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,20})?$"
_CODE = r"^[A-Za-z0-9_-]{1,32}$"
# Codes that the identifier screen never refuses by themselves. Up to six digits after at most two letters; or six and
# more letters and digits with no three letters and no seven digits in a row (a name or month has three letters, a
# record number seven digits, and dates, numbers and addresses without either have separators), save the fixed forms
# of national and vehicle numbers that are so.
_PLAIN_CODE = r"^[A-Za-z]{0,2}[-_]?[0-9]{1,6}$"
_MIXED_CODE = r"^[A-Za-z]{0,2}(?:[0-9]{1,6}[A-Za-z]{1,2})*[0-9]{0,6}$"
_MIXED_AT_LEAST = 6
_NUMBER_FORM = (
    r"^(?:[A-Za-z]{2}[0-9]{6}[A-Za-z]|[0-9]{6}[A-Za-z]{1,4}|[0-9]{6}[A-Za-z][0-9]{3}[0-9A-Za-z]"
    r"|[1-9][A-Za-z][0-9A-Za-z][0-9][A-Za-z][0-9A-Za-z][0-9][A-Za-z]{2}[0-9]{2}|[0-9A-Za-z]{17}|[A-Za-z]{2}[0-9]{2}[0-9A-Za-z]{11,})$"
)
# What only the other codes of the column tell: numbers, or dates.
_BY_COLUMN = r"^(?:[A-Za-z]{0,2}[-_]?[0-9]{6}|[A-Za-z]{2}[-_]?[0-9]{4}|[0-9]{5})$"
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOT_RECORDED_TEXT = "na n/a n.a. nan null none nil missing unknown - -- . ? #n/a not_recorded nd n/d"
_NOT_RECORDED = frozenset(_NOT_RECORDED_TEXT.split())
_SERIAL_DATES = (25_569, 73_050)  # 1970 to 2099 as spreadsheets count days
_INFINITE = frozenset(("inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"))


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of codes: `values[codes[i]]`, code -1 where not recorded."""

    codes: Codes
    values: list[str]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        return np.equal(self.codes, MISSING)

    def to_categorical(self) -> pd.Categorical:
        """One category a row, missing where not recorded."""
        categories = pd.Index(self.values, dtype="str")
        return pd.Categorical.from_codes(self.codes, categories, validate=False)


class Converter:
    """Converts the columns of one file or of a block of it, noting problems under the file's name."""

    def __init__(self, raw: RawTable, problems: Problems, context: FileContext) -> None:
        self.raw = raw
        self._problems = problems
        self._context = context

    def note(self, where: npt.NDArray[np.bool_], column: str | None, reason: str) -> None:
        """Note a problem in every data row where `where` holds."""
        if where.any():
            self._problems.add_rows(self.raw.file, self.raw.row_numbers(np.flatnonzero(where)), column, reason)

    def absent(self) -> Numbers:
        return np.full(self.raw.length, np.nan)

    def number(self, field: Field, name: str | None = None) -> Numbers:
        """A number column; NaN where not recorded (and where refused)."""
        texts = self.raw.columns.get(name or field.name)
        if texts is None:
            return self.absent()
        values = texts.values
        good = _matches(values, _NUMBER)
        parsed = np.full(len(values), np.nan)
        parsed[good] = pyarrow.compute.cast(values.filter(pa.array(good)), pa.float64()).to_numpy(zero_copy_only=False)
        parsed += 0.0  # -0 is 0
        inside = (parsed >= field.low) & (parsed <= field.high)
        whole = parsed == np.floor(parsed) if field.kind == "whole" else np.ones(len(parsed), bool)
        refused = ~(good & inside & whole)
        reasons: dict[int, str] = {}
        for at in np.flatnonzero(refused).tolist():
            text = values[at].as_py()
            if text == "":
                continue
            if not good[at]:
                find = partial(_number_reason, text, field)
            elif not inside[at]:
                find = partial(_range_reason, field, parsed[at])
            else:
                find = partial(str, "not a whole number")
            reasons[at] = self._context.reason(name or field.name, text, find)
        self._note_values(texts, reasons, field, name)
        parsed[refused] = np.nan
        return parsed[texts.codes] if len(parsed) else self.absent()

    def choice(self, field: Field) -> Coded:
        """A column of one closed code."""
        return self._coded(field, field.choices.__contains__, lambda text: _choice_reason(text, field.choices))

    def word(self, field: Field) -> Coded:
        """A column of one word or code, of which a store holds few (clinics)."""
        texts = self.raw.columns.get(field.name)
        if texts is not None and self._context.holds_too_many(field.name, texts.values.to_pylist()):
            if not self._context.blocks:
                reason = f"more than {MOST_WORDS:,} different values; a column of its own for each patient is no "
                self._problems.add(self.raw.file, None, field.name, reason + field.name)
            return Coded(np.full(self.raw.length, MISSING, np.int32), [])
        coded = self._coded(field, lambda text: _word_reason(text) is None, lambda text: _word_reason(text) or "")
        spelled = list(coded.values)
        for at in pd.unique(coded.codes).tolist():
            if at != MISSING:  # a refused value is never repeated, not as a spelling either
                spelled[at] = self._context.spelling(spelled[at])
        return _recoded(coded, spelled)

    def flag(self, field: Field) -> Numbers:
        """A yes / no column as 1, 0, NaN."""
        answers = ("yes", "no")
        coded = self._coded(field, answers.__contains__, lambda text: _choice_reason(text, answers))
        worth = np.array([*({"yes": 1.0, "no": 0.0}.get(v, np.nan) for v in coded.values), np.nan])
        return worth[coded.codes]

    def several(self, field: Field) -> Coded:
        """A ";"-separated column: each value canonical, `;a;b;` in the order of the list, ";" for none."""

        def fits(text: str) -> bool:
            parts = _parts(text)
            return parts == ["none"] or all(part in field.choices for part in parts)

        def reason(text: str) -> str:
            parts = _parts(text)
            if "" in parts:
                return "nothing stands beside a semicolon; was a code lost there? give codes with one semicolon between"
            if "none" in parts:
                return "none stands beside other codes; keep one or the other"
            return next(_choice_reason(part, field.choices) for part in parts if part not in field.choices)

        coded = self._coded(field, fits, reason)
        canonical = []
        for text in coded.values:
            parts = set(_parts(text)) - {"none"}
            canonical.append(";" + "".join(f"{choice};" for choice in field.choices if choice in parts))
        return _recoded(coded, canonical)

    def patient_code(self, field: Field) -> Coded:
        """The codes of the patients; those that an earlier file or block was cleared for are not screened again."""
        texts = self.raw.columns.get(field.name)
        if texts is None:
            return Coded(np.full(self.raw.length, MISSING, np.int32), [])
        cleared = self._context.cleared
        values = texts.values.to_pylist()
        long = pyarrow.compute.utf8_length(texts.values).to_numpy(zero_copy_only=False) >= _MIXED_AT_LEAST
        fine = _matches(texts.values, _PLAIN_CODE) | (_matches(texts.values, _MIXED_CODE) & long)
        fine &= ~_matches(texts.values, _NUMBER_FORM)
        unsure = [at for at in np.flatnonzero(~fine).tolist() if values[at] and values[at] not in cleared]
        by_column = np.flatnonzero(fine & _matches(texts.values, _BY_COLUMN)).tolist()
        by_column = [at for at in by_column if values[at] not in cleared]
        formed = _matches(texts.values, _CODE)
        reasons: dict[int, str] = {}
        if by_column and self._context.code_column(values).judges_numbers:
            unsure += by_column
        else:
            for at in by_column:
                cleared.add(values[at], looks_like_an_identifier=False)
        for at in sorted(unsure):
            code = values[at]
            identifier, looked_so = self._context.code_column(values).judged(code)
            if identifier:
                reasons[at] = f"looks like an identifier: {identifier}; give a random code"
            elif not formed[at]:
                reasons[at] = "not a patient code: 1 to 32 of A-Z a-z 0-9 - _"
            else:
                cleared.add(code, looks_like_an_identifier=looked_so)
        self._note_values(texts, reasons, field)
        return _without(texts, values, reasons)

    def _coded(self, field: Field, fits: Callable[[str], bool], reason_of: Callable[[str], str]) -> Coded:
        """A column of codes: those that fit and look like no identifier; `reason_of` says why another does not."""
        texts = self.raw.columns.get(field.name)
        if texts is None:
            return Coded(np.full(self.raw.length, MISSING, np.int32), [])
        values = texts.values.to_pylist()
        reasons: dict[int, str] = {}
        for at, text in enumerate(values):
            if text in field.choices or text == "":
                continue
            good = fits(text)
            # What fits not is refused in any case; when no more reasons are told, none is looked for.
            identifier = screen([text], field.kind)[0] if good or not self._context.is_full(field.name) else None
            as_one = _as_one_word(text) if field.kind == "word" and identifier in (None, FREE_TEXT) and not good else ""
            if as_one:
                find = partial("not one word or code; write {}".format, as_one)
            elif identifier:
                find = partial("looks like an identifier: {}; leave it out".format, identifier)
            elif good:
                continue
            else:
                find = partial(reason_of, text)
            reasons[at] = self._context.reason(field.name, text, find)
        self._note_values(texts, reasons, field)
        return _without(texts, values, reasons)

    def _note_values(self, texts: Texts, reasons: dict[int, str], field: Field, name: str | None = None) -> None:
        """Note each refused value in its rows, and empty cells of a required column."""
        shown = name or field.name
        by_reason: dict[str, list[int]] = {}
        for at, reason in reasons.items():
            by_reason.setdefault(reason, []).append(at)
        for reason, places in by_reason.items():
            wrong = np.zeros(len(texts.values), bool)
            wrong[places] = True
            self.note(wrong[texts.codes], shown, reason)
        if field.required:
            empty = _matches(texts.values, "^$")
            if empty.any():
                self.note(empty[texts.codes], shown, "the cell is empty; every row needs it")


def _matches(values: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pyarrow.compute.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
    # RE2's "$" is the end of the text, but an array without rows comes back as objects.
    return found.astype(bool)


def _without(texts: Texts, values: list[str], reasons: dict[int, str]) -> Coded:
    """Codes with empty and refused values as missing."""
    gone = np.array([text == "" or at in reasons for at, text in enumerate(values)], dtype=bool)
    if not gone.any():
        return Coded(texts.codes, values)
    return Coded(np.where(gone[texts.codes], np.int32(MISSING), texts.codes), values)


def _recoded(coded: Coded, canonical: list[str]) -> Coded:
    """Codes renumbered after different texts became the same value."""
    values = list(dict.fromkeys(canonical))
    place = {value: at for at, value in enumerate(values)}
    renumbered = np.array([*(place[value] for value in canonical), MISSING], dtype=np.int32)
    return Coded(renumbered[coded.codes], values)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";")]


def _choice_reason(text: str, choices: tuple[str, ...]) -> str:
    """Why a text is none of the codes."""
    if text.strip() in choices:
        return "spaces stand around the code; remove them"
    if text.strip().lower() in _NOT_RECORDED:
        return "not a code; leave the cell empty where nothing was recorded"
    near = difflib.get_close_matches(text.strip().lower().replace(" ", "_").replace("/", "_per_")[:64], choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"unknown code; the codes are {', '.join(choices)}{hint}"


def _word_reason(text: str) -> str | None:
    if text.lower() in ("na", "nan", "null", "nil", "none", "-", "--"):
        return "not a code; leave the cell empty where nothing was recorded"
    if _WORD.fullmatch(text):
        return None
    return "not one word or code of 1 to 64 of A-Z a-z 0-9 - _; write it as one, or leave the cell empty"


def _as_one_word(text: str) -> str:
    """A clinic's name of up to three words, or with accents, as the one word that it may be; "" where it may be more.

    It repeats what stands in the cell, so only what looks like no identifier is answered: capitalised words of which
    none is a person's name, or that are a place's (St Louis).

    >>> _as_one_word("North Denver"), _as_one_word("Zürich"), _as_one_word("Jane Roe"), _as_one_word("felt fine")
    ('North_Denver', 'Zurich', '', '')
    """
    words = text.split()
    plain = "_".join(unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode() for word in words)
    capital = all(word[0].isupper() or word.isdigit() for word in words)
    if not 1 <= len(words) <= 3 or not capital or len(plain) < 0.8 * len(text) or _word_reason(plain):
        return ""
    if (len(words) > 1 and may_name_a_person(text)) or screen([plain], "word")[0]:
        return ""
    return plain


def _range_reason(field: Field, value: float) -> str:
    if field.name == "age" and value > field.high:
        return "age over 89 (an identifier under Safe Harbor); leave age empty and give age_band 90+"
    if field.name == "day" and _SERIAL_DATES[0] <= value <= _SERIAL_DATES[1]:
        return "looks like an identifier: date as a spreadsheet's serial number (C); give days since the first session"
    return f"outside the range {field.range_text()}"


def _number_reason(text: str, field: Field) -> str:
    """Why a text is no number. The text itself is never repeated."""
    folded = text.strip().lower()
    if folded in _NOT_RECORDED:
        return "not a number; leave the cell empty where nothing was recorded"
    if folded in _INFINITE:
        return "not a number but infinity; give digits or leave the cell empty"
    if re.fullmatch(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d+", text):
        return "written with an exponent; write the number in digits"
    if re.fullmatch(r"\d{7,}(?:\.\d+)?|-\d{7,}", text) is None and re.fullmatch(r"-?0\d+(?:\.\d+)?", text):
        return "a leading zero; write the number without it"
    identifier = screen([text], field.kind)[0]
    if identifier:
        return f"looks like an identifier: {identifier}; leave it out"
    if text != text.strip():
        return "spaces stand around the number; remove them"
    if re.fullmatch(r"[+-]?\d+(?:,\d+)+(?:\.\d+)?", text):
        return "a comma in the number; use a point for decimals and nothing between thousands"
    if not text.isascii():
        return "characters other than the digits 0 to 9; write the number in plain digits"
    if text.startswith("+"):
        return "a plus sign; write the number without it"
    return "not a number in plain digits (such as 12 or 12.5)"
