"""The context band draws only bins with enough courses, and the course over it."""

from __future__ import annotations

import dataclasses

import plotly.graph_objects as go
import pytest

from dashboard.figures import base
from dashboard.questions import similar_courses as shown
from data_models.definitions.instruments import INSTRUMENTS
from data_models.questions.similar_courses import BandBin, SimilarCourses
from tests.dashboard.one_patient import score, session

BINS = (
    BandBin(0.0, 1.0, 6.0, 9.0, 12.0, 15.0, 20.0, 80),
    BandBin(1.0, 7.0, 4.0, 7.0, 10.0, 14.0, 18.0, 60),
    BandBin(7.0, 14.0, 3.0, 5.0, 8.0, 12.0, 17.0, 4),
)
BAND = SimilarCourses("phq9", "iv", None, "course", BINS)
EMPTY = dataclasses.replace(BAND, bins=())
SINCE_SESSION = dataclasses.replace(BAND, alignment="session")


def test_figure_is_valid_and_leaves_out_bins_with_few_courses():
    figure = shown.draw(BAND, [[(0.0, 20.0), (3.0, 9.0), (10.0, 8.0)]])
    go.Figure(figure)
    assert {trace["type"] for trace in figure["data"]} <= set(base.TRACE_TYPES)
    (median,) = [trace for trace in figure["data"] if trace["name"] == "median"]
    assert median["x"] == [0.5, 4.0]
    assert "60 courses" in median["text"][1]
    (mine,) = [trace for trace in figure["data"] if trace["name"] == "this course"]
    assert mine["y"] == [20.0, 9.0, 8.0]


def test_axis_names_alignment_and_direction():
    layout = shown.draw(SINCE_SESSION, [[(1.0, 9.0)]])["layout"]
    assert layout["xaxis"]["title"]["text"] == "Days since the latest session"
    assert layout["yaxis"]["title"]["text"] == "PHQ-9 (lower is better)"


def test_only_the_current_session_is_a_line():
    figure = shown.draw(SINCE_SESSION, [[(1.0, 9.0), (2.0, 10.0)], [(1.0, 8.0), (3.0, 9.0)]])
    modes = [trace["mode"] for trace in figure["data"] if trace["name"] == "this course"]
    assert modes == ["markers", "lines+markers"]


@pytest.mark.parametrize("day, courses", [(0.0, 80), (1.0, 60), (6.9, 60)])
def test_band_at_a_day_is_the_bin_that_holds_it(day, courses):
    assert shown.bin_at(BAND, day).courses == courses


@pytest.mark.parametrize("day", [-1.0, 10.0, 300.0])
def test_there_is_no_band_where_few_courses_were_scored(day):
    assert shown.bin_at(BAND, day) is None


def test_nothing_to_draw_says_so():
    figure = shown.draw(EMPTY, [])
    assert figure["data"] == []
    assert "Too few similar courses" in figure["layout"]["annotations"][0]["text"]
    go.Figure(shown.draw(EMPTY, [[(1.0, 5.0)]]))


def test_scores_above_the_band_stay_on_the_axis():
    top = shown.draw(BAND, [[(1.0, 27.0)]])["layout"]["yaxis"]["range"][1]
    assert top == INSTRUMENTS["phq9"].maximum


@pytest.mark.parametrize("lowest, side", [(0.0, "bottom"), (4.0, "top")])
def test_the_lower_edges_name_never_lies_on_the_axis(lowest: float, side: str) -> None:
    low = dataclasses.replace(BAND, bins=tuple(dataclasses.replace(one, p10=lowest) for one in BINS))
    figure = shown.draw(low, [[(1.0, 9.0), (3.0, 8.0)]])
    (name,) = [note for note in figure["layout"]["annotations"] if note["text"] == "10th percentile"]
    assert name["yanchor"] == side


def said(day: float, value: float, who: str = "iv") -> str:
    band = dataclasses.replace(BAND, route=who, bins=(BandBin(8.0, 14.0, 2.0, 5.0, 9.0, 13.0, 18.0, 84),))
    return shown.view(band, [session(0)], [score(-1, 20), score(day, value)], "this course").sentence


@pytest.mark.parametrize(
    "value, where",
    [(1, "lowest tenth"), (7, "25th percentile and the median"), (9, "at the median"), (20, "highest tenth (worst)")],
)
def test_the_words_place_the_latest_score_in_the_band(value: float, where: str) -> None:
    text = said(12.0, value)
    assert where in text
    assert "12 days after the first session" in text
    assert "84 IV courses" in text


def test_too_few_similar_courses_are_said() -> None:
    assert said(200.0, 5).startswith("Too few IV courses were scored 200 days after")
    assert said(-0.5, 5) == "This course has no score after its first session to compare."


def test_aligned_on_sessions_each_has_a_line_of_its_own() -> None:
    sessions = [session(0), session(7, number=2)]
    scores = [
        score(-1, 20, session_hours=None, since_session_days=None),
        score(1, 12, session_hours=0.0, since_session_days=1.0),
        score(8, 9, session_hours=168.0, since_session_days=1.0),
        score(9, 8, session_hours=168.0, since_session_days=2.0),
    ]
    assert shown.runs_of(sessions, scores, "session") == [[(1.0, 12.0)], [(1.0, 9.0), (2.0, 8.0)]]
    assert shown.runs_of(sessions, scores, "course") == [[(-1.0, 20.0), (1.0, 12.0), (8.0, 9.0), (9.0, 8.0)]]
