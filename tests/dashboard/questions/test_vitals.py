"""Vital signs and their thresholds, in words, drawn and as tables."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go

from dashboard.questions import vitals as shown
from data_models.outcomes.proportions import Mean, Proportion, wilson
from data_models.questions.vitals import Sign, Threshold, Vitals

NOTHING = Sign(*[Mean(0, 0, None, None, None)] * 3)
LIMITS: dict[str, float | tuple[float, float]] = {
    "systolic_rise_mmhg": 40.0, "diastolic_rise_mmhg": 25.0, "systolic_high_mmhg": 180.0, "diastolic_high_mmhg": 110.0,
    "predose": (140.0, 90.0),
}  # fmt: skip
THRESHOLDS = tuple(Threshold(name, limit, wilson(40 - i, 100)) for i, (name, limit) in enumerate(LIMITS.items()))


def sign(before: float, highest: float) -> Sign:
    return Sign(*(Mean(200, 40, mean, mean - 1, mean + 1) for mean in (before, highest, highest - before)))


VITALS = Vitals(sign(124, 139), sign(78, 86.5), NOTHING, THRESHOLDS)
UNMEASURED = Vitals(NOTHING, NOTHING, NOTHING, tuple(replace(one, share=wilson(0, 0)) for one in THRESHOLDS))


def test_the_rise_in_words() -> None:
    assert shown.words(VITALS) == (
        "The mean rise is 15 / 8.5 mmHg (systolic 95% interval 14 to 16; 200 sessions of 40 patients)."
    )
    assert shown.words(UNMEASURED) == "No session has a blood pressure before and during it."
    hidden = replace(VITALS, systolic=Sign(*[Mean(None, None, None, None, None)] * 3))
    assert "too few to show" in shown.words(hidden)


def test_thresholds_name_their_limit_and_unit() -> None:
    view = shown.thresholds(VITALS)
    assert view.sentence.startswith("Systolic rise of 40 mmHg or more: 40% (40 of 100")
    assert view.sentence.endswith("of sessions; 36% began above 140/90 mmHg.")
    assert view.table is not None
    assert all("mmHg" in row["threshold"] for row in view.table.rows)
    assert view.figure is not None
    assert "Systolic rise 40<br>mmHg or more" in view.figure["layout"]["yaxis"]["ticktext"]
    assert shown.words_of_thresholds(UNMEASURED) == shown.words(UNMEASURED)
    unseen = Proportion(None, None, None, None, None, "clustered")
    hidden = replace(VITALS, thresholds=tuple(replace(one, share=unseen) for one in THRESHOLDS))
    assert "too few to show" in shown.words_of_thresholds(hidden)


def test_signs_that_were_measured_are_drawn_and_all_stand_in_the_table() -> None:
    view = shown.view(VITALS)
    assert view.figure is not None
    go.Figure(view.figure)
    assert [trace["x"] for trace in view.figure["data"]] == [[124, 139], [78, 86.5]]
    low, high = view.figure["layout"]["xaxis"]["range"]
    assert low < 78
    assert high > 139
    assert view.table is not None
    named = [(row["sign"].split(",")[0], row["when"]) for row in view.table.rows]
    signs = ("Systolic pressure", "Diastolic pressure", "Heart rate")
    assert named == [(sign, when) for sign in signs for when in ("before", "highest", "rise")]
    assert view.definition is not None
    assert view.definition.n == "200 sessions with both values."


def test_nothing_is_drawn_of_nothing() -> None:
    for draw in (shown.draw, shown.draw_thresholds):
        figure = draw(UNMEASURED)
        go.Figure(figure)
        assert figure["data"] == []
    assert len(go.Figure(shown.draw_thresholds(VITALS)).data) == 1
