"""How the fade is told, drawn and compared: right at every n."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from dashboard.questions import fade as shown
from dashboard.questions.view import Group
from data_models.definitions.filters import CohortFilter
from data_models.outcomes.fade import FadeBin
from data_models.outcomes.proportions import Mean
from data_models.questions.fade import Fade


def fade_bin(start: float, mean: float | None, scores: int = 20) -> FadeBin:
    low, high = (None, None) if mean is None else (mean - 1, mean + 1)
    return FadeBin(start, start + 1, Mean(scores, scores, mean, low, high), mean)


def group(name: str, *bins: FadeBin) -> Group[Fade]:
    return Group(name, "iv", "circle", "solid", Fade(bins))


@pytest.mark.parametrize(
    "bins, ending",
    [
        ([fade_bin(0, -5.0), fade_bin(1, -2.0)], "1 to 2 days after, about 60% of that is given back."),
        ([fade_bin(0, -5.0), fade_bin(1, 0.5)], "1 to 2 days after, the mean is back at the score before it or above."),
        (
            [fade_bin(0, -5.0), fade_bin(1, 0.0), fade_bin(2, -1.0), fade_bin(3, 2.0)],
            "1 to 2 days after, the mean is back at the score before it or above.",
        ),
        ([fade_bin(0, -5.0), fade_bin(1, -4.9)], "1 to 2 days after, nearly all of it still holds."),
        ([fade_bin(0, -2.0), fade_bin(1, -5.0)], "the latest span with enough scores."),
        ([fade_bin(0, 1.0)], "scores are not lower after sessions than before them at any span of days (20 scores)."),
        ([fade_bin(0, -5.0, 4)], "no span of days between sessions has 5 scores, so the fading cannot be drawn."),
        ([], "no span of days between sessions has 5 scores, so the fading cannot be drawn."),
    ],
)
def test_fade_in_words(bins: list[FadeBin], ending: str) -> None:
    assert shown.words(Fade(tuple(bins))).lower().endswith(ending.lower())


def test_fading_of_several_groups_in_words() -> None:
    said = shown.words_of_groups(
        [
            group("IV", fade_bin(0, -5.0), fade_bin(1, -2.0), fade_bin(2, 0.5)),
            group("IM", fade_bin(0, -3.0), fade_bin(1, -1.0), fade_bin(2, 0.5, 4)),
            group("Oral", fade_bin(0, -1.0, 4)),
            group("SC", fade_bin(0, 1.0)),
        ]
    )
    assert said == (
        "IV −5 points within 1 day of a session, back 2 to 3 days after it; "
        "IM −3 points within 1 day of a session, still below 1 to 2 days after it; "
        "Oral too few scores; SC not below the score before at any span."
    )
    assert shown.words_of_groups([]) == "No group has a score after a session."
    assert shown.words_of_groups([group("synthetic_north")]) == "synthetic_north too few scores.", "a code stays"


def test_bins_under_five_scores_are_not_drawn_and_the_card_says_so() -> None:
    found = Fade((fade_bin(0, -5.0), fade_bin(1, -2.0), fade_bin(2, 0.5, 4)))
    view = shown.view(found, CohortFilter())
    assert view.figure is not None
    go.Figure(view.figure)
    means = next(trace for trace in view.figure["data"] if trace["mode"] == "lines+markers")
    assert means["y"] == [-5.0, -2.0]
    assert view.notes == ["1 span with fewer than 5 scores is not drawn."]
    assert shown.draw([group("few", fade_bin(0, -5.0, 4))])["data"] == []


def test_groups_are_drawn_with_a_symbol_and_counted_in_legend_and_table() -> None:
    groups = [group("IV", fade_bin(0, -5.0), fade_bin(1, -2.0, 3)), group("IM", fade_bin(0, -3.0))]
    view = shown.compare(groups, "Route", "So.")
    go.Figure(view.figure)
    assert [mark.name for mark in view.legend] == ["IV (n 20)", "IM (n 20)"]
    assert view.table is not None
    assert [(row["group"], row["mean"]) for row in view.table.rows] == [("IV", -5.0), ("IV", -2.0), ("IM", -3.0)]
