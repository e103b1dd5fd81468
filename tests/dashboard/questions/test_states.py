"""How many of the first 90 days are spent in response: true at every n, and no more days than are followed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.questions import states as shown
from dashboard.questions.view import Group
from data_models.questions.states import States


def test_the_days_are_said_with_their_interval_and_those_after_induction_beside(states: States) -> None:
    view = shown.view(states)
    assert view.sentence == (
        "A course spends 36 of the first 90 days after the first session in response on average "
        "(95% interval 32 to 40 days; 310 courses)."
    )
    assert view.notes[0] == (
        "A course spends 45 of the first 90 days after the last induction session in response on average "
        "(95% interval 41 to 49 days; 120 complete inductions)."
    )
    assert [note for note in view.notes[1:] if note] == [shown.ERROR]


def test_fewer_days_are_said_where_follow_up_is_too_short(make_states: Any) -> None:
    view = shown.view(States(make_states(40, 33), make_states(0, 0)))
    assert view.sentence.startswith("A course spends 13 of the first 33 days after the first session in response")
    assert [note for note in view.notes if note] == [
        shown.ERROR,
        "Follow-up is too short for day 90: after day 33 fewer than 5 courses say it.",
    ]


def test_of_rounded_counts_the_days_end_where_few_are_at_risk(make_states: Any) -> None:
    rounded = replace(make_states(40, 33), patients=None)
    assert shown.where_it_stops(rounded).endswith("after day 33 fewer than 11 courses say it.")
    assert shown.words(States(replace(make_states(40, 0), patients=None), rounded)) == (
        "40 courses, of which fewer than 11 are observed for a day after the first session: too few to say."
    )


@pytest.mark.parametrize(
    "courses, said",
    [
        (0, "No course here began moderately ill or worse and was scored again."),
        (1, "1 course, of which fewer than 5 are observed for a day after the first session: too few to say."),
        (4, "4 courses, of which fewer than 5 are observed for a day after the first session: too few to say."),
        (None, "Fewer than 11 courses: too few to show."),
    ],
)
def test_of_too_few_nothing_is_said_or_drawn(courses: int | None, said: str, make_states: Any) -> None:
    states = States(make_states(courses, 0), make_states(courses, 0))
    view = shown.view(states)
    assert view.sentence == said
    assert view.figure is not None
    assert view.figure["data"] == []
    assert not any(view.notes)
    group = Group("IV", "iv", "circle", "solid", states)
    n = "fewer than 11" if courses is None else courses
    assert shown.compare([group], "Route").sentence == f"In response, with 95% intervals: IV too few (n {n})."


def test_the_areas_add_up_and_the_table_has_the_same_numbers(states: States) -> None:
    view = shown.view(states)
    assert view.figure is not None
    assert view.table is not None
    go.Figure(view.figure)
    areas = [trace for trace in view.figure["data"] if "stackgroup" in trace]
    assert [trace["name"] for trace in areas] == [name for name, _ in shown.LAYERS]
    assert np.sum([trace["y"] for trace in areas], axis=0) == pytest.approx(np.ones(91))
    assert areas[0]["y"] == [row["response"] for row in view.table.rows]
    assert areas[0]["customdata"][28] == ", 95% interval 34 to 46%"
    assert set(view.table.rows[0]) == {column.key for column in view.table.columns}


def test_files_have_the_days_on_each_clock_and_the_shares_by_week(states: States) -> None:
    days, by_week = shown.tables(states, 7)
    assert [(row["from"], row["of_days"], row["n"], round(row["mean"])) for row in days.rows] == [
        ("the first session", 90, 310, 36),
        ("the last induction session", 90, 120, 45),
    ]
    assert all(row["low"] < row["mean"] < row["high"] for row in days.rows)
    assert [row["day"] for row in by_week.rows] == [0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84]


def test_days_before_half_were_scored_have_no_share_and_are_said(states: States) -> None:
    curves = states.first_session
    hidden = [of.copy() for of in (curves.share, curves.low, curves.high)]
    for of in hidden:
        of[1:4] = np.nan
    early = replace(curves, share=hidden[0], low=hidden[1], high=hidden[2])
    view = shown.view(replace(states, first_session=early))
    assert "Half of the courses had their first score by day 4: of the days before no share is said." in view.notes
    assert view.figure is not None
    assert view.figure["data"][0]["x"][:2] == [0, 4]


def test_groups_are_compared_by_their_days(states: States, make_states: Any) -> None:
    other = States(make_states(80, 60, 0.3), make_states(0, 0))
    groups = [Group("IV", "iv", "circle", "solid", states), Group("IM", "im", "square", "dash", other)]
    view = shown.compare(groups, "Route")
    assert (
        view.sentence
        == "In response, with 95% intervals: IV 36 days in 90 (32 to 40; n 310), IM 18 days in 60 (14 to 22; n 80)."
    )
    assert view.figure is not None
    assert [trace["name"] for trace in view.figure["data"]] == ["IV", "IM"]
    assert view.table is not None
    assert {row["group"] for row in view.table.rows} == {"IV", "IM"}


def test_groups_followed_for_as_many_days_differ_by_days(states: States, make_states: Any) -> None:
    less, short = (States(make_states(80, days, 0.2), make_states(0, 0)) for days in (90, 60))
    groups = [Group(name, "iv", "circle", "solid", of) for name, of in (("IV", states), ("IM", less), ("PO", short))]
    view = shown.compare(groups, "Route")
    # 18 less 36; each mean has 4 days to either side, so their difference 4 * sqrt(2) = 5.7.
    assert view.sentence.endswith(
        "Over 90 days, against IV (36 days in response): IM 18 days fewer (95% interval −24 to −12). "
        "The groups are not made alike here."
    )
    assert list(view.points) == [("IM", "−18", "−24 to −12 days")]
    assert not shown.compare([replace(group, apart=False) for group in groups], "Route").points
