"""How long effects last after induction: words, curves and areas, right in every case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.figures import steps
from dashboard.questions import durability as shown
from data_models.questions.durability import Durability


@pytest.mark.parametrize(
    "curve, expected",
    [
        (
            (87, 32, 65.0, 54.1, 108.2),
            "Half of 87 courses in response at the end of induction lose it within 65 days of the last "
            "induction session, if not re-treated (95% interval 54.1 to 108.2 days).",
        ),
        (
            (87, 12, None, 54.1, None),
            "Of 87 courses in response at the end of induction, 12 lost it; the median is not reached "
            "(95% interval 54.1 days to not reached).",
        ),
        ((87, 2, None), "Of 87 courses in response at the end of induction, 2 lost it; the median is not reached."),
        (
            (6, 0, None),
            "None of 6 courses in response at the end of induction has lost it before re-treatment or the last score.",
        ),
        ((2, 1, 9.0), "1 of 2 courses in response at the end of induction lost it; too few for a median."),
        ((0, 0, None), "No course here was in response at the end of induction, so durability cannot be said."),
        ((None, None, None), "Fewer than 11 courses in response at the end of induction: too few to show."),
    ],
)
def test_durability_in_words(curve: tuple[Any, ...], expected: str, make_words: Any) -> None:
    assert shown.words(make_words(*curve)) == expected


def test_competing_events_add_up_in_words(durability: Durability, make_curve: Any, make_durability: Any) -> None:
    found = durability.competing
    place = int(np.searchsorted(found.times, 28.0, side="right")) - 1
    lost, again, still = (100 * float(v[place]) for v in (*found.incidence, found.free))
    assert lost + again + still == pytest.approx(100)
    assert shown.competing_words(durability) == (
        f"28 days after the last induction session, of 120 courses: {lost:.0f}% have lost response, "
        f"{again:.0f}% were re-treated before losing it and {still:.0f}% still respond without another session."
    )
    few = make_durability(make_curve(3, [7], 1, 0))
    assert "too few to draw" in shown.competing_words(few)
    nobody = make_durability(make_curve(0, [], 0, 0))
    assert shown.competing_words(nobody) == "No course here was in response at the end of induction."


def test_of_rounded_counts_no_loss_yet_may_be_few(make_curve: Any, make_durability: Any) -> None:
    late = make_durability(make_curve(120, [42, 56], 15, 5))
    assert "0% have lost response" in shown.competing_words(late)
    assert "fewer than 11 have lost response, fewer than 11 were re-treated" in shown.competing_words(
        late, rounded=True
    )


def never_at_risk(found: Durability) -> Durability:
    """The same with four at risk at every time."""
    curve = replace(found.curve, at_risk=np.full(found.curve.times.size, 4.0))
    return Durability(curve, found.competing)


def test_shares_from_where_nothing_is_drawn_say_so(make_curve: Any, make_durability: Any) -> None:
    found = make_durability(make_curve(12, [7, 14, 21], 2, 1))  # at risk 12, 9, 6, 3
    assert shown.competing_words(found).endswith("without another session, fewer than 5 at risk by then.")
    never = never_at_risk(make_durability(make_curve(6, [10, 20], 1, 0)))
    assert shown.competing_words(never) == (
        "Of 6 courses in response at the end of induction, fewer than 5 are at risk at any time: too few to draw."
    )
    figure = shown.draw_competing(never)
    assert figure["data"] == []
    assert "Fewer than 5 courses at risk" in figure["layout"]["annotations"][0]["text"]
    for view in (shown.view(never), shown.competing(never)):
        assert "at day 0" not in " ".join(view.notes)
        assert not any("stop" in text for text in view.notes)


def test_curve_and_areas_stop_where_fewer_than_five_are_at_risk(make_curve: Any, make_durability: Any) -> None:
    found = make_durability(make_curve(12, [7, 14, 21, 28], 2, 1))
    assert max(shown.draw_competing(found)["data"][0]["x"]) == 21
    for view, what in ((shown.view(found), "curve stops"), (shown.competing(found), "areas stop")):
        assert f"The {what} at day 21: fewer than 5 are at risk after it." in view.notes
        go.Figure(view.figure)


def test_no_curve_is_drawn_for_four_courses(make_curve: Any, make_durability: Any) -> None:
    for curve in (make_curve(4, [1, 2], 1, 0), make_curve(0, [], 0, 0)):
        for figure in (shown.draw(curve), shown.draw_competing(make_durability(curve))):
            assert figure["data"] == []
            assert "Fewer than 5" in figure["layout"]["annotations"][0]["text"]


def test_what_stands_in_areas_is_headed_by_its_day(durability: Durability) -> None:
    figure = shown.draw_competing(durability)
    assert figure["layout"]["xaxis"]["unifiedhovertitle"]["text"].startswith("Day ")


def test_long_names_and_titles_take_two_lines_beside_rows_of_counts(make_curve: Any) -> None:
    def drawn(*names: str) -> dict[str, Any]:
        return shown.draw_groups([steps.Curve(name, make_curve(40, [7, 14, 21], 5, 2), "iv") for name in names])

    figure = drawn("Treatment-resistant depression", "Anxiety")
    rows, title = figure["layout"]["yaxis2"]["ticktext"], figure["layout"]["xaxis"]["title"]["text"]
    assert rows == ["Treatment-resistant<br>depression", "Anxiety"]
    assert title == "Days since the last<br>induction session"
    assert figure["layout"]["height"] > drawn("IV", "IM")["layout"]["height"]
