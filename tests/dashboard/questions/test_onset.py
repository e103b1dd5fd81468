"""How quickly effects start: words, curves and the table, right in every case."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest

from dashboard.questions import onset as shown
from dashboard.questions.view import Group
from data_models.outcomes.proportions import Proportion, wilson
from data_models.outcomes.survival import kaplan_meier
from data_models.questions.onset import Onset


@pytest.mark.parametrize(
    "curve, expected",
    [
        ((412, 220, 5.0, 3.0, 8.0), "Half of 412 courses respond by day 5 (95% interval 3 to 8 days)."),
        ((412, 220, 5.0, 3.0, None), "Half of 412 courses respond by day 5 (95% interval 3 days to not reached)."),
        ((412, 300, 0.5, 0.2, 0.8), "Half of 412 courses respond by hour 12 (95% interval 0.2 to 0.8 days)."),
        (
            (40, 9, None),
            "9 of 40 courses responded; the time by which half respond is not reached within the follow-up.",
        ),
        ((40, 0, None), "None of 40 evaluable courses has responded so far."),
        ((1, 0, None), "None of 1 evaluable course has responded so far."),
        ((3, 2, 4.0, 1.0, None), "2 of 3 evaluable courses responded; fewer than 5 are too few for a median."),
        ((0, 0, None), "No course here has a baseline and a score after its first session, so onset cannot be said."),
        ((None, None, None), "Fewer than 11 evaluable courses: too few to show."),
    ],
)
def test_onset_in_words(curve: tuple[Any, ...], expected: str, make_words: Any) -> None:
    assert shown.words(make_words(*curve)) == expected


@pytest.mark.parametrize(
    "curve, expected",
    [
        ((189, 124, 3, 2, 3), "Half of 189 courses respond after 3 sessions (95% interval 2 to 3)."),
        ((189, 124, 1, 1, 2), "Half of 189 courses respond after 1 session (95% interval 1 to 2)."),
        ((4, 1, 2, 1, None), "1 of 4 courses responded; too few for a median."),
        ((9, 0, None), "None of 9 evaluable courses has responded so far."),
    ],
)
def test_sessions_to_response_in_words(curve: tuple[Any, ...], expected: str, make_words: Any) -> None:
    assert shown.session_words(make_words(*curve)) == expected


def test_a_median_from_where_no_curve_is_drawn_says_so() -> None:
    late = kaplan_meier([10, 10, 10, 10, 40], [0, 0, 0, 0, 1], [1, 1, 1, 1, 4])  # at risk 8, then 4
    assert shown.words(late).endswith("not estimable), fewer than 5 at risk by then.")


@pytest.mark.parametrize(
    "median, said",
    [
        ((6.02, 6.04), "Turnbull's median lies at about day 6."),
        ((5.0, 6.0), "Turnbull's median lies between day 5 and day 6."),
        ((5.0, float("inf")), "Turnbull's median lies after day 5."),
    ],
)
def test_turnbulls_median_never_lies_between_a_day_and_itself(
    median: tuple[float, float], said: str, make_masses: Any
) -> None:
    assert shown.turnbull_median(make_masses((*median, 1.0))) == said


def test_the_card_draws_both_estimates_and_says_where_it_stops(onset: Onset, early: Proportion) -> None:
    view = shown.view(onset, early)
    assert view.figure is not None
    go.Figure(view.figure)
    names = {trace["name"] for trace in view.figure["data"]}
    assert {"Turnbull", "Kaplan-Meier (n 250)"} <= names
    assert any("Response at 24 h after the first session: 20% (40 of 200" in text for text in view.notes)
    assert "24 h" not in " ".join(shown.view(onset, wilson(0, 0)).notes)
    assert view.definition is not None
    assert view.definition.n == "250 evaluable courses, 176 responded."


def test_the_table_holds_the_share_that_is_drawn(onset: Onset) -> None:
    by_session = shown.by_session(onset).table
    assert by_session is not None
    assert "Responded so far" in [column[1] for column in by_session.columns]
    curve = onset.by_session
    for row, place in zip(by_session.rows, range(curve.times.size), strict=True):
        assert row["responded"] == pytest.approx(1 - curve.survival[place])
        assert row["low"] is None or row["low"] == pytest.approx(1 - curve.high[place])
    turnbull = [row["responded"] for row in shown.table(onset).rows if row["estimator"] == "Turnbull"]
    assert turnbull == pytest.approx([0.2, 0.6, 0.8, 0.8]), "the last mass has no end: not responded so far"


def test_turnbulls_band_spreads_each_mass_over_its_interval(make_masses: Any) -> None:
    late, early = shown.turnbull_band(make_masses((0, 2, 0.5), (2, 4, 0.3), (4, float("inf"), 0.2)), 10)
    assert list(zip(early["x"], early["y"], strict=True)) == [(0, 0), (0, 0.5), (2, 0.8), (4, 1.0), (10, 1.0)]
    assert list(zip(late["x"], late["y"], strict=True)) == [(0, 0), (2, 0.5), (4, 0.8), (10, 0.8)]


def test_groups_are_overlaid_and_counted_without_a_p_value(onset: Onset, make_curve: Any) -> None:
    few = Onset(make_curve(4, [1, 2], 1, 0), onset.interval_censored, onset.by_session)
    groups = [Group("IV", "iv", "circle", "solid", onset), Group("IM", "im", "square", "dash", few)]
    view = shown.compare(groups)
    go.Figure(view.figure)
    assert view.sentence.endswith("The groups are not made alike here.")
    assert "IM too few (n 4)" in view.sentence
    assert [mark.name for mark in view.legend] == ["IV (n 250)"]
    assert view.notes == [
        "Under the axis: courses still at risk after that day; a curve stops where fewer than 5 are. "
        "Not drawn, with fewer at any time: IM."
    ]
