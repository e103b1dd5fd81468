"""The trajectory is a valid figure that draws every record once, on the right clock and scale."""

from dataclasses import replace
from itertools import pairwise

import plotly.graph_objects as go
import pytest

from dashboard.figures import base
from dashboard.figures.score_panel import broken_line
from dashboard.figures.trajectory import SPANS, day_range, trajectory
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.questions.patient import PatientHistory, Vitals
from tests.dashboard.one_patient import outcome, score, session, side_effect


@pytest.fixture
def records():
    return PatientHistory(
        "A1", None, None, None, None, None,
        sessions=(
            session(0),
            session(3, number=2, route="im", dose=35.0, dose_unit="mg"),
            session(60, number=3, asked=0, effects=0, phase="maintenance", before=Vitals(150.0, 80.0, 70.0)),
        ),
        scores=(
            score(-1, 20, improvement=None, state=None, since_session_days=None, recall=0),
            score(1, 14),
            score(4, 8),
            score(40, 12, recall=0),
            score(61, 7),
            score(4, 9, instrument="gad7", item9=None),
        ),
        side_effects=(
            side_effect(0, "nausea", "mild", onset_minutes=10.0, resolved_minutes=60.0),
            side_effect(3, "nausea", "severe", serious=1),
            side_effect(0, "dissociation", None),
        ),
        outcomes=(outcome(duration_event=1, loss_left=4.0, loss_right=40.0),),
    )  # fmt: skip


def draw(records, **changes):
    options = {"courses": [1], "instruments": ["phq9"], "rules": DEFAULT_RULES} | changes
    return trajectory(records, **options)


def with_outcome(records, **changes):
    return replace(
        records, outcomes=(outcome(**{"duration_event": 1, "loss_left": 4.0, "loss_right": 40.0} | changes),)
    )


def with_sessions(records, **changes):
    return replace(records, sessions=tuple(replace(one, **changes) for one in records.sessions))


def named(figure, name):
    return [trace for trace in figure["data"] if trace["name"] == name]


def notes(figure, name):
    return [note for note in figure["layout"]["annotations"] if note.get("name") == name]


@pytest.mark.parametrize("instruments", [["phq9"], ["phq9", "gad7"], ["madrs"]])
def test_figure_is_valid_and_uses_only_trace_types_of_the_bundle(records, instruments):
    figure = draw(records, instruments=instruments)
    go.Figure(figure)
    assert {trace["type"] for trace in figure["data"]} <= set(base.TRACE_TYPES)


def test_every_score_is_one_marker_hollow_where_it_looks_back_past_the_session(records):
    (markers,) = named(draw(records), "PHQ-9")
    assert list(zip(markers["x"], markers["y"], strict=True)) == [(-1, 20), (1, 14), (4, 8), (40, 12), (61, 7)]
    hollow = [symbol.endswith("open") for symbol in markers["marker"]["symbol"]]
    assert hollow == [False, True, True, False, True]


def test_line_is_broken_over_a_gap_of_more_than_thirty_days(records):
    (line,) = named(draw(records), "PHQ-9 line")
    assert line["x"] == [-1, 1, 4, None, 40, 61]
    assert line["connectgaps"] is False
    assert broken_line([0, 30, 60.1], [1, 2, 3])[0] == [0, 30, None, 60.1]


def test_response_and_remission_lines_stand_at_the_rules_values(records):
    figure = draw(records, rules=OutcomeRules(response_improvement=0.6))
    lines = {shape["name"]: shape["y0"] for shape in figure["layout"]["shapes"] if "name" in shape}
    lines.pop("maintenance")
    assert lines == {"response": pytest.approx(8.0), "remission": 4}


def test_without_a_baseline_there_is_no_response_line(records):
    figure = draw(with_outcome(records, baseline=None, ever_response=None))
    assert not notes(figure, "response")
    assert notes(figure, "remission")


def test_names_of_cut_offs_never_overlap(records):
    figure = draw(with_outcome(records, baseline=9.0))  # response at 4.5, remission at 4
    places = sorted(
        note["y"] for note in figure["layout"]["annotations"] if note.get("name") in ("response", "remission")
    )
    top = figure["layout"]["yaxis"]["range"][1]
    assert (places[1] - places[0]) / top * 250 >= 20


