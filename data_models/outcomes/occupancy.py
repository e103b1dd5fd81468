"""Who is in response over time: the share of all courses started in each state, by whole day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LONGEST_DAYS = 365
_STATES = {"none": 0, "partial": 1, "response": 2}  # as `ScoreFact.state` has them


@dataclass(frozen=True, slots=True)
class StateShares:
    """Shares of all courses started on each whole day since the first session; they sum to 1.

    Attributes
    ----------
    courses : started; None: hidden.
    response, partial, none, not_measured, left : shape (days,), element d for day d; no day without a course.
        NaN: hidden.
    """

    courses: int | None
    response: Floats
    partial: Floats
    none: Floats
    not_measured: Floats
    left: Floats

    @property
    def days(self) -> int:
        """How many days there are."""
        return int(self.left.size)


def state_shares(spans: NDArray[np.int64], leaving: NDArray[np.int64], longest: int = LONGEST_DAYS) -> StateShares:
    """Share of the courses in each state, by day.

    Parameters
    ----------
    spans : rows (state, first day, first day no longer, count): days on which a state holds.
        Whole days since the course's first session; shape (m, 4).
    leaving : rows (first day on which the record is over, count) of all courses started, shape (k, 2).
    longest : last day shown; the days end sooner where every course has left.

    Returns
    -------
    shares : one element a day. A plain description of all that started, without a model of who leaves.

    Examples
    --------
    Two courses: one in response on days 1 and 2, its record over on day 3; one not measured, over on day 2.

    >>> shares = state_shares(np.array([[2, 1, 3, 1]]), np.array([[3, 1], [2, 1]]))
    >>> shares.response.tolist(), shares.not_measured.tolist(), shares.left.tolist()
    ([0.0, 0.5, 0.5, 0.0], [1.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 1.0])
    """
    courses = int(leaving[:, 1].sum())
    if courses == 0:
        nothing = np.zeros(0)
        return StateShares(0, nothing, nothing, nothing, nothing, nothing)
    days = min(longest, int(leaving[:, 0].max())) + 1
    shares: dict[str, Floats] = {}
    for name, state in _STATES.items():
        of_state = spans[spans[:, 0] == state]
        change = np.zeros(days + 1)
        np.add.at(change, np.clip(of_state[:, 1], 0, days), of_state[:, 3])
        np.add.at(change, np.clip(of_state[:, 2], 0, days), -of_state[:, 3])
        shares[name] = np.cumsum(change)[:days] / courses
    gone = np.zeros(days + 1)
    np.add.at(gone, np.clip(leaving[:, 0], 0, days), leaving[:, 1])
    left = np.cumsum(gone)[:days] / courses
    response, partial, none = shares["response"], shares["partial"], shares["none"]
    unmeasured = np.clip(1.0 - left - sum((response, partial, none)), 0.0, 1.0)
    return StateShares(courses, response, partial, none, unmeasured, left)
