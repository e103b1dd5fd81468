"""Who improved: what is counted, drawn and left out."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.questions import waterfall
from dashboard.questions.view import Group
from dashboard.questions.waterfall import COLUMNS, measured_changes
from dashboard.theme import LIGHT
from dashboard.words.scales import least_change
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES
from data_models.questions.waterfall import Waterfall

NAN = float("nan")


def values(*rows: tuple[float, float, float], treated: int = 0) -> Waterfall:
    """Baseline, last score, worse then, of evaluable courses; the rest of those treated are not measured."""
    rows = (*rows, *[(NAN, NAN, NAN)] * (treated - len(rows)))
    baseline, last, worse = np.array(rows).reshape(-1, 3).T
    change = last - baseline
    return Waterfall(change, change, np.where(np.isnan(last), 0.0, 1.0), -change / baseline, worse)


def test_improvement_is_judged_by_a_share_of_baseline_where_the_scale_has_one() -> None:
    found = measured_changes(values((6, 4.2, 0), (9, 7, 0), (4, 2, 0), (5, 6.5, 1), treated=9), "peg", DEFAULT_RULES)
    assert (found.improved, found.worse, found.unmeasured) == (2, 1, 5)
    assert found.sentence == (
        "2 of 4 courses improved by the smallest meaningful change (30% of baseline) or more and 1 got worse by as "
        "much; 5 courses could not be judged."
    )
    assert found.least is None
    shown = waterfall.view(values((6, 4.2, 0)), CohortFilter("peg"), DEFAULT_RULES)
    assert "regression to the mean" in " ".join(shown.notes)
    assert "30% of baseline, in points another for each course, so no line marks it" in " ".join(shown.notes)


def test_a_scale_without_a_meaningful_change_counts_any_improvement() -> None:
    found = measured_changes(values((6, 4, NAN), (9, 10, NAN)), "auditc", DEFAULT_RULES)
    assert found.sentence == "1 of 2 courses improved."


def test_the_table_has_the_sentences_numbers_and_the_bars() -> None:
    found = measured_changes(values((20, 8, 0), (20, 8, 0), (20, 19, 0), (10, 16, 1), treated=6), "phq9", DEFAULT_RULES)
    rows = found.rows()
    assert {key for row in rows for key in row} <= {column.key for column in COLUMNS}
    counted = {row["state"]: row["courses"] for row in rows if row["by"] == "improvement"}
    assert counted == {"Improved by the smallest meaningful change (5 points) or more": 2, "Worse by as much": 1}
    bars = [(row["change"], row["state"], row["courses"]) for row in rows if row["by"] == "change"]
    assert bars == [(6.0, "Worse", 1), (-1.0, "Neither", 1), (-12.0, "Response", 2)]
    groups = {row["state"]: row["courses"] for row in rows if row["by"] == "group"}
    assert groups == {"Response": 2, "Partial response": 0, "Neither": 1, "Worse": 1, "Not measured": 2}


def test_a_waterfall_says_how_many_of_its_courses_are_drawn_and_which_are_left_out() -> None:
    many = values(*[(20.0, float(i % 20), 0.0) for i in range(415)])
    cohort = CohortFilter(min_hours_since_session=72.0)
    view = waterfall.view(many, cohort, DEFAULT_RULES)
    assert view.definition is not None
    text = " ".join([view.definition.text, *view.notes])
    assert f"one bar a course: {waterfall.MOST_BARS} of 415, evenly by rank" in text
    assert "Scores less than 72 hours after a session are passed over" in text


def test_the_sentence_counts_the_meaningful_and_the_unmeasured() -> None:
    some = measured_changes(values((20, 10, 0), (10, 16, 1), (20, 19, 0), treated=5), "phq9", DEFAULT_RULES)
    assert some.sentence == (
        "1 of 3 courses improved by the smallest meaningful change (5 points) or more and 1 got worse by as much; "
        "2 courses could not be judged."
    )
    nobody = measured_changes(values(treated=9), "phq9", DEFAULT_RULES)
    assert nobody.sentence == "No course here has both a baseline and a later score."
    said = [least_change(INSTRUMENTS[code]) for code in ("phq9", "peg", "auditc")]
    assert said == ["5 points", "30% of baseline", ""]


def test_of_rounded_counts_none_may_be_few_and_is_not_said_to_be_none() -> None:
    """Ten of 136 got worse: in blocks none is left of them, and "0 got worse" would be false."""
    found = values(*[(20.0, 8.0, 0.0)] * 15)
    exact = measured_changes(found, "phq9", DEFAULT_RULES)
    rounded = measured_changes(found, "phq9", DEFAULT_RULES, rounded=True)
    assert "and 0 got worse by as much" in exact.sentence
    assert "15 of 15 courses improved" in rounded.sentence
    assert "and fewer than 11 got worse by as much" in rounded.sentence
    worse = next(row for row in rounded.rows() if row["state"] == "Worse by as much")
    assert worse["courses"] == "<11"


def test_waterfall_thins_many_courses_and_keeps_the_ends_order() -> None:
    changes = [float(i - 5000) for i in range(10_000)]
    values, _, each = waterfall.thinned(changes, [0] * 10_000)
    assert len(values) == waterfall.MOST_BARS
    assert values == sorted(values, reverse=True)
    assert each == pytest.approx(10_000 / waterfall.MOST_BARS)
    assert (values[0], values[-1]) == (max(changes), min(changes))
    title = waterfall.draw(changes[:415], [0] * 415, 0, None)["layout"]["xaxis"]["title"]["text"]
    assert title == "300 of 415 courses, evenly by rank"


@pytest.mark.parametrize(
    "worse, improvement, expected",
    [
        (False, 0.6, "Response"),
        (False, 0.3, "Partial response"),
        (False, (9.2 - 4.6) / 9.2, "Response"),
        (False, (9.2 - 6.9) / 9.2, "Partial response"),
        (False, 0.05, "Neither"),
        (True, -0.4, "Worse"),
        (False, None, "Neither"),
    ],
)
def test_kinds_of_courses_in_the_waterfall(worse: bool, improvement: float | None, expected: str) -> None:
    assert waterfall.KINDS[waterfall.kind(worse, improvement, 0.5, 0.25)][0] == expected


def test_each_bar_has_the_colour_of_its_group() -> None:
    view = waterfall.view(values((20, 4, 0), (20, 14, 0), (20, 19, 0), (10, 16, 1)), CohortFilter(), DEFAULT_RULES)
    assert view.figure is not None
    go.Figure(view.figure)
    assert not view.wide
    bars = {trace["name"]: trace for trace in view.figure["data"]}
    assert {name: trace["y"] for name, trace in bars.items()} == {
        "Response": [-16.0], "Partial response": [-6.0], "Neither": [-1.0], "Worse": [6.0],
    }  # fmt: skip
    assert {mark.name: LIGHT[mark.token] for mark in view.legend} == {
        name: trace["marker"]["color"] for name, trace in bars.items()
    }
    assert {name: trace["marker"]["color"] for name, trace in bars.items()} == {
        "Response": LIGHT["response"], "Partial response": LIGHT["partial"], "Neither": LIGHT["none"],
        "Worse": LIGHT["worse"],
    }  # fmt: skip


def test_the_axes_hold_every_bar_the_unmeasured_and_the_dotted_lines() -> None:
    view = waterfall.view(values((20, 4, 0), (10, 17, 1), treated=5), CohortFilter(), DEFAULT_RULES)
    assert view.figure is not None
    layout = view.figure["layout"]
    low, high = layout["yaxis"]["range"]
    assert low < -16
    assert high > 7
    assert layout["xaxis"]["range"] == [0, 5]
    small = waterfall.view(values((20, 19, 0)), CohortFilter(), DEFAULT_RULES).figure
    assert small is not None
    assert small["layout"]["yaxis"]["range"][1] > 6  # the dotted line has room for its name
    (block,) = [shape for shape in layout["shapes"] if shape["type"] == "rect"]
    assert (block["x0"], block["x1"]) == (2, 5)
    assert [shape["y0"] for shape in layout["shapes"] if shape["type"] == "line"] == [-5, 5]
    assert any("3 not<br>measured" in one["text"] for one in layout["annotations"])


def test_groups_share_one_axis_of_change() -> None:
    groups = [
        Group("IV", "iv", "circle", "solid", values(*[(20.0, 4.0, 0.0)] * 6, treated=8)),
        Group("IM", "im", "square", "dash", values((20, 26, 1))),
    ]
    view = waterfall.compare(groups, "Route", CohortFilter(), DEFAULT_RULES)
    assert [title for title, _, _ in view.panels] == ["IV (n 6, 2 not measured)", "IM (n 1, 0 not measured)"]
    ranges = [figure["layout"]["yaxis"]["range"] for _, figure, _ in view.panels]
    assert ranges[0] == ranges[1]
    assert view.wide
    assert view.sentence.endswith("IV 100% (6 of 6).")
