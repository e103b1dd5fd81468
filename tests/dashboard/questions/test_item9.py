"""Item 9 is drawn and said as it was answered."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.questions import item9 as shown
from dashboard.theme import colour
from tests.dashboard.one_patient import score


def test_item9_draws_every_answer_as_given_and_marks_raised_ones_by_shape():
    answers = ((0.0, 1), (3.0, 2), (8.0, 3), (9.0, None))
    figure = shown.draw(shown.answers([score(day, 9, item9=value) for day, value in answers]), (0.0, 9.0))
    go.Figure(figure)
    (marks,) = [trace for trace in figure["data"] if trace["name"] == "item 9"]
    assert list(zip(marks["x"], marks["y"], strict=True)) == [(0, 1), (3, 2), (8, 3)]
    assert marks["marker"]["symbol"] == ["circle", "triangle-up", "triangle-up"]
    assert marks["marker"]["color"] == [colour("left"), colour("worse"), colour("worse")]
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < 0 < 3 < high
    assert figure["layout"]["yaxis"]["tickvals"] == [0, 1, 2, 3]
    stems = figure["data"][0]
    assert stems["x"] == [0, 0, None, 3, 3, None, 8, 8, None]
    assert stems["y"] == [0, 1, None, 0, 2, None, 0, 3, None]


def test_item9_without_answers_says_so():
    figure = shown.draw(shown.answers([score(0, 9, item9=None)]), (0.0, 1.0))
    assert "No answer to item 9" in figure["layout"]["annotations"][0]["text"]


def test_item9_tells_latest_first_and_highest_and_no_average():
    text = shown.words([(0.0, 2), (3.0, 3), (10.0, 0)])
    assert text == "Latest answer 0 of 3, on day 10; the first was 2, on day 0; the highest of 3 was 3, last on day 3."
    assert shown.words([]) == "No PHQ-9 item 9 answer is recorded in this course."
    assert shown.words([(1.0, 1)]).endswith("it is the only one.")
