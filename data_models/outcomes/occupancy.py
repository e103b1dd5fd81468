"""Where all courses stand over time, as it was seen: the share of all started in each state, by whole day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LONGEST_DAYS = 365
UNKNOWN, ENDED, GOING_ON = range(3)  # how a course stands at the end of its record
_STATES = {"none": 0, "partial": 1, "response": 2}  # as `ScoreFact.state` has them


@dataclass(frozen=True, slots=True)
class StateShares:
    """Shares of all courses started on each whole day since the first session; they sum to 1.

    Attributes
    ----------
    courses : started; None: hidden.
    unknown : courses of which the end of observation is not recorded: past their records they are not measured, as
        those that go on cannot be told from those that ended. None: hidden.
    response, partial, none, not_measured, going_on, left : shape (days,), element d for day d; no day without a
        course. Going on: the day lies after the end of observation. Left: the course ended before it. NaN: hidden.
    """

    courses: int | None
    unknown: int | None
    response: Floats
    partial: Floats
    none: Floats
    not_measured: Floats
    going_on: Floats
    left: Floats

    @property
    def days(self) -> int:
        """How many days there are."""
        return int(self.left.size)


def state_shares(spans: NDArray[np.int64], ends: NDArray[np.int64], longest: int = LONGEST_DAYS) -> StateShares:
    """Share of the courses in each state, by day.

    Parameters
    ----------
    spans : rows (state, first day, first day no longer, count): days on which a state holds.
        Whole days since the course's first session; shape (m, 4).
    ends : rows (first day on which nothing more is recorded, `ENDED`, `GOING_ON` or `UNKNOWN`, count) of all courses
        started, shape (k, 3).
    longest : last day shown; the days end sooner where nothing more is recorded of any course.

    Returns
    -------
    shares : one element a day. A plain description of all that started, without a model of who is no longer observed.

    Examples
    --------
    Six courses: three in response on days 1 and 2 that ended on day 3; two that began two days before the end of
    observation; one, not measured, of which the end of observation is not recorded.

    >>> shares = state_shares(np.array([[2, 1, 3, 3]]), np.array([[3, ENDED, 3], [2, GOING_ON, 2], [2, UNKNOWN, 1]]))
    >>> shares.response.tolist(), shares.left.tolist()
    ([0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 0.5])
    >>> shares.going_on.round(2).tolist(), shares.not_measured.round(2).tolist()
    ([0.0, 0.0, 0.33, 0.33], [1.0, 0.5, 0.17, 0.17])
    """
    courses = int(ends[:, 2].sum())
    if courses == 0:
        nothing = np.zeros(0)
        return StateShares(0, 0, nothing, nothing, nothing, nothing, nothing, nothing)
    days = min(longest, int(ends[:, 0].max())) + 1

    def running(changes: NDArray[np.int64], signed: int = 1) -> Floats:
        """Share of the courses of which a day (first column) has come, in the number of the last column."""
        change = np.zeros(days + 1)
        np.add.at(change, np.clip(changes[:, 0], 0, days), signed * changes[:, -1])
        return np.asarray(np.cumsum(change)[:days] / courses)

    shares = {}
    for name, state in _STATES.items():
        of_state = spans[spans[:, 0] == state]
        shares[name] = running(of_state[:, [1, 3]]) + running(of_state[:, [2, 3]], -1)
    going_on, left = (running(ends[ends[:, 1] == kind]) for kind in (GOING_ON, ENDED))
    response, partial, none = shares["response"], shares["partial"], shares["none"]
    unmeasured = np.clip(1.0 - going_on - left - sum((response, partial, none)), 0.0, 1.0)
    unknown = int(ends[ends[:, 1] == UNKNOWN, 2].sum())
    return StateShares(courses, unknown, response, partial, none, unmeasured, going_on, left)
