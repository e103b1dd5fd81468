"""National, insurance and vehicle numbers in their fixed forms, by their check digits where they have one.

Check digits are python-stdnum's (https://arthurdejong.org/python-stdnum/), which cites each country's rule; those that
it lacks are here with their source. Numbers that are seven digits or more in a row need no entry: every run of seven
digits is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib import import_module

_BETWEEN = "[-_ ./]"  # groups of digits
_SSN, _PLAN = "social security number (G)", "health plan number (I)"


@dataclass(frozen=True, slots=True)
class NumberForm:
    """One kind of number as it is written.

    Attributes
    ----------
    identifier : its Safe Harbor class.
    shape : what the whole text, in capitals, must match.
    tests : modules of stdnum of which one must call it valid, or functions; none: the shape is enough.
    chance : share of the texts of this shape that would pass by chance. Where it is not small, a number is told
        from a code by the other codes of its column (`code_column`).
    """

    identifier: str
    shape: re.Pattern[str]
    tests: tuple[str | Callable[[str], bool], ...] = ()
    chance: float = 0.0

    def passes(self, text: str) -> bool:
        """Whether a text of this shape is such a number."""
        return not self.tests or any(test(text) if callable(test) else _valid(test, text) for test in self.tests)


def _valid(module: str, text: str) -> bool:
    """Whether a module of stdnum calls a number valid, with what stands between its groups or without."""
    import stdnum  # here: few texts have such a form

    is_valid = import_module(f"{stdnum.__name__}.{module}").is_valid
    return bool(is_valid(text)) or bool(is_valid(re.sub(_BETWEEN, "", text)))


def _vehicle(text: str) -> bool:
    """The check digit of a vehicle identification number (49 CFR 565.15).

    >>> _vehicle("1HGCM82633A004352"), _vehicle("1HGCM82643A004352")
    (True, False)
    """
    worth = dict(
        zip(
            "ABCDEFGHJKLMNPRSTUVWXYZ",
            (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
            strict=True,
        )
    )
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum(
        weight * worth.get(sign, int(sign) if sign.isdigit() else 0) for weight, sign in zip(weights, text, strict=True)
    )
    return text[8] == "0123456789X"[total % 11]


def _medicare_australia(text: str) -> bool:
    """The ninth digit of an Australian Medicare card (its first eight weighted 1, 3, 7, 9, 1, 3, 7, 9, modulo 10).

    >>> _medicare_australia("2428 77813 2"), _medicare_australia("2428 77814 2")
    (True, False)
    """
    digits = [int(sign) for sign in text if sign.isdigit()]
    return (
        sum(weight * digit for weight, digit in zip((1, 3, 7, 9, 1, 3, 7, 9), digits[:8], strict=True)) % 10
        == digits[8]
    )


def _pension_germany(text: str) -> bool:
    """The check digit of a German pension insurance number (VKVV section 2): birth date in digits 3 to 8.

    >>> _pension_germany("15070649C103"), _pension_germany("15070649C104")
    (True, False)
    """
    signs = re.sub(r"[^0-9A-Z]", "", text)
    digits = f"{signs[:8]}{ord(signs[8]) - 64:02d}{signs[9:]}"
    weighted = (
        int(digit) * weight for digit, weight in zip(digits[:-1], (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True)
    )
    return sum(sum(divmod(product, 10)) for product in weighted) % 10 == int(digits[-1])


def _luhn(text: str) -> bool:
    """The check digit of cards, and of Ontario's health numbers, whose version has letters."""
    return _valid("luhn", re.sub(r"[^0-9]", "", text))


def _starts_with_a_date(text: str) -> bool:
    """Whether six digits in front are a date: the Nordic and Czech numbers, of which later ones have no check digit.

    >>> _starts_with_a_date("131052-3085"), _starts_with_a_date("811218-9876"), _starts_with_a_date("482977-1234")
    (True, True, False)
    """
    one, two, three = (int(text[at : at + 2]) for at in (0, 2, 4))
    months = {20: 0, 50: 50, 70: 70}  # women's months in Czechia and Slovakia; CPR has none of these
    ymd = any(0 < two - less <= 12 and is_day(three, two - less, one) for less in (0, *months.values()))
    return is_day(one, two, three) or ymd


def _insurance_britain(text: str) -> bool:
    """The letters that a National Insurance number has (HMRC, NIM39110); it has no check digit.

    >>> _insurance_britain("QQ123456C"), _insurance_britain("JG103759A"), _insurance_britain("JG103759K")
    (False, True, False)
    """
    letters = re.match("(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]", text)
    return letters is not None and text[-1] in "ABCD"


def is_day(day: int, month: int, year: int) -> bool:
    """Whether a day is one of the calendar, its year of two digits in 1900 to 1999 or 2000 to 2099.

    >>> is_day(29, 2, 80), is_day(29, 2, 81), is_day(31, 4, 60), is_day(14, 13, 60)
    (True, False, False, False)
    """
    try:
        date(2000 + year, month, day)  # a leap year in the one century is one in the other, save 1900
    except ValueError:
        return False
    return True


def _form(identifier: str, shape: str, *tests: str | Callable[[str], bool], chance: float = 0.0) -> NumberForm:
    return NumberForm(identifier, re.compile(shape), tests, chance)


