"""Shares of all courses in each state by whole day."""

from __future__ import annotations

import numpy as np
import pytest

from data_models.outcomes.occupancy import ENDED, GOING_ON, UNKNOWN, state_shares
from data_models.questions.occupancy import Occupancy

NAMES = ("response", "partial", "none", "not_measured", "going_on", "left")


def rows(spans: list[tuple[int, ...]], leaving: list[tuple[int, int]], longest: int = 365) -> list[dict[str, float]]:
    """Of ended courses: `leaving` (first day on which nothing more is recorded, count)."""
    return standing(spans, [(day, ENDED, count) for day, count in leaving], longest)


def standing(
    spans: list[tuple[int, ...]], ends: list[tuple[int, int, int]], longest: int = 365
) -> list[dict[str, float]]:
    shares = state_shares(np.array(spans).reshape(-1, 4), np.array(ends).reshape(-1, 3), longest)
    return Occupancy(shares).as_json()


def test_one_course_by_day() -> None:
    # In no response on days 1 and 2, in response from 3 to 5, the record over from day 8 on.
    result = rows([(0, 1, 3, 1), (2, 3, 6, 1)], [(8, 1)])
    states = [max(NAMES, key=row.__getitem__) for row in result]
    assert states == ["not_measured", "none", "none", "response", "response", "response"] + ["not_measured"] * 2 + [
        "left"
    ]


def test_shares_are_of_all_courses_started_and_sum_to_one() -> None:
    result = rows([(2, 1, 31, 3), (1, 2, 4, 1), (0, 2, 40, 2)], [(31, 3), (5, 1), (50, 2), (1, 4)])
    for row in result:
        assert sum(value for name, value in row.items() if name != "day") == pytest.approx(1)
    assert result[2]["response"] == pytest.approx(0.3)
    assert result[2]["left"] == pytest.approx(0.4)
    assert result[-1] == pytest.approx({"day": 50, **dict.fromkeys(NAMES, 0), "left": 1})


def test_a_span_within_one_day_is_on_no_whole_day() -> None:
    assert rows([(2, 5, 5, 1)], [(9, 1)])[5]["response"] == 0


def test_days_end_at_the_longest() -> None:
    result = rows([(2, 1, 31, 1)], [(4000, 1)], longest=20)
    assert result[-1]["day"] == 20
    assert result[-1]["response"] == 1


def test_no_courses_have_no_rows() -> None:
    assert rows([], []) == []


def test_half_of_the_courses_that_began_last_week_have_not_left() -> None:
    """Issue 14, 5: 50 finished courses, 50 that began six days before the end of observation."""
    # Those that go on were seen to respond until the end of observation alone.
    row = standing([(2, 1, 7, 50), (2, 1, 41, 50)], [(41, ENDED, 50), (7, GOING_ON, 50)])[28]
    assert row == {"day": 28, **dict.fromkeys(NAMES, 0), "response": 0.5, "going_on": 0.5}


def test_of_whom_the_end_of_observation_is_not_recorded_nobody_leaves_or_goes_on() -> None:
    made = standing([(2, 1, 4, 1)], [(4, UNKNOWN, 1), (6, ENDED, 1)])
    assert [row["not_measured"] for row in made] == [1, 0.5, 0.5, 0.5, 1, 1, 0.5]
    assert [row["left"] for row in made] == [0] * 6 + [0.5]
    assert all(row["going_on"] == 0 for row in made)
