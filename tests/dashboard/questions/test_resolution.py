"""How soon side effects are over, in words and drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.questions import resolution as shown
from data_models.outcomes.survival import SurvivalCurve, kaplan_meier
from data_models.questions.resolution import Resolution


def over(*minutes: float, censored: int = 0) -> SurvivalCurve:
    """Occurrences over after some minutes each, and others seen unresolved at the last."""
    times = [*minutes, *[max(minutes, default=1.0)] * censored]
    return kaplan_meier(np.array(times, dtype=float), np.array([1] * len(minutes) + [0] * censored))


@pytest.mark.parametrize(
    "curve, said",
    [
        (
            over(*[40] * 40, *[45] * 20, *[72] * 40),
            "Half of 100 occurrences are over 45 minutes after they began (95% interval 40 minutes to 45 minutes).",
        ),
        (
            over(*[72.0] * 9),
            "Half of 9 occurrences are over 1.2 hours after they began (95% interval not estimable to not reached).",
        ),
        (over(), "No side effect has a recorded beginning and end here."),
        (over(5, 10, 20), "Only 3 occurrences with a recorded beginning and end: too few for a median."),
        (over(5, censored=29), "Fewer than half of 30 occurrences are known to be over."),
        (
            replace(over(5), n=None),
            "Fewer than 11 occurrences with a recorded beginning and end: too few to show.",
        ),
    ],
)
def test_resolution_in_minutes_and_hours(curve: SurvivalCurve, said: str) -> None:
    assert shown.words(curve) == said


def test_the_first_hours_are_drawn_and_the_table_has_all() -> None:
    curve = over(*[30.0] * 10, *[120.0] * 10, *[900.0] * 10)
    view = shown.view(Resolution(curve, {}))
    assert view.figure is not None
    go.Figure(view.figure)
    line = next(trace for trace in view.figure["data"] if trace["name"].startswith("Kaplan-Meier"))
    assert line["x"] == [0.0, 0.5, 2.0, shown.LONGEST_HOURS]
    assert view.table is not None
    assert [row["minutes"] for row in view.table.rows] == [30, 120, 900]


def test_no_curve_is_drawn_of_four() -> None:
    figure = shown.draw(over(5, 10, 20, 30))
    assert figure["data"] == []
    assert "Fewer than 5 occurrences" in figure["layout"]["annotations"][0]["text"]
