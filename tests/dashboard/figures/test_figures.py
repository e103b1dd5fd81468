"""Every figure is plotly's schema as a plain dict, of trace types that ship, with no data where there are too few."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard import theme
from dashboard.figures import side_effects, vitals
from dashboard.figures.base import TRACE_TYPES
from dashboard.questions import durability, fade, occupancy, onset, waterfall
from dashboard.questions.view import Group
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.outcomes.fade import FadeBin
from data_models.outcomes.occupancy import StateShares
from data_models.outcomes.proportions import Mean, wilson
from data_models.outcomes.survival import kaplan_meier
from data_models.outcomes.turnbull import turnbull
from data_models.questions.fade import Fade
from data_models.questions.occupancy import Occupancy
from data_models.questions.onset import Onset
from data_models.questions.waterfall import Waterfall
from tests.dashboard.questions.conftest import curve, durability_of

ASSETS = Path(theme.__file__).parent / "assets"


def figures(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    effects = summary["side_effects"]
    by_route = [("iv", effects["per_session"]), ("im", effects["per_session"])]
    vital = [{"sign": "systolic", "before": 124.0, "highest": 139.0, "rise": 15.0, "n": 200}]
    return {
        "how often": side_effects.how_often(effects["per_patient"], effects["per_session"]),
        "by group": side_effects.by_group(by_route, ["nausea", "headache"], "route", {"iv": "IV", "im": "IM"}),
        "by number": side_effects.by_number([(1, effects["per_session"]), (2, effects["per_session"])], ["nausea"]),
        "severity": side_effects.severity([{"term": "nausea", "mild": 5, "moderate": 2, "severe": 1, "not_graded": 0}]),
        "resolution": side_effects.resolution(kaplan_meier([10, 20, 30, 45, 60, 90], [1, 1, 1, 1, 0, 1], [9] * 6)),
        "vitals": vitals.before_and_highest(vital),
        "thresholds": vitals.thresholds([{"name": "Systolic 180 or more", **effects["per_session"][0]}]),
    } | of_questions()


def of_questions() -> dict[str, dict[str, Any]]:
    """Every figure of a question about courses."""
    found = Onset(km := curve(40, [1, 7, 14], 5, 2), turnbull([0, 1, 7], [1, 7, 14], [9, 9, 9]), km)
    durable = durability_of(km)
    states = Occupancy(StateShares(310, *(np.full(91, 0.2) for _ in range(5))))
    changes = np.array([-12.0, -6.0, -1.0, 6.0, 0.0])
    fall = Waterfall(changes, changes, np.ones(5), -changes / 20, changes >= 5)
    bins = Fade(
        (FadeBin(0, 1, Mean(80, 40, -4.0, -5.0, -3.0), -4.0), FadeBin(1, 2, Mean(9, 9, -2.0, -3.0, -1.0), -2.0))
    )
    two = (("IV", "iv", "circle", "solid"), ("IM", "im", "square", "dash"))
    views = [
        onset.view(found, wilson(1, 9)),
        onset.by_session(found),
        onset.compare([Group(*style, found) for style in two], None),
        durability.view(durable),
        durability.competing(durable),
        durability.compare([Group(*style, durable) for style in two], None),
        occupancy.view(states),
        waterfall.view(fall, CohortFilter(), DEFAULT_RULES),
        fade.view(bins, CohortFilter()),
        fade.compare([Group(*style, bins) for style in two], "Route", ""),
    ]
    assert all(view.figure for view in views)
    return {view.name: view.figure or {} for view in views}


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


def test_the_seven_side_effects_of_the_source_always_have_a_row(make_share: Any) -> None:
    rows = [{"term": "headache", **make_share(0, 50)}, {"term": "vomiting", **make_share(0, 50)}]
    assert side_effects.shown_terms(rows) == ["headache"]


def test_side_effects_are_ordered_by_all_groups_together(make_share: Any) -> None:
    few = [{"term": "nausea", **make_share(9, 10)}, {"term": "headache", **make_share(0, 10)}]
    many = [{"term": "nausea", **make_share(10, 1000)}, {"term": "headache", **make_share(90, 1000)}]
    assert side_effects.most_frequent([few, many])[:2] == ["headache", "nausea"]
    assert side_effects.most_frequent([]) == []