NUMBER_FORMS: tuple[NumberForm, ...] = (
    # United States: Medicare beneficiary identifier (CMS, "Understanding the MBI": no S, L, O, I, B, Z; no check digit)
    _form(
        _PLAN,
        r"[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]-?"
        r"[AC-HJKMNP-RT-Y]{2}[0-9]{2}",
    ),
    _form("vehicle identifier (L)", r"[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}", _vehicle),
    _form("account number (J)", r"[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{2,4}){3,8}", "iban"),
    _form(_SSN, r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", "it.codicefiscale"),
    _form(_SSN, rf"[0-9]{{8}}{_BETWEEN}?[A-Z]", "es.dni"),
    _form(_SSN, rf"[XYZ]{_BETWEEN}?[0-9]{{7}}{_BETWEEN}?[A-Z]", "es.nie"),
    _form(_SSN, r"[0-9]{7}[A-W][ABWTX]?", "ie.pps"),
    _form(_SSN, r"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9]", "mx.curp"),
    _form(_SSN, r"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]", "fi.hetu"),
    _form(_SSN, r"[STFGM][0-9]{7}[A-Z]"),  # Singapore
    _form(_SSN, rf"[0-9]{{2}}{_BETWEEN}?[0-9]{{6}}{_BETWEEN}?[A-Z]{_BETWEEN}?[0-9]{{3}}", _pension_germany),
    _form(
        _SSN,
        rf"[12]{_BETWEEN}?[0-9]{{2}}{_BETWEEN}?[0-9]{{2}}{_BETWEEN}?(?:[0-9]{{2}}|2A|2B){_BETWEEN}?[0-9]{{3}}{_BETWEEN}?[0-9]{{3}}{_BETWEEN}?[0-9]{{2}}",
        "fr.nir",
    ),
    _form(_SSN, rf"756{_BETWEEN}[0-9]{{4}}{_BETWEEN}[0-9]{{4}}{_BETWEEN}[0-9]{{2}}", "ch.ssn"),
    _form(
        _SSN,
        rf"[0-9]{{2}}{_BETWEEN}[0-9]{{2}}{_BETWEEN}[0-9]{{2}}{_BETWEEN}[0-9]{{3}}{_BETWEEN}[0-9]{{2}}",
        "be.nn",
        "be.bis",
    ),
    _form(_SSN, rf"[0-9]{{3}}{_BETWEEN}[0-9]{{3}}{_BETWEEN}[0-9]{{3}}{_BETWEEN}[0-9]{{2}}", "br.cpf"),
    _form(_SSN, r"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}-[0-9K]", "cl.rut", chance=0.09),
    _form(_SSN, r"[0-9]{6}-[1-8][0-9]{6}", _starts_with_a_date),  # Korea, whose newest have no check digit
    _form("certificate or licence number (K)", r"[A-Z]{5}[0-9][0156][0-9][0-3][0-9]{2}[A-Z9]{2}[0-9][A-Z]{2}"),  # GB
    # Canada, Ontario: ten digits and a version of two letters.
    _form(_PLAN, rf"[0-9]{{4}}{_BETWEEN}[0-9]{{3}}{_BETWEEN}[0-9]{{3}}(?:{_BETWEEN}?[A-Z]{{2}})?", _luhn),
    _form(_SSN, rf"[0-9]{{3}}{_BETWEEN}[0-9]{{3}}{_BETWEEN}[0-9]{{4}}", "gb.nhs"),
    # Weaker: a tenth of the texts of these shapes pass by chance.
    _form(_SSN, rf"[0-9]{{3}}{_BETWEEN}[0-9]{{3}}{_BETWEEN}[0-9]{{3}}", _luhn, "nl.bsn", chance=0.19),
    _form(_SSN, rf"[0-9]{{4}}{_BETWEEN}[0-9]{{2}}{_BETWEEN}[0-9]{{3}}", "nl.bsn", chance=0.09),
    _form(_PLAN, rf"[2-6][0-9]{{3}}{_BETWEEN}?[0-9]{{5}}{_BETWEEN}?[0-9]", _medicare_australia, chance=0.1),
    _form(_SSN, rf"[0-9]{{4}}{_BETWEEN}[0-9]{{4}}{_BETWEEN}[0-9]{{4}}", "in_.aadhaar", chance=0.1),
    _form("account number (J)", rf"(?:[0-9]{{4}}{_BETWEEN}){{3}}[0-9]{{4}}", _luhn, chance=0.1),
    _form(_SSN, r"[0-9]{6}[-+/][0-9]{3,5}", _starts_with_a_date, chance=0.07),  # Nordic, Baltic, Czech
    _form(_SSN, r"[A-Z]{2}[- ]?[0-9]{2}[- ]?[0-9]{2}[- ]?[0-9]{2}[- ]?[A-Z]", _insurance_britain, chance=0.1),
)


def may_be_a_number(text: str) -> bool:
    """Whether a text has the five digits and eight characters that each of these numbers has."""
    return len(text) >= 8 and sum(map(str.isdigit, text)) >= 5


def number_in(text: str) -> NumberForm | None:
    """The kind of number that a text is, by its form and its check digit, where chance could hardly make it so.

    >>> number_in("RSSMRA85T10A562S").identifier, number_in("1EG4-TE5-MK73").identifier
    ('social security number (G)', 'health plan number (I)')
    >>> number_in("01-701-1015"), number_in("K7QANE93")
    (None, None)
    """
    folded = text.upper()
    for form in NUMBER_FORMS if may_be_a_number(text) else ():
        if not form.chance and form.shape.fullmatch(folded) and form.passes(folded):
            return form
    return None
