"""What must never come in, as patterns of values: the 18 identifier classes of HIPAA Safe Harbor.

Source: 45 CFR 164.514(b)(2)(i) (A) to (R). Values are matched after Unicode compatibility folding, so that full-width
forms do not slip by. What is returned is the *class* of an identifier, never its value: callers report the class.

A cell is judged here by itself; what only its column tells (`code_column`) is not.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from data_models.intake.deidentification.names import (
    may_name_a_place,
    name_in_code,
    person_in_clinic,
)
from data_models.intake.deidentification.national_numbers import number_in

NAME = "name (A)"
FREE_TEXT = "free text of two words or more, which may hold a name (A)"
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)"
_LONG_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_ALONE = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"


def _alone(pattern: str) -> re.Pattern[str]:
    return re.compile(_ALONE.format(f"(?:{pattern})"), re.IGNORECASE)


# In order: the first that matches names the class.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("e-mail address (F)", re.compile(r"[^\s@]@[^\s@]")),
    (
        "e-mail address (F)",  # jane_at_clinic_org
        re.compile(
            r"[a-z0-9][-_. (\[]at[-_. )\]][a-z0-9][a-z0-9_.-]*[-_. ](?:dot[-_. ])?"
            r"(?:com|org|net|edu|gov|info|io|health|uk|de)$",
            re.IGNORECASE,
        ),
    ),
    (
        "web address (N)",
        re.compile(
            r"(?:[a-z][a-z0-9+.-]*://|www\.|[a-z0-9-]\.(?:com|org|net|edu|gov|info|io|health|clinic|uk|de)(?:[/:]|$))",
            re.IGNORECASE,
        ),
    ),
    ("date (C)", re.compile(r"(?<![\w:])\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]m)?(?![\w:])", re.IGNORECASE)),
    ("device identifier (M)", _alone(r"[0-9a-f]{2}([-:_.])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}")),
    ("device identifier (M)", _alone(r"(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}")),
    ("IP address (O)", re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")),
    (
        "IP address (O)",
        re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}|:)(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE),
    ),
    ("social security number (G)", _alone(r"\d{3}[-_ .]\d{2}[-_ .]\d{4}")),
    ("date (C)", _alone(r"\d{4}[-_/. ](?:0?[1-9]|1[0-2])[-_/. ](?:0?[1-9]|[12]\d|3[01])(?:[t _]\d{1,2}:?\d{2}.*)?")),
    ("date (C)", _alone(r"(?:0?[1-9]|[12]\d|3[01])[-_/. ](?:0?[1-9]|[12]\d|3[01])[-_/. ](?:18|19|20)\d\d")),
    ("date (C)", _alone(rf"\d{{1,2}}(?:st|nd|rd|th)?[-_/. ]*(?:of )?{_LONG_MONTHS}[-_/., ]*(?:(?:18|19|20)?\d\d)")),
    ("date (C)", _alone(rf"{_LONG_MONTHS}[-_/. ]+\d{{1,2}}(?:st|nd|rd|th)?(?:[-_/., ]+(?:18|19|20)?\d\d)?")),
    ("date (C)", _alone(rf"{_LONG_MONTHS}[-_/., ]*(?:18|19|20)\d\d")),
    ("date (C)", _alone(r"(?:0?[1-9]|1[0-2])[/.](?:18|19|20)\d\d|(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|1[0-2])")),
    (
        "telephone number (D)",
        _alone(r"(?:\+?\d{1,3}[-_ .]?)?(?:\(\d{2,4}\)|\d{3})[-_ .]?\d{3}[-_ .]\d{4}"),
    ),
    ("telephone number (D)", re.compile(r"(?<![A-Za-z0-9])(?:\+|00)\d{1,3}(?:[-_ .()]*\d){6,12}(?![A-Za-z0-9])")),
    ("telephone number (D)", re.compile(r"\(\d{3}\)\s*\d{3}")),
    ("geographic subdivision (B)", _alone(r"\d{5}-\d{4}")),
    ("geographic subdivision (B)", _alone(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d")),
    (
        "age over 89 (C)",
        _alone(r"aged?[-_ :]*(?:9\d|1[0-2]\d)|(?:9\d|1[0-2]\d)[-_ ]*(?:y|yo|yrs?|years?)(?:[-_ ]old)?"),
    ),
    ("name (A)", re.compile(r"(?<![A-Za-z])(?:mr|mrs|ms|miss|dr|prof|sir|madam)[-_. ]+[A-Za-z]{2}", re.IGNORECASE)),
    ("name (A)", re.compile(r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Dr|Prof)[A-Z][a-z]{2}")),
    ("name (A)", re.compile(r"[^\W\d_]{2,}\s*,\s*[^\W\d_]{2,}")),
)  # fmt: skip
# 2/3/24: of patient codes 10-12-14 may be a site, an arm and a number (`code_column`).
_SHORT_DATE = _alone(r"(?:0?[1-9]|[12]\d|3[01])[-_/. ](?:0?[1-9]|[12]\d|3[01])[-_/. ]\d\d")
# Written without separators in codes: 12MAR2024, MAR2024; in patient codes also between letters: JS14Feb80.
_GLUED_DATE = _alone(rf"\d{{1,2}}{_MONTHS}(?:18|19|20)?\d\d|{_MONTHS}(?:18|19|20)\d\d")
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_DATE_IN_CODE = re.compile(
    rf"(?<!\d)(?:{_YEAR}([-_.]?){_MONTH}\1{_DAY}|{_MONTH}([-_.]?){_DAY}\2{_YEAR}|{_DAY}([-_.]?){_MONTH}\3{_YEAR}"
    rf"|{_DAY}[-_.]?{_MONTHS}[-_.]?(?:19|20)?\d\d|{_MONTHS}{_DAY}[-_.]?(?:19|20)?\d\d)(?!\d)",
    re.IGNORECASE,
)
# A number behind a word that says whose number it is.
_NAMED_NUMBER = re.compile(
    r"(?<![A-Za-z])(?:(?:(?P<health>mrn|mpi|ehr|emr|epic|hosp)|(?P<date>dob|born))(?=[-_.# ]{0,2}\d{4})"
    r"|(?:(?P<plan>mbi|kvnr|medicare|medicaid|policy)|(?P<national>ssn|nhs|nino|bsn|ahv|svnr|cpr)"
    r"|(?P<phone>tel|phone|mobile|cell|fax))(?=[-_.# ]{0,2}\d{5})).*",
    re.IGNORECASE,
)
_NAMED = {
    "health": "medical record number (H)",
    "plan": "health plan number (I)",
    "national": "social security number (G)",
    "phone": "telephone number (D)",
    "date": "date (C)",
}
# In a clinic's name: five digits beside a word that may be a city, and postcodes whatever stands within them.
_ZIP = re.compile(r"(?<!\d)\d{5}(?!\d)")
_POSTCODE = _alone(r"[A-Z]{1,2}\d[A-Z\d]?[-_]?\d[A-Z]{2}|[A-Z]\d[A-Z][-_]?\d[A-Z]\d|[1-9]\d{3}[-_]?[A-Z]{2}")
_LONGEST_CELL = 512
_TWO_WORDS = re.compile(r"[^\s;]\s+[^\s;]")
_LONG_RUN = re.compile(r"\d{7,}")
# In a patient code a run of digits counts when it is all of a part of the code, or follows a short
# prefix (MRN1234567), or stands before one, that is no lower-case hexadecimal.
_LONG_RUN_IN_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:[a-f]?|(?=[a-f]*[g-zA-Z])[A-Za-z]{1,6})\d{7,}|\d{7,}(?=[a-f]*[g-zA-Z])[A-Za-z]{1,6})"
    r"(?![A-Za-z0-9])"
)


def _digits_class(digits: str) -> str:
    """What a run of seven or more digits most likely is."""
    if re.fullmatch(r"(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{0,6}", digits):
        return "date (C)"
    if re.fullmatch(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|[12]\d|3[01])(?:18|19|20)\d\d", digits):
        return "date (C)"
    if len(digits) in (10, 13) and digits[0] == "1" and digits[1] in "01234567":
        return "date as epoch time (C)"
    return "long run of digits, as in a record, account or telephone number (D, G, H, J)"


@dataclass(frozen=True, slots=True)
class Found:
    """What a text looks like.

    Attributes
    ----------
    identifier : its Safe Harbor class.
    start, end : the characters that look so (0-based, `end` excluded).
    chance : share of the texts with letters and digits where these have them that would look so by chance.
    listed : False for a word that no list has, but that reads like a name.
    """

    identifier: str
    start: int
    end: int
    chance: float = 1.0
    listed: bool = True


def folded(value: str) -> str:
    """A cell as it is screened."""
    return unicodedata.normalize("NFKC", value).strip()


def identifier_class(value: str, kind: str = "choice") -> str | None:
    """The identifier class that a cell's text looks like by itself; None when it looks like none.

    Parameters
    ----------
    value : the cell as text; "" is never an identifier.
    kind : the kind of the column (`records.Field.kind`): patient codes, one-word columns, closed
        codes and numbers differ in what is ordinary.
    """
    found = find_identifier(value, kind)
    return found.identifier if found else None


def find_identifier(value: str, kind: str = "choice") -> Found | None:
    """The same with the place of what was found in the folded text."""
    text = folded(value)
    if not text:
        return None
    if len(text) > _LONGEST_CELL:  # nothing of the contract is this long; the patterns need not be run on it
        return Found(FREE_TEXT, 0, len(text))
    number = None if kind in ("number", "whole") else number_in(text)
    if number:
        return Found(number.identifier, 0, len(text), 0.1)
    for identifier, pattern in _PATTERNS if kind == "patient_code" else (*_PATTERNS, ("date (C)", _SHORT_DATE)):
        match = pattern.search(text)
        if match:
            return Found(identifier, *match.span())
    if kind == "patient_code":
        return _in_patient_code(text)
    match = _LONG_RUN.search(text)
    if match:
        return Found(_digits_class(match.group()), *match.span())
    of_word = _in_word(text, kind)
    return Found(of_word, 0, len(text)) if of_word else None


def _in_patient_code(text: str) -> Found | None:
    match = _NAMED_NUMBER.search(text)
    if match:
        return Found(_NAMED[match.lastgroup or "health"], *match.span())
    match = _DATE_IN_CODE.search(text)
    if match:
        return Found("date (C)", *match.span(), chance=0.001)
    match = _LONG_RUN_IN_CODE.search(text)
    if match:
        digits = re.sub(r"\D", "", match.group())
        return Found(_digits_class(digits), *match.span(), chance=_digits_chance(digits))
    match = _GLUED_DATE.search(text)
    if match:
        return Found("date (C)", *match.span())
    name = name_in_code(text)
    if name:
        return Found(NAME, name.start, name.end, name.chance, name.listed)
    match = _TWO_WORDS.search(text)
    return Found(FREE_TEXT, *match.span()) if match else None


def _digits_chance(digits: str) -> float:
    """Share of all runs of so many digits that are as likely a telephone's as this one; 1 for no telephone's."""
    if re.fullmatch(r"1[2-9]\d\d[2-9]\d{6}", digits):
        return 0.064
    return 0.12 if re.fullmatch(r"(?:44|49|33|39|34|31|46|45|47|41|43|61)[1-9]\d{8,10}", digits) else 1.0


def _in_word(text: str, kind: str) -> str | None:
    """Of a column of words, closed codes or numbers."""
    if _GLUED_DATE.search(text):
        return "date (C)"
    if kind not in ("number", "whole"):
        if re.fullmatch(r"\d{3}[-_ .]\d{4}", text):
            return "telephone number (D)"
        if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
            return "ZIP code (B) or date as a spreadsheet's serial number (C)"
    if kind == "word":
        if _POSTCODE.search(text) or (_ZIP.search(text) and may_name_a_place(text)):
            return "geographic subdivision (B)"
        if person_in_clinic(text):
            return NAME
    elif kind not in ("number", "whole") and re.fullmatch(r"9\d\+?|1[0-2]\d", text) and text != "90+":
        return "age over 89 (C)"  # clinics may be numbered so
    return FREE_TEXT if _TWO_WORDS.search(text) else None
