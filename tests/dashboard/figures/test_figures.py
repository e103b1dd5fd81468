"""Every figure is plotly's schema as a plain dict, of trace types that ship, with no data where there are too few."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard import theme
from dashboard.figures import base
from dashboard.figures.base import TRACE_TYPES, lanes
from dashboard.questions import (
    durability,
    fade,
    occupancy,
    onset,
    rate_comparison,
    resolution,
    severity,
    side_effects,
    states,
    vitals,
    waterfall,
)
from dashboard.questions.view import Group
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.outcomes.fade import ObservedBin
from data_models.outcomes.fade_model import FadeCurve, FadePoint
from data_models.outcomes.occupancy import StateShares
from data_models.outcomes.proportions import Difference, Mean, Proportion, wilson
from data_models.outcomes.survival import kaplan_meier
from data_models.questions.fade import Fade
from data_models.questions.occupancy import Occupancy
from data_models.questions.rate_comparison import ComparedRates, GroupRate, RateComparison, RateDifference
from data_models.questions.resolution import Resolution
from data_models.questions.severity import Severity, TermGrades
from data_models.questions.side_effects import EffectGroup
from data_models.questions.states import States
from data_models.questions.vitals import Sign, Threshold, Vitals
from data_models.questions.waterfall import Waterfall
from tests.dashboard.questions.conftest import curve, curves_of, durability_of, effects, onset_of

ASSETS = Path(theme.__file__).parent / "assets"


def figures() -> dict[str, dict[str, Any]]:
    """Every figure of a question."""
    found = onset_of(km := curve(40, [1, 7, 14], 5, 2), km)
    durable = durability_of(km)
    shares = Occupancy(StateShares(310, 0, *(np.full(91, 1 / 6) for _ in range(6))))
    over_time = States(curves_of(310, 90), curves_of(120, 90))
    changes = np.array([-12.0, -6.0, -1.0, 6.0, 0.0])
    fall = Waterfall(changes, changes, np.ones(5), -changes / 20, changes >= 5)
    days = tuple(FadePoint(day, 0.6 - day / 50, 0.5 - day / 50, 0.7 - day / 50) for day in (0.0, 1.0, 2.0, 7.0))
    average = FadeCurve(days, 6, days[1], days[1], 20.0, 15.0, None, 300, 40, 41, 0.1, 0.03, 0.3)
    bins = Fade((), average, (ObservedBin(1, 2, Mean(80, 40, 0.6, 0.5, 0.7), 0.6),))
    asked = effects(280, 2400, dissociation=(160, 800), nausea=(90, 400))
    sign = Sign(*(Mean(200, 40, mean, mean - 1, mean + 1) for mean in (124.0, 139.0, 15.0)))
    pressures = Vitals(sign, sign, sign, (Threshold("systolic_high_mmhg", 180.0, wilson(3, 200)),))
    graded = Severity({"severe": wilson(1, 9), "none": wilson(8, 9)}, (TermGrades("nausea", 8, 5, 2, 1, 0, 0),))
    rates = ComparedRates(
        tuple(GroupRate(name, wilson(60, 80), wilson(30, 60), wilson(33, 60)) for name in ("iv", "im")),
        (RateDifference("im", Difference(0.1, -0.1, 0.3), Difference(0.05, -0.1, 0.2), 0.4),),
        ("severity",),
    )
    two = (("IV", "iv", "circle", "solid"), ("IM", "im", "square", "dash"))
    views = [
        onset.view(found, wilson(1, 9)),
        onset.by_session(found),
        onset.compare([Group(*style, found) for style in two]),
        durability.view(durable),
        durability.competing(durable),
        durability.compare([Group(*style, durable) for style in two]),
        states.view(over_time),
        states.compare([Group(*style, over_time) for style in two], "Route"),
        occupancy.view(shares),
        waterfall.view(fall, CohortFilter(), DEFAULT_RULES),
        fade.view(bins, CohortFilter()),
        rate_comparison.view(RateComparison(rates, rates), "route", str),
        fade.compare([Group(*style, bins) for style in two], "Route", ""),
        side_effects.view(asked),
        side_effects.by_number([EffectGroup("1", asked), EffectGroup("2", asked)], asked),
        side_effects.by_group([EffectGroup("iv", asked), EffectGroup("im", asked)], "route", "Route"),
        side_effects.compare([Group(*style, asked) for style in two], "Route"),
        severity.view(graded),
        resolution.view(Resolution(kaplan_meier([10, 20, 30, 45, 60, 90] * 9, [1, 1, 1, 1, 0, 1] * 9), {})),
        vitals.view(pressures),
        vitals.thresholds(pressures),
    ]
    assert all(view.figure for view in views)
    return {view.name: view.figure or {} for view in views}


def test_each_figure_is_valid_in_plotlys_schema() -> None:
    for name, figure in figures().items():
        assert isinstance(figure, dict), name
        assert go.Figure(figure).data, f"{name} draws nothing"


def test_each_trace_type_is_in_the_bundle_that_ships() -> None:
    bundle = next(ASSETS.glob("plotly-cartesian-*.min.js")).read_text(encoding="utf-8")
    modules = {t for t in TRACE_TYPES if re.search(rf'moduleType:"trace",name:"{t}"', bundle)}
    assert modules == set(TRACE_TYPES)
    used = {trace["type"] for figure in figures().values() for trace in figure["data"]}
    assert used <= set(TRACE_TYPES)


def test_the_bundle_is_of_the_version_that_plotly_py_speaks() -> None:
    from plotly.offline import get_plotlyjs_version

    names = [path.name for path in ASSETS.glob("plotly-cartesian-*.min.js")]
    assert names == [f"plotly-cartesian-{get_plotlyjs_version()}.min.js"]


def test_figures_use_the_colours_of_the_theme_alone() -> None:
    allowed = set(theme.LIGHT.values()) | {"#fdfdfe"}
    for name, figure in figures().items():
        strays = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", repr(figure))) - allowed
        assert not strays, f"{name} uses {strays}"


def test_an_interval_s_bars_reach_from_the_share_to_its_ends_and_are_none_without_an_interval() -> None:
    nobody = Proportion(0, 0, None, None, None, "wilson")
    half, none = wilson(5, 10), wilson(0, 10)
    rows = [(place, one, [str(place)]) for place, one in enumerate((half, none, nobody))]
    dots = base.share_dots("Share", rows, {"color": "red"}, "%{x}")
    bars = dots["error_x"]
    assert (dots["x"], dots["y"]) == ([0.5, 0.0, None], [0, 1, 2])
    assert bars["array"] == [half.high - 0.5, none.high, 0]
    assert bars["arrayminus"] == [0.5 - half.low, 0, 0]
    assert bars["color"] == "red"
    assert base.interval_hover(nobody) == ""
    assert base.interval_hover(half) == "<br>95% interval 24 to 76%"


def test_a_figure_without_data_says_why_in_its_middle() -> None:
    figure = base.empty("Nothing here.")
    (said,) = figure["layout"]["annotations"]
    assert (said["text"], said["x"], said["y"], said["xref"], said["yref"]) == ("Nothing here.", 0.5, 0.5) + (
        "paper",
    ) * 2
    assert figure["data"] == []
    assert not figure["layout"]["xaxis"]["visible"]


def test_named_rows_stand_from_the_top_each_in_the_middle_of_its_lane() -> None:
    axis = lanes(["a", "b", "c"])
    assert (axis["range"], axis["tickvals"], axis["ticktext"]) == ([2.5, -0.5], [0, 1, 2], ["a", "b", "c"])


def test_light_colours_are_unique_so_that_each_has_one_dark_counterpart() -> None:
    lights = [light for light, _ in theme.COLOURS.values()]
    assert len(set(lights)) == len(lights)


def test_the_style_sheet_is_the_themes() -> None:
    assert theme.STYLE_SHEET.read_text(encoding="utf-8") == theme.style_sheet(), "run python -m dashboard.theme"
