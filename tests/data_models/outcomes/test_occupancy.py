"""Shares of all courses in each state by whole day."""

from __future__ import annotations

import numpy as np
import pytest

from data_models.outcomes.occupancy import state_shares
from data_models.questions.occupancy import Occupancy


def rows(spans: list[tuple[int, ...]], leaving: list[tuple[int, int]], longest: int = 365) -> list[dict[str, float]]:
    shares = state_shares(np.array(spans).reshape(-1, 4), np.array(leaving).reshape(-1, 2), longest)
    return Occupancy(shares).as_json()


def test_one_course_by_day() -> None:
    # In no response on days 1 and 2, in response from 3 to 5, the record over from day 8 on.
    result = rows([(0, 1, 3, 1), (2, 3, 6, 1)], [(8, 1)])
    states = [max(("response", "partial", "none", "not_measured", "left"), key=row.__getitem__) for row in result]
    assert states == ["not_measured", "none", "none", "response", "response", "response"] + ["not_measured"] * 2 + [
        "left"
    ]


def test_shares_are_of_all_courses_started_and_sum_to_one() -> None:
    result = rows([(2, 1, 31, 3), (1, 2, 4, 1), (0, 2, 40, 2)], [(31, 3), (5, 1), (50, 2), (1, 4)])
    for row in result:
        assert sum(value for name, value in row.items() if name != "day") == pytest.approx(1)
    assert result[2]["response"] == pytest.approx(0.3)
    assert result[2]["left"] == pytest.approx(0.4)
    assert result[-1] == pytest.approx(
        {"day": 50, "response": 0, "partial": 0, "none": 0, "not_measured": 0, "left": 1}
    )


def test_a_span_within_one_day_is_on_no_whole_day() -> None:
    assert rows([(2, 5, 5, 1)], [(9, 1)])[5]["response"] == 0


def test_days_end_at_the_longest() -> None:
    result = rows([(2, 1, 31, 1)], [(4000, 1)], longest=20)
    assert result[-1]["day"] == 20
    assert result[-1]["response"] == 1


def test_no_courses_have_no_rows() -> None:
    assert rows([], []) == []
