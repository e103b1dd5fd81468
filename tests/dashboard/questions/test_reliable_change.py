"""Reliable change in words and drawn: right at none, few and many, and no claim without an error of measurement."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from dashboard.exports.rounded_answers import rounded
from dashboard.questions import reliable_change as shown
from data_models.definitions.filters import CohortFilter
from data_models.outcomes.proportions import wilson
from data_models.questions.reliable_change import ReliableChange, ReliableGroups

PHQ9 = CohortFilter()


def groups(recovered: int, improved: int, no_change: int, deteriorated: int) -> ReliableGroups:
    n = recovered + improved + no_change + deteriorated
    return ReliableGroups(*(wilson(events, n) for events in (recovered, improved, no_change, deteriorated)))


def test_the_groups_are_told_with_the_error_they_rest_on() -> None:
    found = ReliableChange(groups(30, 25, 50, 15), groups(40, 20, 30, 10))
    view = shown.view(found, PHQ9)
    assert view.sentence == (
        "At the end of induction, 40% of 100 courses had recovered (95% interval 31 to 50%), 20% improved, 30% did not "
        "change reliably and 10% deteriorated."
    )
    assert "one in five under a treatment that does nothing (regression to the mean)" in view.notes[0]
    assert view.definition is not None
    assert "it exceeds 5.2 points on the PHQ-9" in view.definition.text
    assert "now below 10, the published clinical cut-off" in view.definition.text
    assert view.definition.n == "100 at the end of induction, 120 at the last score."
    drawn = go.Figure(view.figure)
    assert [bar.name for bar in drawn.data] == ["Recovered", "Improved", "No reliable change", "Deteriorated"]
    assert [sum(bar.x[place] for bar in drawn.data) for place in (0, 1)] == pytest.approx([1, 1])
    assert view.table is not None
    assert len(view.table.rows) == 8


def test_without_a_score_at_the_end_the_last_is_told_and_of_nobody_nothing() -> None:
    last = shown.view(ReliableChange(groups(0, 0, 4, 0), groups(0, 0, 0, 0)), PHQ9)
    assert last.sentence.startswith("At the last score, 0% of 4 courses had recovered")
    nobody = shown.view(ReliableChange(groups(0, 0, 0, 0), groups(0, 0, 0, 0)), PHQ9)
    assert nobody.sentence == "No course here can be judged."
    go.Figure(nobody.figure)


def test_a_scale_without_a_published_error_tells_none() -> None:
    view = shown.view(ReliableChange(groups(0, 0, 0, 0), groups(0, 0, 0, 0)), CohortFilter("auditc"))
    assert view.sentence == (
        "No error of measurement is published for the AUDIT-C: which change is reliable cannot be said."
    )


def test_of_rounded_counts_few_are_hidden_and_none_too() -> None:
    found = rounded(ReliableChange(groups(30, 25, 50, 15), groups(52, 31, 0, 4)), zero=True)
    view = shown.view(found, PHQ9)
    assert view.sentence == (
        "At the end of induction, 59% of 85 courses had recovered (95% interval 48 to 69%), 35% improved, fewer than "
        "11 did not change reliably and fewer than 11 deteriorated."
    )
    go.Figure(view.figure)
    few = rounded(ReliableChange(groups(2, 1, 1, 0), groups(0, 0, 0, 0)), zero=False)
    assert shown.words(few, shown.INSTRUMENTS["phq9"]) == "Fewer than 11 evaluable courses: too few to show."
