"""Where all who started stand: every state named, shares that add up, nothing drawn of four courses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.questions import occupancy as shown
from dashboard.questions.view import Group
from data_models.outcomes.occupancy import StateShares
from data_models.questions.occupancy import Occupancy

NOBODY = Occupancy(StateShares(0, 0, *(np.zeros(0) for _ in range(6))))


def test_every_state_is_named(occupancy: Occupancy) -> None:
    text = f"{shown.words(occupancy)} {shown.others(occupancy)}"
    for part in (
        "30% of all 310 courses started are known to be in response",
        "15% are not measured",
        "5.0% go on",
        "10% have ended",
    ):
        assert part in text
    assert shown.others(NOBODY) == ""
    assert shown.words(NOBODY) == "No course here has started."


def test_the_areas_are_the_states_and_add_up(occupancy: Occupancy) -> None:
    view = shown.view(occupancy)
    assert view.figure is not None
    go.Figure(view.figure)
    assert [trace["name"] for trace in view.figure["data"]] == [name for name, _, _ in shown.LAYERS]
    assert np.sum([trace["y"] for trace in view.figure["data"]], axis=0) == pytest.approx(np.ones(91))
    assert view.figure["layout"]["xaxis"]["unifiedhovertitle"]["text"].startswith("Day ")
    assert view.table is not None
    assert len(view.table.rows) == 91


def test_files_have_who_is_in_no_state_every_so_many_days(occupancy: Occupancy) -> None:
    table = shown.attrition(occupancy, 30)
    assert [row["day"] for row in table.rows] == [0, 30, 60, 90]
    shares = {column.key: table.rows[1][column.key] for column in table.columns[1:]}
    assert shares == {"left": 0.1, "going_on": 0.05, "not_measured": 0.15}


def test_four_courses_are_not_drawn_and_a_hidden_number_of_them_is_said(occupancy: Occupancy) -> None:
    few = Occupancy(replace(occupancy.states, courses=4))
    assert shown.draw(few)["data"] == []
    assert shown.draw(Occupancy(replace(occupancy.states, courses=5)))["data"]
    hidden = Occupancy(replace(occupancy.states, courses=None))
    assert shown.draw(hidden)["data"] == []
    assert shown.words(hidden) == "Fewer than 11 courses started: too few to show."


def test_each_group_has_a_panel_with_its_n(occupancy: Occupancy) -> None:
    groups = [Group("IV", "iv", "circle", "solid", occupancy), Group("IM", "im", "square", "dash", NOBODY)]
    view = shown.compare(groups, "Route")
    assert [title for title, _, _ in view.panels] == ["IV (n 310)", "IM (n 0)"]
    assert view.sentence == "Known to be in response 28 days after the first session: IV 30% (n 310)."
    assert view.table is not None
    assert {row["group"] for row in view.table.rows} == {"IV"}


def test_where_the_end_of_follow_up_is_not_recorded_it_is_said(occupancy: Occupancy) -> None:
    said = "The end of follow-up is not recorded: courses still going on cannot be told from those that ended."
    assert shown.view(occupancy).notes == [shown.others(occupancy), "", shown.ERROR]
    every = Occupancy(replace(occupancy.states, unknown=310))
    assert shown.view(every).notes == [shown.others(every), said, shown.ERROR]
    some = Occupancy(replace(occupancy.states, unknown=12))
    assert shown.view(some).notes[1] == f"Of 12 courses {said[0].lower()}{said[1:]}"
    hidden = Occupancy(replace(occupancy.states, unknown=None))
    assert shown.view(hidden).notes[1] == f"Of fewer than 11 courses {said[0].lower()}{said[1:]}"
    assert shown.not_recorded(NOBODY) == ""