def test_onset_and_loss_are_named_where_they_were_seen(records):
    figure = draw(records)
    (onset,) = notes(figure, "response seen")
    (loss,) = notes(figure, "lost seen")
    assert (onset["x"], onset["text"]) == (4, "response, day 4")
    assert (loss["x"], loss["text"]) == (40, "lost, day 40")


def test_a_response_that_came_back_and_was_lost_again_has_both_losses_named(records):
    later = {"durability_end": "loss", "last_induction_days": 3.0, "durability_days": 37.0}
    figure = draw(with_outcome(records, loss_right=1.0, **later))
    named = [(note["x"], note["text"]) for note in notes(figure, "lost seen")]
    assert named == [(1, "lost, day 1"), (40, "lost, day 40")]
    early = with_outcome(records, loss_right=1.0, **later | {"durability_days": 1.0})
    # Near the left edge a name to the left would lie over the names of the bands.
    assert [note["xanchor"] for note in notes(draw(early), "lost seen")] == ["left"] * 2
    assert len(notes(draw(with_outcome(records, **later)), "lost seen")) == 1


def test_all_strips_share_the_axis_of_days(records):
    figure = draw(records, instruments=["phq9", "gad7"])
    assert {trace["xaxis"] for trace in figure["data"]} == {"x"}
    domains = sorted(
        (axis["domain"] for key, axis in figure["layout"].items() if key.startswith("yaxis")), reverse=True
    )
    assert len(domains) == 6  # two scales, sessions, side effects, pressure, heart rate
    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))


def test_sessions_differ_by_shape_of_route_and_size_of_dose(records):
    doses = zip(records.sessions, (0.5, 1.0, None), strict=True)
    given = tuple(replace(one, route="iv", dose=dose, dose_unit="mg_per_kg") for one, dose in doses)
    (lane,) = named(draw(replace(records, sessions=given)), "IV")
    half, full, unknown = lane["marker"]["size"]
    assert full > half > unknown
    assert {named(draw(records), route)[0]["marker"]["symbol"] for route in ("IV", "IM")} == {"circle", "square"}


def test_doses_of_different_units_are_not_compared(records):
    sizes = [named(draw(records), route)[0]["marker"]["size"] for route in ("IV", "IM")]
    assert max(sizes[0]) == max(sizes[1])


def test_side_effects_have_a_row_each_and_not_asked_is_not_none(records):
    figure = draw(records)
    axes = [axis for key, axis in figure["layout"].items() if key.startswith("yaxis")]
    (rows,) = [axis["ticktext"] for axis in axes if "nausea" in axis.get("ticktext", [])]
    assert rows == ["nausea", "dissociation", "not asked"]
    (not_asked,) = named(figure, "not asked")
    assert not_asked["x"] == [60.0]
    assert not named(figure, "none reported")
    (severe,) = named(figure, "severe")
    (mild,) = named(figure, "mild")
    assert severe["marker"]["color"] != mild["marker"]["color"]
    assert severe["marker"]["size"] > mild["marker"]["size"]
    assert "serious" in severe["text"][0]
    assert named(figure, "not graded")[0]["marker"]["symbol"] == "square-open"


def test_pressure_above_the_pre_dose_threshold_is_marked(records):
    (before,) = named(draw(records), "Systolic before")
    colours = before["marker"]["color"]
    assert colours[0] == colours[1] != colours[2]


def test_systolic_alone_is_drawn_and_so_is_diastolic_alone(records):
    for name, before, highest in (
        ("Systolic", Vitals(128.0, None, None), Vitals(205.0, None, None)),
        ("Diastolic", Vitals(None, 41.0, None), Vitals(None, 92.0, None)),
    ):
        figure = draw(with_sessions(records, before=before, highest=highest))
        values = {one.systolic or one.diastolic for one in (before, highest)}
        (rise,) = named(figure, f"{name} rise")
        assert set(rise["y"]) == {None, *values}
        for when in ("before", "highest"):
            (marks,) = named(figure, f"{name} {when}")
            assert len(marks["y"]) == 3
            assert f"{name.lower()} {when} %{{y:.0f}} mmHg" in marks["hovertemplate"]
        axis = next(
            axis for key, axis in figure["layout"].items() if key.startswith("yaxis") and axis.get("nticks") == 4
        )
        low, high = axis["range"]
        assert low < min(values)
        assert high > max(values)
        limits = [note["text"] for note in figure["layout"]["annotations"] if "stolic" in note["text"]]
        assert limits == (["systolic<br>180"] if name == "Systolic" else [])


