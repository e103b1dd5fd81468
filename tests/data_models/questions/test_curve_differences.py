"""The differences of a comparison as JSON has them: against the largest group that can be told, in days and shares."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from data_models.outcomes.interval_censored import interval_curve
from data_models.outcomes.states import Spans, state_curves
from data_models.questions.curve_differences import curve_differences


def group(courses: int, responding: int, days: float = 8.0) -> Any:
    """So many courses scored on days 1, 7, 14, 28 and 30: some have the event by day 7, and no other ever.

    Those are in response for half of the days; no other is.
    """
    has = np.arange(courses) < responding
    curve = interval_curve(np.where(has, 1.0, 30.0), np.where(has, 7.0, math.inf))
    # Each course's stay until half of the days (in response or not), then one of no response.
    course = np.repeat(np.arange(courses), 2)
    later = np.tile([False, True], courses)
    state = np.where(later | ~np.repeat(has, 2), 0, 2)
    start, stop = np.where(later, days / 2, 0.0), np.where(later, days, days / 2)
    spans = Spans(course, course, start, stop, state, np.where(later, -1, 0), stop)
    return SimpleNamespace(
        funnel=SimpleNamespace(courses=courses),
        onset=SimpleNamespace(curve=curve),
        durability=SimpleNamespace(lost=curve),
        states=SimpleNamespace(first_session=state_curves(spans, days)),
    )


def test_each_group_is_set_against_the_largest() -> None:
    found = curve_differences({"im": group(40, 10), "iv": group(80, 40), "oral": group(20, 10, days=4.0)})
    for rows in (found["responded_by_day"]["7"], found["lost_by_day"]["14"]):
        assert [(row["group"], row["less"], round(row["difference"], 6)) for row in rows] == [
            ("im", "iv", -0.25),
            ("oral", "iv", 0.0),
        ]
        assert rows[0]["low"] < -0.25 < rows[0]["high"] < 0
    # Half of 8 days in response: 2 of all in IV, 1 in IM; oral courses are followed for 4 days alone.
    (only,) = found["days_in_response"]
    assert (only["group"], only["less"]) == ("im", "iv")
    assert only["difference"] == pytest.approx(-1.0)
    assert only["low"] < -1 < only["high"]


def test_one_group_differs_from_nobody() -> None:
    found = curve_differences({"iv": group(80, 40)})
    assert found["days_in_response"] == found["lost_by_day"]["28"] == found["responded_by_day"]["1"] == []
    assert curve_differences({})["days_in_response"] == []
