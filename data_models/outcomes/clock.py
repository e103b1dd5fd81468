"""Exact time comparisons and searches over many patients at once.

Hours are decimals; comparing their sums and differences as floats would let a gap of exactly 14 days
count as longer than 14 days. So hours become whole ticks of a millionth of an hour, and a patient (or
a patient's instrument) and a time become one sortable integer, which `numpy.searchsorted` answers for
all patients together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TICKS_PER_HOUR = 1_000_000
TICKS_PER_DAY = 24 * TICKS_PER_HOUR
# Times reach from a year before the first session to 60 years after it: 5.4e11 ticks, below 2**40.
_TIME_BITS = 40
_SHIFT = 20_000 * TICKS_PER_HOUR
MOST_GROUPS = 1 << (62 - _TIME_BITS)


def ticks(hours: npt.ArrayLike) -> Ints:
    """Whole ticks for decimal hours."""
    return np.rint(np.asarray(hours, dtype=np.float64) * TICKS_PER_HOUR).astype(np.int64)


def day_ticks(days: float) -> int:
    """Whole ticks in a number of days (a rule's value)."""
    return round(days * TICKS_PER_DAY)


def days(elapsed: Ints) -> Floats:
    """Days for elapsed ticks."""
    return elapsed / TICKS_PER_DAY


def key(group: Ints, at: Ints) -> Ints:
    """One sortable integer for (group, time); groups count from 0.

    Raises
    ------
    ValueError : more groups than fit; derive in smaller slices of patients.
    """
    if group.size and int(group.max()) >= MOST_GROUPS:
        raise ValueError(f"at most {MOST_GROUPS:,} groups fit; derive in smaller slices of patients")
    far = (1 << _TIME_BITS) - 1
    return (group << _TIME_BITS) | np.clip(at + _SHIFT, 0, far)


FAR = np.int64((1 << _TIME_BITS) - _SHIFT - 1)
"""A time after every record, for "no next session"."""


class Flagged:
    """Answers "first / last place in [low, high) where the flag is set" for many ranges at once."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags
        self._places = np.flatnonzero(flags)
        self._before = np.concatenate(([0], np.cumsum(flags, dtype=np.int64)))

    def count(self, low: Ints, high: Ints) -> Ints:
        """How many places of each range are set; an empty range may begin past the end."""
        low = np.minimum(low, high)
        return self._before[high] - self._before[low]

    def first(self, low: Ints, high: Ints) -> Ints:
        """The first set place of each range; -1 where there is none."""
        found = self.count(low, high) > 0
        result = np.full(low.shape, -1, dtype=np.int64)
        result[found] = self._places[self._before[low[found]]]
        return result

    def last(self, low: Ints, high: Ints) -> Ints:
        """The last set place of each range; -1 where there is none."""
        found = self.count(low, high) > 0
        result = np.full(low.shape, -1, dtype=np.int64)
        result[found] = self._places[self._before[high[found]] - 1]
        return result


def take(values: npt.NDArray[np.generic], places: Ints) -> Floats:
    """`values` at `places` as float64, NaN where the place is -1."""
    result = np.full(places.shape, np.nan)
    known = places >= 0
    result[known] = values[places[known]].astype(np.float64)
    return result
