"""Who is at risk when: what every estimator with right censoring and delayed entry starts from.

A course is at risk on (entry, exit]. A clinic's courses come into observation at different times, and the first to do
so are few: a product limit that begins there can fall to nothing with one person. `from_adequate_risk_set` begins
where enough are at risk, among those free of the event at that time (Klein and Moeschberger 2003, section 4.6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

# Definitions, section 5: a curve with delayed entry starts where as many are at risk, and stops where fewer are.
STARTS_AT, STOPS_BELOW = 10, 5


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Counts by distinct exit time.

    `ends` has one row per kind of end (row 0 is censoring) and one column per time; `at_risk` is just before it.
    """

    n: float
    times: Floats
    at_risk: Floats
    ends: Floats


@dataclass(frozen=True, slots=True)
class Followed:
    """Courses that are at risk at some time, one a row.

    Attributes
    ----------
    n : courses that went in, also those never at risk (left at their own entry).
    exits, kinds : time of exit and what happened at it: 0 censored, 1.. the kinds of event.
    entries : time of entry; None: all are at risk from the start.
    patients : whose course it is, a whole number from 0; None: each row is somebody else's.
    """

    n: float
    exits: Floats
    kinds: Whole
    entries: Floats | None
    patients: Whole | None

    def rows(self, kept: NDArray[np.bool_]) -> Followed:
        """Some of the courses; `n` stays."""
        return Followed(
            self.n,
            self.exits[kept],
            self.kinds[kept],
            None if self.entries is None else self.entries[kept],
            None if self.patients is None else self.patients[kept],
        )

    @property
    def people(self) -> float:
        """How many patients they are of."""
        return float(self.exits.size if self.patients is None else np.count_nonzero(np.bincount(self.patients)))

    @property
    def several(self) -> bool:
        """Whether a patient has more than one."""
        return self.people < self.exits.size

    def table(self, n_kinds: int = 2) -> RiskTable:
        """The courses counted by exit time; `n_kinds`: kinds of end including censoring."""
        times, place = np.unique(self.exits, return_inverse=True)
        flat: Floats = np.bincount(self.kinds * times.size + place, minlength=n_kinds * times.size).astype(float)
        ends = flat.reshape(n_kinds, times.size)
        return RiskTable(self.n, times, self.at_risk(times), ends)

    def at_risk(self, times: Floats) -> Floats:
        """How many are at risk just before each of some times."""
        left = _from(self.exits, times)
        # Not yet entered: entry at or after the time (a course enters just after its entry time).
        return left if self.entries is None else left - _from(self.entries, times)

    def since(self, times: Floats) -> Whole:
        """The first of some times at which each course is at risk."""
        if self.entries is None:
            return np.zeros(self.exits.size, dtype=np.int64)
        return np.searchsorted(times, self.entries, side="right")

    def changes(self, since: Whole, until: Whole) -> tuple[Whole, Whole]:
        """Whose influence changes and where: of all courses at their entry, then of all at their exit."""
        who = np.arange(self.exits.size) if self.patients is None else self.patients
        return np.tile(who, 2), np.concatenate((since, until))


def _from(values: Floats, times: Floats) -> Floats:
    """How many values are at or after each time."""
    return np.asarray(values.size - np.searchsorted(np.sort(values), times, side="left"), dtype=float)


def followed(
    times: ArrayLike,
    kinds: ArrayLike,
    entries: ArrayLike | None = None,
    patients: ArrayLike | None = None,
) -> Followed:
    """Check courses and keep those that are at risk at some time.

    Parameters
    ----------
    times : exit times (any unit), in any order, repeated or not, shape (k,).
    kinds : what happened: 0 censored, 1.. the kinds of event.
    entries : times of entry; None: all are at risk from the start.
    patients : whose each course is; None: each is somebody else's.

    Raises
    ------
    ValueError
        when an exit precedes its entry or a time is not finite.
    """
    exits = np.asarray(times, dtype=float).ravel()
    kind = np.asarray(kinds, dtype=np.int64).ravel()
    entry = None if entries is None else np.asarray(entries, dtype=float).ravel()
    who = None if patients is None else np.unique(np.asarray(patients).ravel(), return_inverse=True)[1].ravel()
    if not np.isfinite(exits).all() or (entry is not None and np.isnan(entry).any()):
        raise ValueError("survival times must be finite numbers")
    courses = Followed(float(exits.size), exits, kind, entry, who)
    if entry is None:
        return courses
    if (entry > exits).any():
        raise ValueError("survival times must not precede their entry")
    return courses.rows(entry < exits)


def from_adequate_risk_set(courses: Followed) -> tuple[Followed, float | None]:
    """The courses from the first time at which `STARTS_AT` are at risk, and that time; none and None without one.

    Who had left by then is out: what follows is said of those free of the event at that time.

    Examples
    --------
    One is at risk from day 1 and leaves on day 5; ten more come on day 10.

    >>> few, start = from_adequate_risk_set(followed([5] + [60] * 10, [1] + [0] * 10, entries=[1] + [10] * 10))
    >>> start, few.exits.size
    (10.0, 10)
    """
    if courses.entries is None:
        return (
            (courses, 0.0)
            if courses.exits.size >= STARTS_AT
            else (courses.rows(np.zeros(courses.exits.size, dtype=bool)), None)
        )
    came = np.unique(courses.entries)
    # At risk just after each entry: who has not left at or before it, less who comes later.
    enough = np.flatnonzero(courses.at_risk(np.nextafter(came, np.inf)) >= STARTS_AT)
    if not enough.size:
        return courses.rows(np.zeros(courses.exits.size, dtype=bool)), None
    start = float(came[enough[0]])
    left = courses.rows(courses.exits > start)
    assert left.entries is not None
    return replace(left, entries=np.maximum(left.entries, start)), start


def adequate_rows(table: RiskTable) -> int:
    """How many of the first rows of a table rest on at least `STOPS_BELOW` at risk."""
    few = table.at_risk < STOPS_BELOW
    return int(np.argmax(few)) if few.any() else int(few.size)
