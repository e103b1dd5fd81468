"""How quickly effects start: words, curves and the table, right in every case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.questions import onset as shown
from dashboard.questions.differences import TOLD
from dashboard.questions.view import Group
from data_models.outcomes.proportions import Proportion, wilson
from data_models.questions.onset import Onset


@pytest.mark.parametrize(
    "curve, expected",
    [
        ((412, 220, 5.0, 3.0, 8.0), "Half of 412 courses respond by day 5 (95% interval 3 to 8 days)."),
        ((412, 220, 5.0, 3.0, None), "Half of 412 courses respond by day 5 (95% interval 3 days to not reached)."),
        ((412, 300, 0.5, 0.2, 0.8), "Half of 412 courses respond by hour 12 (95% interval 0.2 to 0.8 days)."),
        (
            (40, 9, None),
            "9 of 40 courses responded; the time by which half respond is not reached within the follow-up.",
        ),
        ((40, 0, None), "None of 40 evaluable courses has responded so far."),
        ((1, 0, None), "None of 1 evaluable course has responded so far."),
        ((3, 2, 4.0, 1.0, None), "2 of 3 evaluable courses responded; fewer than 5 are too few for a median."),
        ((0, 0, None), "No course here has a baseline and a score after its first session, so onset cannot be said."),
        ((None, None, None), "Fewer than 11 evaluable courses: too few to show."),
    ],
)
def test_onset_in_words(curve: tuple[Any, ...], expected: str, make_words: Any) -> None:
    assert shown.words(make_words(*curve)) == expected


@pytest.mark.parametrize(
    "curve, expected",
    [
        ((189, 124, 3, 2, 3), "Half of 189 courses respond after 3 sessions (95% interval 2 to 3)."),
        ((189, 124, 1, 1, 2), "Half of 189 courses respond after 1 session (95% interval 1 to 2)."),
        ((4, 1, 2, 1, None), "1 of 4 evaluable courses responded; fewer than 5 are too few for a median."),
        ((9, 0, None), "None of 9 evaluable courses has responded so far."),
    ],
)
def test_sessions_to_response_in_words(curve: tuple[Any, ...], expected: str, make_words: Any) -> None:
    assert shown.session_words(make_words(*curve)) == expected


def test_where_half_do_not_respond_the_last_share_is_said(make_curve: Any, make_between: Any) -> None:
    few = make_between(make_curve(200, [1, 3, 7, 14, 28], 8, 2))
    share, low, high = (100 * value for value in few.at(28))
    assert share == pytest.approx(21, abs=1)
    assert shown.words(few) == (
        "40 of 200 courses responded; the time by which half respond is not reached within the follow-up: "
        f"{share:.0f}% by day 28 (95% interval {low:.0f} to {high:.0f}%)."
    )


def test_the_card_draws_when_it_began_and_when_it_was_seen_and_says_where_it_stops(
    onset: Onset, early: Proportion
) -> None:
    view = shown.view(onset, early)
    assert view.figure is not None
    go.Figure(view.figure)
    names = {trace["name"] for trace in view.figure["data"]}
    assert {"First seen by then", "In response (n 250)", "At risk"} <= names
    assert any("Response at 24 h after the first session: 20% (40 of 200" in text for text in view.notes)
    assert view.points_name == "In response by each day"
    assert [one.name for one in view.points] == ["day 1", "day 3", "day 7", "day 14", "day 28"]
    assert all(one.value.endswith("%") and " to " in one.interval for one in view.points)
    assert "24 h" not in " ".join(shown.view(onset, wilson(0, 0)).notes)
    assert view.definition is not None
    assert view.definition.n == "250 evaluable courses, 176 responded."
    words = " ".join((view.sentence, *view.notes))
    assert not any(name in words for name in ("Turnbull", "Kaplan", "censored"))


def test_a_card_says_until_when_nobody_was_scored(make_curve: Any, make_between: Any) -> None:
    weekly = make_between(make_curve(100, [7, 14, 21, 28], 15, 2))
    assert shown.unseen(weekly).startswith("Hardly anybody was scored before day 7: ")
    daily = make_between(make_curve(100, [1, 2, 3, 7, 14], 12, 2))
    assert shown.unseen(daily) == ""


def test_the_table_holds_the_share_that_is_drawn(onset: Onset) -> None:
    by_session = shown.by_session(onset).table
    assert by_session is not None
    assert "Responded so far" in [column[1] for column in by_session.columns]
    curve = onset.by_session
    for row, place in zip(by_session.rows, range(curve.times.size), strict=True):
        assert row["responded"] == pytest.approx(1 - curve.survival[place])
        assert row["low"] is None or row["low"] == pytest.approx(1 - curve.high[place])
    rows = shown.table(onset).rows
    assert [row["responded"] for row in rows] == onset.curve.share.tolist()
    # All are scored on the same days: by the end of each of them, what began and what was seen are the same.
    assert next(row["seen"] for row in rows if row["days"] == 7) == pytest.approx(1 - onset.first_seen.at(7)[0])
    figure = shown.draw(onset)
    drawn = next(trace for trace in figure["data"] if trace["name"].startswith("In response"))
    last = float(np.interp(shown.LONGEST_DAYS, onset.curve.times, onset.curve.share))
    assert drawn["y"] == [row["responded"] for row in rows if row["days"] < shown.LONGEST_DAYS] + [last]


def test_files_have_the_median_s_days_and_each_curve(onset: Onset) -> None:
    between, *curves = shown.tables(onset)
    assert [list(row.values()) for row in between.rows] == [list(onset.interval_censored.median)]
    assert [table.name for table in curves] == ["onset_interval_curve", "onset_curve", "onset_by_session_curve"]
    found = (onset.curve, onset.first_seen, onset.by_session)
    assert [len(table.rows) for table in curves] == [of.times.size for of in found]


def test_groups_are_overlaid_and_counted_without_a_p_value(onset: Onset, make_curve: Any, make_between: Any) -> None:
    few = replace(onset, curve=make_between(make_curve(4, [1, 2], 1, 0)))
    groups = [Group("IV", "iv", "circle", "solid", onset), Group("IM", "im", "square", "dash", few)]
    view = shown.compare(groups)
    go.Figure(view.figure)
    assert view.sentence.endswith("The groups are not made alike here.")
    assert "IM too few (n 4)" in view.sentence
    assert [mark.name for mark in view.legend] == ["IV (n 250)"]
    assert view.notes == [
        "Under the axis: courses still at risk; a curve stops where fewer than 5 are. "
        "Not drawn, with fewer at any time: IM."
    ]


def test_groups_differ_by_so_many_points_with_an_interval(onset: Onset, make_curve: Any, make_between: Any) -> None:
    slow = replace(onset, curve=make_between(make_curve(200, [1, 2, 4, 7, 10, 14, 21, 28], 8, 4)))
    groups = [Group("IV", "iv", "circle", "solid", onset), Group("IM", "im", "square", "dash", slow)]
    view = shown.compare(groups)
    assert (
        "By day 7, against IV (36% had responded): IM 20 points fewer (95% interval −27 to −11). "
        "The groups are not made alike here."
    ) in view.sentence
    assert view.notes[1] == TOLD
    assert view.table is not None
    rows = [(row["day"], row["group"], row["n"], row["difference"]) for row in view.table.rows]
    assert [row[:3] for row in rows] == [(1.0, "IV", 250), (1.0, "IM", 200), (7.0, "IV", 250), (7.0, "IM", 200)]
    found = (slow.curve.at(7)[0] - onset.curve.at(7)[0], slow.curve.at(1)[0] - onset.curve.at(1)[0])
    assert (rows[3][3], rows[1][3], rows[0][3], rows[2][3]) == pytest.approx((*found, None, None))
    alike = shown.compare([groups[0], replace(groups[0], name="IM")]).sentence
    assert "By day 7, no group differs from IV (36% had responded) by more than chance: IM no point more" in alike
    shared = shown.compare([replace(group, apart=False) for group in groups])
    assert "against" not in shared.sentence
    assert shared.table is not None
    assert [row["difference"] for row in shared.table.rows] == [None] * 4
