"""What step curves share: where they stop, their counts, their headline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.figures import areas, steps
from dashboard.questions import curves
from data_models.outcomes.survival import kaplan_meier


def test_a_curve_stops_where_fewer_than_five_are_at_risk(make_curve: Any) -> None:
    found = make_curve(12, [1, 2, 3, 4, 5], 2, 0)  # at risk 12, 10, 8, 6, 4
    assert [row.days for row in steps.drawn(steps.step_rows(found))] == [1, 2, 3, 4]
    assert steps.stops_early(found) == 4


def test_count_rows_add_up_on_a_day_with_events_and_between_such_days() -> None:
    """At risk after it, events and censored up to it: at sessions, where all happens on the marks, they did not."""
    found = kaplan_meier([1, 2, 3] * 4 + [9] * 8, [1] * 9 + [0] * 11)
    assert steps.counts(found, [0, 2, 9]) == [(20, 0, 0), (12, 6, 2), (0, 9, 11)]
    assert steps.counts(found, [2.5]) == [(12, 6, 2)]


def test_a_curve_of_many_times_is_read_at_the_end_of_each_day() -> None:
    """Every large cohort's curve: estimates at the last time of a day, events summed, at risk before its first."""
    random = np.random.default_rng(1)
    times, events = random.exponential(20, 5_000).round(4), random.random(5_000) < 0.6
    full = kaplan_meier(times, events)
    assert full.times.size > steps.MOST_ROWS
    rows = steps.step_rows(full)
    assert [row.days for row in rows] == sorted({float(np.ceil(time)) for time in full.times})
    assert sum(row.events for row in rows) == events.sum()
    assert sum(row.censored for row in rows) == 5_000 - events.sum()
    for row in rows:
        assert (row.survival, row.low, row.high) == tuple(steps.known(value) for value in full.at(row.days))
        assert row.at_risk == (np.ceil(times) >= row.days).sum()
    assert steps.step_rows(full, most=10**6)[3].days == full.times[3]


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("median, side", [(10.0, "left"), (90.0, "right")])
def test_the_medians_label_lies_towards_the_middle_and_off_the_curve(rising: bool, median: float, side: str) -> None:
    """On a phone a label right of a late median was cut: "half by day 9" for day 98."""
    label = steps.median_label(median, 100.0, rising=rising)
    assert label["xanchor"] == side
    # Left of its median a rising curve is lower, right of it higher; a falling one the other way round.
    assert (label["yshift"] > 0) == (rising == (side == "right"))


def test_the_medians_label_is_rounded_as_the_sentence_is() -> None:
    assert steps.median_label(9.966, 50, rising=True)["text"] == "half by day 10"
    assert steps.median_label(9.07, 50, rising=True)["text"] == "half by day 9.1"


def test_a_label_lies_in_its_own_area_from_end_to_end() -> None:
    """A step that is high only at its last day has no room for its name there, and is named in the legend."""
    days = [0.0, 50.0, 98.0, 100.0]
    layers = [("In response", "response", [1.0, 0.9, 0.4, 0.4]), ("Treated again", "loss", [0.0, 0.1, 0.6, 0.6])]
    labels, without = areas.area_labels(days, layers)
    assert [label["text"] for label in labels] == ["In response"]
    assert without == {"Treated again"}


def test_a_headline_median_says_what_it_rests_on(make_words: Any) -> None:
    assert curves.tile("Median", make_words(3, 2, 4.0), "course").lines == ("Too few: 3 courses",)
    missing = curves.tile("Median", make_words(40, 2, None, 9.0), "course")
    assert (missing.unit, missing.lines) == ("not reached", ("95% interval 9 days to not reached", "40 courses"))
    found = curves.tile("Median", make_words(40, 30, 1.0, 0.5, 2.0), "course in response", "courses in response")
    assert (found.value, found.unit) == ("1", " day")
    # Never ten in response at the same time: nothing is said of how long it lasts.
    assert curves.tile("Median", make_words(9, 2, None), "course").lines == ("Too few: 9 courses",)
