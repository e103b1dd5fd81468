"""How bad side effects are, in words, drawn and as a table."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go

from dashboard.questions import severity as shown
from data_models.outcomes.proportions import Proportion, wilson
from data_models.questions.severity import Severity, TermGrades

WORST = {"none": 60, "mild": 20, "moderate": 12, "severe": 5, "not_graded": 3}
TERMS = (TermGrades("nausea", 8, 5, 2, 1, 0, 1), TermGrades("headache", 3, 3, 0, 0, 0, 0))


def severity(*terms: TermGrades) -> Severity:
    return Severity({grade: wilson(n, 100) for grade, n in WORST.items()}, terms)


def test_the_worst_of_a_session_in_words() -> None:
    assert shown.words(severity()) == (
        "In 5.0% (5 of 100, 95% interval 2.2 to 11%) of sessions asked the worst side effect was severe; in 60% there "
        "was none."
    )
    nobody = Severity(dict.fromkeys(WORST, wilson(0, 0)), ())
    assert shown.words(nobody) == "Side effects were not asked about in any session here."
    hidden = Severity(dict.fromkeys(WORST, Proportion(None, None, None, None, None, "clustered")), ())
    assert shown.words(hidden) == "Fewer than 11 sessions in which side effects were asked about: too few to show."


def test_grades_that_occurred_are_drawn_and_have_a_legend() -> None:
    view = shown.view(severity(*TERMS))
    assert view.figure is not None
    go.Figure(view.figure)
    assert [trace["name"] for trace in view.figure["data"]] == ["Mild", "Moderate", "Severe"]
    assert [mark.name for mark in view.legend] == ["Mild", "Moderate", "Severe"]
    mild = view.figure["data"][0]
    assert mild["x"] == [1.0, 5 / 8], "the least frequent term stands at the bottom"
    assert shown.draw(severity())["data"] == []


def test_the_table_has_terms_and_sessions_by_their_worst() -> None:
    rows = shown.table(severity(*TERMS)).rows
    assert [row["term"] for row in rows[:3]] == ["Nausea or upset stomach", "Headache", "Sessions, worst: none"]
    assert rows[0]["serious"] == 1
    assert rows[-1] == {"term": "Sessions, worst: not graded", "occurrences": 3}


def test_a_hidden_count_of_a_grade_is_drawn_as_none() -> None:
    figure = shown.draw(severity(replace(TERMS[0], moderate=None, severe=None)))
    go.Figure(figure)
    assert [trace["name"] for trace in figure["data"]] == ["Mild"]
