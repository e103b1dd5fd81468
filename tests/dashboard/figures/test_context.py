"""The context band draws only bins with enough courses, and the course over it."""

import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard.figures import base
from dashboard.figures.context import band_at, context
from dashboard.figures.item9 import item9
from data_models.definitions.instruments import INSTRUMENTS

BAND = pd.DataFrame(
    [
        (0.0, 1.0, 6.0, 9.0, 12.0, 15.0, 20.0, 80),
        (1.0, 7.0, 4.0, 7.0, 10.0, 14.0, 18.0, 60),
        (7.0, 14.0, 3.0, 5.0, 8.0, 12.0, 17.0, 4),
    ],
    columns=["day_from", "day_to", "p10", "p25", "p50", "p75", "p90", "courses"],
)


def test_figure_is_valid_and_leaves_out_bins_with_few_courses():
    figure = context(BAND, [([0.0, 3.0, 10.0], [20.0, 9.0, 8.0])], "phq9", "course")
    go.Figure(figure)
    assert {trace["type"] for trace in figure["data"]} <= set(base.TRACE_TYPES)
    (median,) = [trace for trace in figure["data"] if trace["name"] == "median"]
    assert median["x"] == [0.5, 4.0]
    assert "60 courses" in median["text"][1]
    (mine,) = [trace for trace in figure["data"] if trace["name"] == "this course"]
    assert mine["y"] == [20.0, 9.0, 8.0]


def test_axis_names_alignment_and_direction():
    layout = context(BAND, [([1.0], [9.0])], "phq9", "session")["layout"]
    assert layout["xaxis"]["title"]["text"] == "Days since the latest session"
    assert layout["yaxis"]["title"]["text"] == "PHQ-9 (lower is better)"


def test_only_the_current_session_is_a_line():
    figure = context(BAND, [([1.0, 2.0], [9.0, 10.0]), ([1.0, 3.0], [8.0, 9.0])], "phq9", "session")
    modes = [trace["mode"] for trace in figure["data"] if trace["name"] == "this course"]
    assert modes == ["markers", "lines+markers"]


@pytest.mark.parametrize("day, courses", [(0.0, 80), (1.0, 60), (6.9, 60)])
def test_band_at_a_day_is_the_bin_that_holds_it(day, courses):
    assert band_at(BAND, day)["courses"] == courses


@pytest.mark.parametrize("day", [-1.0, 10.0, 300.0])
def test_there_is_no_band_where_few_courses_were_scored(day):
    assert band_at(BAND, day) is None


def test_nothing_to_draw_says_so():
    figure = context(BAND[:0], [], "phq9", "course")
    assert figure["data"] == []
    assert "Too few similar courses" in figure["layout"]["annotations"][0]["text"]
    go.Figure(context(BAND[:0], [([1.0], [5.0])], "phq9", "course"))


def test_item9_draws_every_answer_as_given_and_marks_raised_ones_by_shape():
    answers = ((8.0, 3.0), (0.0, 1.0), (3.0, 2.0), (9.0, None))
    scores = [{"days": days, "item9": value} for days, value in answers]
    figure = item9(scores)
    go.Figure(figure)
    (marks,) = [trace for trace in figure["data"] if trace["name"] == "item 9"]
    assert list(zip(marks["x"], marks["y"], strict=True)) == [(0, 1), (3, 2), (8, 3)]
    assert marks["marker"]["symbol"] == ["circle", "triangle-up", "triangle-up"]


def test_item9_without_answers_says_so():
    figure = item9([{"days": 0.0, "item9": None}])
    assert "No answer to item 9" in figure["layout"]["annotations"][0]["text"]


def test_scores_above_the_band_stay_on_the_axis():
    top = context(BAND, [([1.0], [27.0])], "phq9", "course")["layout"]["yaxis"]["range"][1]
    assert top == INSTRUMENTS["phq9"].maximum


@pytest.mark.parametrize("lowest, side", [(0.0, "bottom"), (4.0, "top")])
def test_the_lower_edges_name_never_lies_on_the_axis(lowest: float, side: str) -> None:
    figure = context(BAND.assign(p10=lowest), [([1.0, 3.0], [9.0, 8.0])], "phq9", "course")
    (name,) = [note for note in figure["layout"]["annotations"] if note["text"] == "10th percentile"]
    assert name["yanchor"] == side
