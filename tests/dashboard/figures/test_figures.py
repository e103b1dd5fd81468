"""Every figure is plotly's schema as a plain dict, of trace types that ship, with no data where there are too few."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from dashboard import theme
from dashboard.figures import durability, funnel, occupancy, onset, side_effects, steps, vitals, waterfall
from dashboard.figures.base import TRACE_TYPES

ASSETS = Path(theme.__file__).parent / "assets"


def figures(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    effects, km = summary["side_effects"], summary["durability"]["kaplan_meier"]
    groups = [steps.Group("IV", km["curve"], km["n"], "iv"), steps.Group("IM", km["curve"], km["n"], "im")]
    by_route = [("iv", effects["per_session"]), ("im", effects["per_session"])]
    minutes = km | {"curve": [{**row, "minutes": row["days"]} for row in km["curve"]]}
    vital = [{"sign": "systolic", "before": 124.0, "highest": 139.0, "rise": 15.0, "n": 200}]
    return {
        "onset": onset.onset(summary["onset"]["kaplan_meier"], summary["onset"]["turnbull"]),
        "onset by session": onset.onset_by_session(summary["onset"]["sessions_kaplan_meier"]),
        "onset of groups": onset.onset_groups(groups),
        "durability": durability.durability(km),
        "durability of groups": durability.durability_groups(groups),
        "competing": durability.competing(summary["durability"]["aalen_johansen"], km),
        "occupancy": occupancy.occupancy(summary["occupancy"], 310),
        "waterfall": waterfall.waterfall([-12.0, -6.0, -1.0, 6.0, 0.0], [0, 1, 2, 3, 2], 3, 5.0),
        "how often": side_effects.how_often(effects["per_patient"], effects["per_session"]),
        "by group": side_effects.by_group(by_route, ["nausea", "headache"], "route", {"iv": "IV", "im": "IM"}),
        "by number": side_effects.by_number([(1, effects["per_session"]), (2, effects["per_session"])], ["nausea"]),
        "severity": side_effects.severity([{"term": "nausea", "mild": 5, "moderate": 2, "severe": 1, "not_graded": 0}]),
        "resolution": side_effects.resolution(minutes),
        "vitals": vitals.before_and_highest(vital),
        "thresholds": vitals.thresholds([{"name": "Systolic 180 or more", **effects["per_session"][0]}]),
    }


def test_each_figure_is_valid_in_plotlys_schema(summary: dict[str, Any]) -> None:
    for name, figure in figures(summary).items():
        assert isinstance(figure, dict), name
        assert go.Figure(figure).data, f"{name} draws nothing"


def test_each_trace_type_is_in_the_bundle_that_ships(summary: dict[str, Any]) -> None:
    bundle = next(ASSETS.glob("plotly-cartesian-*.min.js")).read_text(encoding="utf-8")
    modules = {t for t in TRACE_TYPES if re.search(rf'moduleType:"trace",name:"{t}"', bundle)}
    assert modules == set(TRACE_TYPES)
    used = {trace["type"] for figure in figures(summary).values() for trace in figure["data"]}
    assert used <= set(TRACE_TYPES)


def test_the_bundle_is_of_the_version_that_plotly_py_speaks() -> None:
    from plotly.offline import get_plotlyjs_version

    names = [path.name for path in ASSETS.glob("plotly-cartesian-*.min.js")]
    assert names == [f"plotly-cartesian-{get_plotlyjs_version()}.min.js"]


def test_figures_use_the_colours_of_the_theme_alone(summary: dict[str, Any]) -> None:
    allowed = set(theme.LIGHT.values()) | {"#fdfdfe"}
    for name, figure in figures(summary).items():
        strays = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", repr(figure))) - allowed
        assert not strays, f"{name} uses {strays}"


def test_light_colours_are_unique_so_that_each_has_one_dark_counterpart() -> None:
    lights = [light for light, _ in theme.COLOURS.values()]
    assert len(set(lights)) == len(lights)


def test_the_style_sheet_is_the_themes() -> None:
    assert theme.STYLE_SHEET.read_text(encoding="utf-8") == theme.style_sheet(), "run python -m dashboard.theme"


def test_a_curve_stops_where_fewer_than_five_are_at_risk(make_curve: Any) -> None:
    km = make_curve(12, [1, 2, 3, 4, 5], 2, 0)  # at risk 12, 10, 8, 6, 4
    assert [row["days"] for row in steps.drawn(km["curve"])] == [1, 2, 3, 4]
    assert steps.stops_early(km["curve"]) == 4
    line = next(t for t in onset.onset(km, None)["data"] if t["name"].startswith("Kaplan-Meier"))
    assert max(line["x"]) == 4


def test_no_curve_is_drawn_for_four_courses(make_curve: Any, no_curve: Any) -> None:
    for km in (make_curve(4, [1, 2], 1, 0), no_curve(0)):
        for figure in (onset.onset(km, None), durability.durability(km), durability.competing([], km)):
            assert figure["data"] == []
            assert "Fewer than 5" in figure["layout"]["annotations"][0]["text"]


def test_count_rows_add_up_on_a_day_with_events_and_between_such_days(make_curve: Any) -> None:
    """At risk after it, events and censored up to it: at sessions, where all happens on the marks, they did not."""
    km = make_curve(20, [1, 2, 3], 3, 1)
    assert steps.counts(km["curve"], [0, 2, 9]) == [
        {"at_risk": 20, "events": 0, "censored": 0},
        {"at_risk": 12, "events": 6, "censored": 2},
        {"at_risk": 0, "events": 9, "censored": 3},
    ]
    assert steps.counts(km["curve"], [2.5]) == [{"at_risk": 12, "events": 6, "censored": 2}]


def test_turnbulls_band_spreads_each_mass_over_its_interval() -> None:
    late, early = onset.turnbull_band([[0, 2, 0.5], [2, 4, 0.3], [4, None, 0.2]], 10)
    assert list(zip(early["x"], early["y"], strict=True)) == [(0, 0), (0, 0.5), (2, 0.8), (4, 1.0), (10, 1.0)]
    assert list(zip(late["x"], late["y"], strict=True)) == [(0, 0), (2, 0.5), (4, 0.8), (10, 0.8)]


def test_waterfall_thins_many_courses_and_keeps_the_ends_order() -> None:
    changes = [float(i - 5000) for i in range(10_000)]
    values, _, each = waterfall.thinned(changes, [0] * 10_000)
    assert len(values) == waterfall.MOST_BARS
    assert values == sorted(values, reverse=True)
    assert each == pytest.approx(10_000 / waterfall.MOST_BARS)
    assert (values[0], values[-1]) == (max(changes), min(changes))
    title = waterfall.waterfall(changes[:415], [0] * 415, 0, None)["layout"]["xaxis"]["title"]["text"]
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


def test_the_seven_side_effects_of_the_source_always_have_a_row(make_share: Any) -> None:
    rows = [{"term": "headache", **make_share(0, 50)}, {"term": "vomiting", **make_share(0, 50)}]
    assert side_effects.shown_terms(rows) == ["headache"]


def test_funnel_shares_are_of_the_treated(summary: dict[str, Any]) -> None:
    shares = [step["share"] for step in funnel.steps(summary["cohort"])]
    assert shares[0] == 1.0
    assert shares == sorted(shares, reverse=True)


def test_funnel_of_nobody_has_no_shares() -> None:
    nobody = {"courses": 0, "with_baseline": 0, "evaluable": 0, "end_of_induction_scored": 0}
    assert [step["share"] for step in funnel.steps(nobody)] == [None] * 4


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("median, side", [(10.0, "left"), (90.0, "right")])
def test_the_medians_label_lies_towards_the_middle_and_off_the_curve(rising: bool, median: float, side: str) -> None:
    """On a phone a label right of a late median was cut: "half by day 9" for day 98."""
    label = steps.median_label(median, 100.0, rising=rising)
    assert label["xanchor"] == side
    # Left of its median a rising curve is lower, right of it higher; a falling one the other way round.
    assert (label["yshift"] > 0) == (rising == (side == "right"))


def test_side_effects_are_ordered_by_all_groups_together(make_share: Any) -> None:
    few = [{"term": "nausea", **make_share(9, 10)}, {"term": "headache", **make_share(0, 10)}]
    many = [{"term": "nausea", **make_share(10, 1000)}, {"term": "headache", **make_share(90, 1000)}]
    assert side_effects.most_frequent([few, many])[:2] == ["headache", "nausea"]
    assert side_effects.most_frequent([]) == []


def test_nothing_is_drawn_of_competing_events_where_five_are_never_at_risk(
    summary: dict[str, Any], make_curve: Any
) -> None:
    rows, km = summary["durability"]["aalen_johansen"], make_curve(6, [10, 20], 1, 0)
    km["curve"] = [row | {"at_risk": 4} for row in km["curve"]]
    figure = durability.competing(rows, km)
    assert figure["data"] == []
    assert "Fewer than 5 courses at risk" in figure["layout"]["annotations"][0]["text"]


def test_areas_stop_where_fewer_than_five_are_at_risk(summary: dict[str, Any], make_curve: Any) -> None:
    km = make_curve(12, [7, 14, 21, 28], 2, 1)  # at risk 12, 9, 6, 3
    figure = durability.competing(summary["durability"]["aalen_johansen"], km)
    assert max(figure["data"][0]["x"]) == 21


def test_what_stands_in_areas_is_headed_by_its_day(summary: dict[str, Any]) -> None:
    for name in ("competing", "occupancy"):
        assert figures(summary)[name]["layout"]["xaxis"]["unifiedhovertitle"]["text"].startswith("Day ")


def test_a_label_lies_in_its_own_area_from_end_to_end() -> None:
    """A step that is high only at its last day has no room for its name there, and is named in the legend."""
    days = [0.0, 50.0, 98.0, 100.0]
    layers = [("In response", "response", [1.0, 0.9, 0.4, 0.4]), ("Treated again", "loss", [0.0, 0.1, 0.6, 0.6])]
    labels, without = steps.area_labels(days, layers)
    assert [label["text"] for label in labels] == ["In response"]
    assert without == {"Treated again"}


def test_the_medians_label_is_rounded_as_the_sentence_is() -> None:
    assert steps.median_label(9.966, 50, rising=True)["text"] == "half by day 10"
    assert steps.median_label(9.07, 50, rising=True)["text"] == "half by day 9.1"


def test_long_names_and_titles_take_two_lines_beside_rows_of_counts(make_curve: Any) -> None:
    km = make_curve(40, [7, 14, 21], 5, 2)
    names = ("Treatment-resistant depression", "Anxiety")
    figure = durability.durability_groups([steps.Group(name, km["curve"], km["n"], "iv") for name in names])
    rows, title = figure["layout"]["yaxis2"]["ticktext"], figure["layout"]["xaxis"]["title"]["text"]
    assert rows == ["Treatment-resistant<br>depression", "Anxiety"]
    assert title == "Days since the last<br>induction session"
    assert (
        figure["layout"]["height"]
        > durability.durability_groups([steps.Group(name, km["curve"], km["n"], "iv") for name in ("IV", "IM")])[
            "layout"
        ]["height"]
    )