def test_vitals_that_nobody_recorded_take_no_space(records):
    figure = draw(with_sessions(records, before=Vitals(), highest=Vitals()))
    assert figure["layout"]["height"] < draw(records)["layout"]["height"]


def test_courses_stand_side_by_side_each_on_its_own_clock(records):
    both = replace(
        records,
        scores=records.scores + tuple(replace(one, course=2, score=one.score + 2) for one in records.scores),
        sessions=records.sessions
        + tuple(replace(one, course=2, hours=one.hours + 24 * 300) for one in records.sessions),
        outcomes=records.outcomes + tuple(replace(one, course=2) for one in records.outcomes),
    )
    figure = draw(both, courses=[1, 2])
    go.Figure(figure)
    assert {trace["xaxis"] for trace in figure["data"]} == {"x", "x2"}
    first, second = figure["layout"]["xaxis"]["domain"], figure["layout"]["xaxis2"]["domain"]
    assert (first[0], second[1]) == (0, pytest.approx(1))
    assert first[1] < second[0]
    assert first[1] - first[0] == pytest.approx(second[1] - second[0])  # as many days
    assert figure["layout"]["yaxis"]["range"] == figure["layout"]["yaxis6"]["range"]
    left, right = named(figure, "PHQ-9")
    assert left["x"] == right["x"]
    labelled = {key: axis["showticklabels"] for key, axis in figure["layout"].items() if key.startswith("yaxis")}
    assert [key for key, shown in labelled.items() if shown] == ["yaxis", "yaxis2", "yaxis3", "yaxis4", "yaxis5"]
    titles = [one["text"] for one in figure["layout"]["annotations"] if "Course" in one["text"]]
    assert titles == ["<b>Course 1</b>", "<b>Course 2</b>"]
    assert figure["layout"]["margin"]["t"] > draw(both)["layout"]["margin"]["t"]  # room for them


def test_where_maintenance_begins_is_marked_from_edge_to_edge_and_named(records):
    figure = draw(records)
    (line,) = [shape for shape in figure["layout"]["shapes"] if shape.get("name") == "maintenance"]
    assert (line["x0"], line["x1"], line["y0"], line["y1"], line["yref"]) == (60, 60, 0, 1, "y domain")
    (name,) = [one for one in figure["layout"]["annotations"] if one["text"].startswith("maintenance")]
    assert (name["x"], name["yref"]) == (60, "y domain")


def test_spans_show_part_of_the_course(records):
    assert list(SPANS) == ["all", "induction", "recent"]
    sessions = records.sessions
    days = [-100.0, 0.0, 200.0]
    assert day_range(days, sessions, "all")[0] > -40
    assert day_range(days, sessions, "induction")[1] < 25
    assert day_range(days, sessions, "recent")[0] == pytest.approx(140, abs=5)


def test_a_course_with_nothing_says_so(records):
    figure = draw(replace(records, scores=(), sessions=(), side_effects=(), outcomes=()))
    assert "no sessions and no scores" in figure["layout"]["annotations"][0]["text"]


def test_a_course_with_sessions_and_no_scores_is_drawn(records):
    figure = draw(replace(records, scores=(), side_effects=(), outcomes=()))
    go.Figure(figure)
    assert named(figure, "IV")


def test_hover_tells_score_band_improvement_and_why_it_is_hollow(records):
    (markers,) = named(draw(records), "PHQ-9")
    text = markers["text"][2]
    assert "PHQ-9 8" in text
    assert "(mild) on day 4" in text
    assert "60% below the baseline of 20: response" in text
    assert "asks about the last 14 days" in text


def test_names_of_pressure_limits_fit_in_the_margin(records):
    figure = draw(with_sessions(records, highest=Vitals(190.0, 115.0, 85.0)))
    texts = [note["text"] for note in figure["layout"]["annotations"] if "stolic" in note["text"]]
    assert len(texts) == 2
    go.Figure(figure)
    assert max(len(line) for text in texts for line in text.split("<br>")) <= len("diastolic")
