"""Counts, shares, intervals, times and lists in words: the one formatter of everything people read.

A share reads "0%" only for none and "100%" only for all. What is missing reads "–".
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from data_models.definitions.rules import LEAST_SHOWN

MISSING = "–"
FEW = 5  # below this many at risk or in a bin, nothing is drawn or said
SHORTLY_HIDDEN = f"<{LEAST_SHOWN}"  # of rounded counts, one that is None, where there is room for a number alone
HIDDEN = f"fewer than {LEAST_SHOWN}"
_NOISE = 1e-9  # what sums of shares are off by


def count(n: float | None, singular: str, plural: str | None = None) -> str:
    """ "1 course", "412 courses", "no courses", "fewer than 11 courses" of a hidden count."""
    words = singular if n == 1 else (plural or singular + "s")
    return f"no {words}" if n == 0 else f"{whole(n)} {words}"


def whole(n: float | None) -> str:
    """ "412", "fewer than 11" of a hidden count."""
    return HIDDEN if n is None else f"{n:,.0f}"


def too_few(what: str) -> str:
    """What is said in place of figures that rest on a hidden count."""
    return sentence(f"{HIDDEN} {what}: too few to show")


def number(value: float | None, digits: int = 1) -> str:
    """A number without needless zeros and with a true minus: 5, 7.3, −4."""
    if value is None or math.isnan(value):
        return MISSING
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text.replace("-", "−")


def quantity(value: float, unit: str) -> str:
    """A measured value with its unit: "1 point", "4.5 points", "0 sessions"."""
    text = number(value)
    return f"{text} {unit}" if text == "1" else f"{text} {unit}s"


def percent(share: float | None, *, down: bool = False) -> str:
    """A share as a percentage: 54%, 6.6%, 99.5%, <0.1%; one digit after the point below 10% and above 99%.

    `down` cuts off instead of rounding: a change that just missed a limit never reads as if it had met it.
    """
    if share is None or math.isnan(share):
        return MISSING
    size = abs(100 * share)
    if size < _NOISE or abs(size - 100) < _NOISE:
        return "0%" if size < 50 else f"{100 * share:.0f}%".replace("-", "−")
    sign = "−" if share < 0 else ""
    if size < (0.1 if down else 0.05):
        return f"{sign}<0.1%"
    if 99.95 <= size < 100 and not down:
        return f"{sign}>99.9%"
    digits = 1 if size < (10 if down else 9.95) or 99 < size < 100 else 0
    if down:
        size = math.floor(size * 10**digits + _NOISE) / 10**digits
    return f"{sign}{size:.{digits}f}%"


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """The words of a 95% interval; an end that is not estimable is said so. `unit`: " days", in the plural."""
    if unit == " days":
        low, high = (None if end is None else course_day(end) for end in (low, high))
    if low is None and high is None:
        return "95% interval not estimable"
    if high is None:
        return f"95% interval {_with_unit(low, unit)} to not reached"
    if low is None:
        return f"95% interval up to {_with_unit(high, unit)}"
    return f"95% interval {number(low)} to {_with_unit(high, unit)}"


def _with_unit(value: float | None, unit: str) -> str:
    text = number(value)
    return text + (unit.removesuffix("s") if text == "1" else unit)


def share_interval(low: float | None, high: float | None) -> str:
    """ "95% interval 49 to 59%", of two shares."""
    if low is None or high is None:
        return "95% interval not estimable"
    return f"95% interval {percent(low).rstrip('%')} to {percent(high)}"


def day(value: float) -> str:
    """A point in time: "day 5"; within the first day "hour 12"."""
    return f"hour {value * 24:.0f}" if 0 < value < 1 else f"day {number(course_day(value))}"


def days(value: float) -> str:
    """A length of time, in days: "1 day", "4.5 days", "68 days", "18 hours"."""
    return hours(value * 24) if 0 < value < 1 else quantity(course_day(value), "day")


def hours(value: float) -> str:
    """Whole hours: "1 hour", "18 hours", "less than 1 hour"."""
    return "less than 1 hour" if 0 < value < 0.5 else quantity(round(value), "hour")


def minutes(value: float) -> str:
    """A length of time, in minutes: "1 minute", "45 minutes", "1 hour", "1.2 hours"."""
    return quantity(round(value), "minute") if round(value) < 60 else quantity(value / 60, "hour")


# --- on a course's clock: a tenth of a day matters in the first two weeks, not later ----------------


def course_day(value: float) -> float:
    """Days of a course as they are written."""
    return round(value, 1) if abs(value) < 14 else float(round(value))


def moment(value: float) -> str:
    """A point in time on a course's clock: "2 days before" or "4 hours after the first session", "on day 4"."""
    if value < 0:
        return "before the first session" if value > -1 else f"{days(-value)} before the first session"
    if 0 < value < 1:
        return f"{days(value)} after the first session"
    return f"on day {number(course_day(value))}"


def moments(earlier: float, later: float) -> tuple[str, str]:
    """Two points in time that never read the same: tenths of days where whole days would."""
    pair = moment(earlier), moment(later)
    return pair if pair[0] != pair[1] else (f"on day {earlier:.1f}", f"on day {later:.1f}")


def mark(value: float) -> str:
    """A point in time as a label at a mark: "8 h", "day 4"."""
    return f"{round(value * 24)} h" if 0 < value < 1 else f"day {number(course_day(value))}"


# --- lists and sentences -----------------------------------------------------------------------------


def listing(items: Iterable[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    every = list(items)
    return every[0] if len(every) == 1 else ", ".join(every[:-1]) + " and " + every[-1] if every else ""


def sentence(text: str) -> str:
    """First letter large, a full stop at the end."""
    text = text.strip()
    return stopped(text[:1].upper() + text[1:])


def stopped(text: str) -> str:
    """A full stop at the end, the first letter as it is: for what may begin with a code."""
    return text.rstrip(".") + "." if text else ""
