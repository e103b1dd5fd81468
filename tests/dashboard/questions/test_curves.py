"""What step curves share: where they stop, their counts, their headline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dashboard.figures import areas, interval_curves, steps
from dashboard.questions import curves
from data_models.outcomes.interval_censored import IntervalCurve
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


def test_the_share_that_responded_is_one_minus_the_curve_and_its_ends_change_places() -> None:
    rows = curves.responded(kaplan_meier([1, 2, 3, 4], [1, 0, 1, 1]))
    falling = curves.rows(kaplan_meier([1, 2, 3, 4], [1, 0, 1, 1]))
    assert rows[0]["responded"] == pytest.approx(0.25)
    assert (rows[0]["low"], rows[0]["high"]) == (1 - falling[0]["high"], 1 - falling[0]["low"])
    assert (rows[-1]["responded"], rows[-1]["low"], rows[-1]["high"]) == (1.0, None, None)  # all had it: no interval


def test_a_curve_is_drawn_to_the_end_only_where_it_goes_on_past_it(make_curve: Any) -> None:
    rows = steps.step_rows(make_curve(60, [10, 20, 30], 6, 2))
    days, values, low, high = steps.step_points(rows[:3], 25, rising=False)
    assert days == [0, 10, 20, 25]
    assert (values[-1], low[-1], high[-1]) == (rows[1].survival, rows[1].low, rows[1].high)
    assert values[:2] == [1.0, rows[0].survival]
    days, values, low, high = steps.step_points(rows[:3], 30, rising=True)
    assert days == [0, 10, 20, 30]
    assert (values[0], values[-1]) == (0.0, 1 - rows[2].survival)
    assert (low[-1], high[-1]) == (1 - rows[2].high, 1 - rows[2].low)


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("median, side", [(10.0, "left"), (90.0, "right")])
def test_the_medians_label_lies_towards_the_middle_and_off_the_curve(rising: bool, median: float, side: str) -> None:
    """On a phone a label right of a late median was cut: "half by day 9" for day 98."""
    label = steps.median_label(median, 100.0, rising=rising)
    assert label["xanchor"] == side
    # Left of its median a rising curve is lower, right of it higher; a falling one the other way round.
    assert (label["yshift"] > 0) == (rising == (side == "right"))
    assert (label["xshift"] < 0) == (side == "right")


def test_the_medians_label_is_rounded_as_the_sentence_is() -> None:
    assert steps.median_label(9.966, 50, rising=True)["text"] == "half by day 10"
    assert steps.median_label(9.07, 50, rising=True)["text"] == "half by day 9.1"


def test_a_curve_between_scores_has_its_counts_under_the_axis_and_none_after_its_end(
    make_curve: Any, make_between: Any
) -> None:
    found = make_between(make_curve(60, [10, 20, 30], 6, 2))
    line = interval_curves.IntervalLine("IV", found, "iv")
    figure = interval_curves.interval_figure([line], rising=True, limit=90, x_title="Days", y_title="Share")
    (row,) = [trace for trace in figure["data"] if trace["name"] == "At risk"]
    expected = [next((n for day, n in zip(found.times, found.at_risk, strict=True) if day >= at), 0) for at in row["x"]]
    assert row["text"] == [f"{n:.0f}" for n in expected]
    assert interval_curves._at_risk(found, [float(found.times[-1]) + 1]) == [0]
    assert figure["layout"]["yaxis"]["range"] == [0, 1.005]
    (drawn,) = [trace for trace in figure["data"] if trace["name"].startswith("IV")]
    assert drawn["y"][:-1] == found.share[found.times < drawn["x"][-1]].tolist()
    falling = interval_curves.interval_figure([line], rising=False, limit=20, x_title="Days", y_title="Share")
    (cut,) = [trace for trace in falling["data"] if trace["name"].startswith("IV")]
    assert cut["x"][-1] == 20
    assert cut["y"][-1] == 1 - found.at(20)[0]


def test_the_table_of_medians_names_each_curve_those_between_scores_first(make_curve: Any, make_between: Any) -> None:
    found = make_curve(60, [10, 20, 30], 6, 2)
    seen = curves.Named("onset", "Seen", "days", found)
    between = curves.Named("onset_interval", "Between", "days", make_between(found))
    table = curves.medians([seen, between])
    assert [(row["measure"], row["n"], row["events"]) for row in table.rows] == [("Between", 60, 18), ("Seen", 60, 18)]
    middle, low, high = curves.median(between.curve)
    assert (table.rows[0]["median"], table.rows[0]["low"], table.rows[0]["high"]) == (middle, low, high)


def test_a_curve_of_one_day_is_none() -> None:
    day, nan = np.zeros(1), float("nan")
    one = IntervalCurve(9, 1, None, day, day, day, day, day, (nan, nan, nan), (nan, nan))
    assert interval_curves.no_line(one) == "Fewer than 5 courses at risk: no curve is drawn."
    assert interval_curves.last_day([], 90) == 0
    of_rounded = "Too few to draw a curve from rounded counts."
    assert interval_curves.no_line(replace(one, n=5, start=1.0)) == of_rounded
    assert interval_curves.no_line(replace(one, n=None)) == of_rounded
    assert interval_curves.no_line(replace(one, n=4, start=1.0)) != of_rounded


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
