"""Birth dates in patient codes: six digits, or four beside initials, that are a day of the calendar.

Of six digits drawn at random one in 27 is a day in any one order, so a code alone tells little and a column much:
where all codes of one shape are days, they are dates, unless their parts hardly differ, as those of a site, an arm and
a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_models.intake.deidentification.national_numbers import is_day

_SIX = re.compile(r"([A-Za-z]{0,4})[-_.]?(\d\d)([-_.]?)(\d\d)\3(\d\d)[-_.]?([A-Za-z]{0,4})")
_FOUR = re.compile(r"([A-Za-z]{2,4})[-_.]?(\d\d)(\d\d)")
_ORDERS = ((0, 1, 2), (1, 0, 2), (2, 1, 0))  # where day, month and year stand
FEW = 3
_LEAP_YEAR = 0
# Letters before a number that are a study's or a site's rather than somebody's.
_ACRONYMS_TEXT = "trd mdd ptsd bpd gad ocd ket esk tms ect rct sub sbj pat pid moa stu vis cen ctr cli arm id pt"
_ACRONYMS = frozenset(_ACRONYMS_TEXT.split())

Order = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Parts:
    """The letters of a code and its pairs of digits; `apart`: something stands between them."""

    letters: str
    pairs: tuple[int, ...]
    apart: bool

    def day(self, order: Order) -> tuple[int, int, int]:
        """Day, month and year of two digits in an order; four digits are of any year."""
        pairs = (*self.pairs, _LEAP_YEAR)
        return pairs[order[0]], pairs[order[1]], pairs[order[2]]


def shape(code: str) -> str:
    """What codes of one making share.

    >>> shape("JS-021480"), shape("KMW-110391"), shape("01-02-03")
    ('A-999999', 'A-999999', '99-99-99')
    """
    return re.sub("[A-Za-z]+", "A", re.sub("[0-9]", "9", code))


def orders(codes: Sequence[str]) -> tuple[Order, ...]:
    """The orders in which the codes of one shape are dates, where that is no chance.

    >>> orders(["021480", "113061", "072295", "052870"])
    ((1, 0, 2),)
    >>> orders(["010101", "010102", "010103", "010104"]), orders(["P-0412", "P-0413"])
    ((), ())
    """
    found = [parts for parts in map(_parts, codes) if parts is not None]
    if len(found) < FEW or len(found) < len(codes):
        return tuple(order for order in _ORDERS if any(_alone(parts, order) for parts in found))
    if len(found[0].pairs) == 2 and len({parts.letters for parts in found}) < len(found) / 2:
        return ()  # a site's letters
    return tuple(order for order in _ORDERS if _are_days([parts.day(order) for parts in found]))


def is_date(code: str, known: Sequence[Order]) -> bool:
    """Whether a code is a day in one of the orders that its column is written in."""
    parts = _parts(code) if known else None
    return parts is not None and any(is_day(*parts.day(order)) for order in known)


def _parts(code: str) -> _Parts | None:
    match = _SIX.fullmatch(code)
    if match:
        before, one, between, two, three, after = match.groups()
        return _Parts((before + after).lower(), (int(one), int(two), int(three)), bool(between))
    match = _FOUR.fullmatch(code)
    return _Parts(match[1].lower(), (int(match[2]), int(match[3])), False) if match else None


def _are_days(days: Sequence[tuple[int, int, int]]) -> bool:
    """Whether days, months and years of two digits are those of people rather than parts of numbers."""
    good = [day for day in days if is_day(*day)]
    if len(good) < (0.8 if len(days) >= 10 else 1.0) * len(days):
        return False
    n = len(good)
    dom, months, years = (set(part) for part in zip(*good, strict=True))
    spread = len(dom) >= min(8, n // 3 + 1) and len(months) >= min(7, n // 3 + 1)
    if len(years) == 1 and years == {_LEAP_YEAR}:
        return spread and (n < 10 or max(dom) > 12)
    return spread and len(years) >= min(5, n // 4 + 1) and (n < 10 or max(dom) > 12)


def _alone(parts: _Parts, order: Order) -> bool:
    """Whether a code without others of its shape is rather a birth date than a number."""
    day, month, year = parts.day(order)
    if not is_day(day, month, year) or parts.letters in _ACRONYMS:
        return False
    adult = year >= 26 or year <= 8
    if len(parts.pairs) == 2:
        return len(parts.letters) == 3  # JDS0214
    if parts.apart:
        return year > 31 and day > 12  # 02-14-80, but not 10-12-14, which a site, an arm and a number may be
    return 2 <= len(parts.letters) <= 3 and adult
