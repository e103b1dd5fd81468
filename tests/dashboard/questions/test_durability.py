"""How long effects last after induction: words, curves and areas, right in every case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.figures.interval_curves import IntervalLine
from dashboard.questions import durability as shown
from dashboard.questions.view import Group
from data_models.outcomes.competing import aalen_johansen
from data_models.outcomes.interval_censored import interval_curve
from data_models.outcomes.survival import kaplan_meier
from data_models.questions.durability import Durability
from data_models.questions.duration import Duration


@pytest.mark.parametrize(
    "curve, expected",
    [
        (
            (87, 32, 65.0, 54.1, 108.2),
            "Of those in response on day 2 after induction (87 courses followed), half lose it within 65 days of the "
            "last induction session, whatever is given meanwhile (95% interval 54 to 108 days).",
        ),
        (
            (87, 12, None, 54.1, None),
            "Of those in response on day 2 after induction (87 courses followed), 12 lost it, whatever was given "
            "meanwhile; half do not within the follow-up.",
        ),
        (
            (16, 0, None),
            "Of those in response on day 2 after induction (16 courses followed), none has lost it by the last score.",
        ),
        (
            (2, 1, None),
            "2 courses in response after induction: 1 lost it. "
            "Fewer than 10 were followed at the same time: too few for a curve.",
        ),
        (
            (0, 0, None),
            "No course here was in response at its first score after induction, so durability cannot be said.",
        ),
        ((None, None, None), "Fewer than 11 courses in response after induction: too few to show."),
    ],
)
def test_durability_in_words(curve: tuple[Any, ...], expected: str, make_words: Any) -> None:
    assert shown.words(make_words(*curve)) == expected


def test_where_half_do_not_lose_it_the_last_share_is_said(make_curve: Any, make_durability: Any) -> None:
    found = make_durability(make_curve(120, [7, 14, 28, 56], 8, 6)).lost
    share, low, high = (100 * value for value in found.at(90))
    assert shown.words(found) == (
        "Of those in response on day 0 after induction (120 courses followed), "
        f"{share:.0f}% have lost it by day 90 (95% interval {low:.0f} to {high:.0f}%), whatever was given meanwhile; "
        "half do not within the follow-up."
    )


def test_competing_events_add_up_in_words(durability: Durability, make_curve: Any, make_durability: Any) -> None:
    found = durability.competing
    place = int(np.searchsorted(found.times, 28.0, side="right")) - 1
    lost, again, still = (100 * float(v[place]) for v in (*found.incidence, found.free))
    assert lost + again + still == pytest.approx(100)
    low, high = 100 * found.low[0, place], 100 * found.high[0, place]
    words = shown.competing_words(durability)
    assert words.startswith(
        "28 days after the last induction session, of those in response on day 0 (213 courses followed): "
        f"{lost:.0f}% (95% interval {low:.0f} to {high:.0f}%) have lost response, {again:.0f}% ("
    )
    assert f" were re-treated before losing it and {still:.0f}% (95% interval " in words
    assert words.endswith(" still respond without another session.")
    card = shown.competing(durability)
    assert "interval" not in card.sentence
    assert [(one.name, one.value) for one in card.points] == [
        ("Lost", f"{lost:.0f}%"),
        ("Re-treated", f"{again:.0f}%"),
        ("Still respond", f"{still:.0f}%"),
    ]
    assert card.points[0].interval == f"{low:.0f} to {high:.0f}%"
    nobody = make_durability(make_curve(0, [], 0, 0))
    assert shown.competing_words(nobody) == "No course here was in response at its first score after induction."


def test_a_day_that_the_curve_does_not_reach_is_not_said(make_curve: Any, make_durability: Any) -> None:
    found = aalen_johansen([4] * 12 + [9] * 28, [1] * 8 + [2] * 4 + [0] * 28, adequate=True)
    short = replace(make_durability(make_curve(40, [4, 9], 8, 4)), competing=found)
    assert shown.competing_words(short).startswith("9 days after the last induction session, ")


def test_of_rounded_counts_no_loss_yet_may_be_few(make_curve: Any, make_durability: Any) -> None:
    late = make_durability(make_curve(120, [42, 56], 15, 5))
    assert "0% have lost response" in shown.competing_words(late)
    assert "fewer than 11 have lost response, fewer than 11 were re-treated" in shown.competing_words(
        late, rounded=True
    )
    assert [one.value for one in shown.competing(late, rounded=True).points][:2] == ["<11", "<11"]


def test_a_curve_starts_where_ten_are_followed_and_never_before() -> None:
    # 39 in response on days 10 to 60; one scored on day 1, lost on day 5 and treated on day 5.
    left, right, entries = [1.0] + [60.0] * 39, [5.0] + [np.inf] * 39, [1.0] + [10.0] * 39
    exits, kinds = [5.0] + [60.0] * 39, [2] + [0] * 39
    found = Durability(
        interval_curve(left, right, entries=entries),
        aalen_johansen(exits, kinds, entries=entries, adequate=True),
        kaplan_meier(exits, [0] * 40, entries=entries, adequate=True),
    )
    said = shown.words(found.lost)
    assert said == (
        "Of those in response on day 10 after induction (40 courses followed), 0% have lost it by day 56 "
        "(95% interval 0 to 9.0%), whatever was given meanwhile; half do not within the follow-up."
    )
    assert "of those in response on day 10 (40 courses followed): 0% have lost response, 0% were" in (
        shown.competing_words(found)
    )
    view = shown.view(found)
    go.Figure(view.figure)
    assert view.figure is not None
    drawn = next(trace for trace in view.figure["data"] if trace["name"].startswith("Still in response"))
    assert min(drawn["x"]) == 10
    assert set(drawn["y"]) == {1.0}
    assert min(shown.draw_competing(found)["data"][0]["x"]) == 10


def test_the_card_draws_three_views_of_the_same_courses(durability: Durability) -> None:
    view = shown.view(durability)
    go.Figure(view.figure)
    assert view.figure is not None
    names = {trace["name"] for trace in view.figure["data"]}
    assert {"If re-treatment had nothing to do with fading", "Still in response (n 120)", "At risk"} <= names
    assert view.table is not None
    for row in view.table.rows:
        assert row["low"] <= row["in_response"] <= row["high"]
    assert view.table.rows[1]["unrelated"] == pytest.approx(durability.curve.at(view.table.rows[1]["days"])[0])
    words = " ".join((view.sentence, *view.notes, shown.competing(durability).sentence))
    assert not any(name in words for name in ("Turnbull", "Aalen", "Kaplan", "competing", "censor"))
    table = shown.competing(durability).table
    assert table is not None
    assert {"at_risk", "loss_low", "retreated_high", "in_response_low"} <= {column[0] for column in table.columns}


def test_curve_and_areas_stop_where_fewer_than_five_are_at_risk(make_curve: Any, make_durability: Any) -> None:
    found = make_durability(make_curve(12, [7, 14, 21, 28], 2, 1))
    assert shown.view(found).notes[-1] == "The curve stops at day 21: fewer than 5 are at risk after it."
    drawn = next(t for t in shown.draw(found)["data"] if t["name"].startswith("Still in response"))
    assert max(drawn["x"]) == 21
    last = float(found.competing.times[-1])
    assert f"The areas stop at day {last:g}: fewer than 5 are at risk after it." in shown.competing(found).notes


def test_no_curve_is_drawn_for_nine_courses(make_curve: Any, make_durability: Any) -> None:
    for curve in (make_curve(9, [1, 2], 1, 0), make_curve(0, [], 0, 0)):
        figure = shown.draw(make_durability(curve))
        assert figure["data"] == []
        assert "Fewer than 10" in figure["layout"]["annotations"][0]["text"]


def test_files_have_each_curve_and_what_came_first(durability: Durability) -> None:
    *curves, competing = shown.tables(durability, Duration(kaplan_meier([1, 2, 3], [1, 1, 0])))
    assert [table.name for table in curves] == ["durability_interval_curve", "durability_curve", "duration_curve"]
    assert [len(table.rows) for table in curves] == [durability.lost.times.size, durability.curve.times.size, 3]
    assert len(competing.rows) == durability.competing.times.size
    for row in competing.rows:
        assert row["loss"] + row["retreated"] + row["in_response"] == pytest.approx(1)
        assert row["loss_low"] <= row["loss"] <= row["loss_high"]


def test_what_stands_in_areas_is_headed_by_its_day(durability: Durability) -> None:
    figure = shown.draw_competing(durability)
    assert figure["layout"]["xaxis"]["unifiedhovertitle"]["text"].startswith("Day ")


def test_long_names_and_titles_take_two_lines_beside_rows_of_counts(make_curve: Any, make_durability: Any) -> None:
    def drawn(*names: str) -> dict[str, Any]:
        found = make_durability(make_curve(40, [7, 14, 21], 5, 2)).lost
        return shown.draw_groups([IntervalLine(name, found, "iv") for name in names])

    figure = drawn("Treatment-resistant depression", "Anxiety")
    rows, title = figure["layout"]["yaxis2"]["ticktext"], figure["layout"]["xaxis"]["title"]["text"]
    assert rows == ["Treatment-resistant<br>depression", "Anxiety"]
    assert title == "Days since the last<br>induction session"
    assert figure["layout"]["height"] > drawn("IV", "IM")["layout"]["height"]


def test_groups_differ_in_what_is_lost_by_day_28(make_curve: Any, make_durability: Any) -> None:
    fast, slow = (make_durability(make_curve(120, [7, 14, 21, 28, 42], lost, 2)) for lost in (18, 6))
    groups = [Group(name, "iv", "circle", "solid", of) for name, of in (("IV", fast), ("IM", slow))]
    view = shown.compare(groups)
    share, other = (of.lost.at(28)[0] for of in (fast, slow))
    assert f"By day 28, against IV ({share:.0%} had lost response): IM {100 * (share - other):.0f} points fewer" in (
        view.sentence
    )
    assert view.table is not None
    assert [row["day"] for row in view.table.rows] == [14, 14, 28, 28]
    assert view.table.rows[3]["difference"] == pytest.approx(other - share)
    assert view.table.rows[3]["difference_high"] < 0
