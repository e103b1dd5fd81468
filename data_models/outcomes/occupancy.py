"""Who is in response over time: the share of all courses started in each state, by whole day."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_DAYS = 365
# Place of each state of a score (tables.ScoreFact.state) in the rows.
_STATES = {2: "response", 1: "partial", 0: "none"}


def occupancy_rows(
    spans: NDArray[np.int64], leaving: NDArray[np.int64], longest: int = LONGEST_DAYS
) -> list[dict[str, Any]]:
    """Shares per day since the first session, in the form of the data contract; they sum to 1.

    Parameters
    ----------
    spans : rows (state, first day, first day no longer, count): days on which a state holds.
    leaving : rows (first day on which the record is over, count) of all courses started.
    longest : last day shown; the rows end sooner where every course has left.
    """
    courses = int(leaving[:, 1].sum())
    if courses == 0:
        return []
    days = min(longest, int(leaving[:, 0].max())) + 1
    shares: dict[str, NDArray[np.float64]] = {}
    for state, name in _STATES.items():
        of_state = spans[spans[:, 0] == state]
        change = np.zeros(days + 1)
        np.add.at(change, np.clip(of_state[:, 1], 0, days), of_state[:, 3])
        np.add.at(change, np.clip(of_state[:, 2], 0, days), -of_state[:, 3])
        shares[name] = np.cumsum(change)[:days] / courses
    gone = np.zeros(days + 1)
    np.add.at(gone, np.clip(leaving[:, 0], 0, days), leaving[:, 1])
    left = np.cumsum(gone)[:days] / courses
    unmeasured = np.clip(1.0 - left - sum(shares.values()), 0.0, 1.0)
    columns = [range(days), *(shares[name].tolist() for name in _STATES.values()), unmeasured.tolist(), left.tolist()]
    names = ("day", *_STATES.values(), "not_measured", "left")
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
