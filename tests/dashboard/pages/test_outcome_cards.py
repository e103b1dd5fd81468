"""What the cards of Outcomes and Side effects count, define and leave out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash.development.base_component import Component

from dashboard.exports import svg
from dashboard.pages import filters
from dashboard.pages.side_effects import cards as effect_cards
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES

NAN = float("nan")


def text_of(component: Any) -> str:
    if isinstance(component, (list, tuple)):
        return " ".join(text_of(part) for part in component)
    if isinstance(component, Component):
        return text_of(getattr(component, "children", None))
    return "" if component is None else str(component)


# --- filters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query, said",
    [
        ("phase=maintenance", "Phase limits the fade and the side effects only"),
        ("min_hours_since_session=168", "Hours since the session limit the scores at the end of induction"),
    ],
)
def test_a_filter_says_what_it_does_not_reach(query: str, said: str) -> None:
    assert said in text_of(filters.reach(CohortFilter.from_query(query)))
    assert filters.reach(CohortFilter.from_query("route=iv&sex=female")) is None


def test_side_effects_offer_no_control_of_scores() -> None:
    def keys(found: list[Component]) -> set[str]:
        every = [one for part in found for one in part._traverse()]
        return {one.id["key"] for one in every if isinstance(getattr(one, "id", None), dict)}

    cohort = CohortFilter(min_hours_since_session=72.0)
    whole, rest = (keys(filters.controls({}, cohort, of_scores=of_scores)) for of_scores in (True, False))
    assert whole - rest == {"instrument", filters.HOURS}
    assert rest < whole


# --- tables ----------------------------------------------------------------------------------


# --- side effects, exports -------------------------------------------------------------------


def test_thresholds_name_their_unit(make_share: Any) -> None:
    names = ("systolic_rise_mmhg", "diastolic_rise_mmhg", "systolic_high_mmhg", "diastolic_high_mmhg", "predose")
    rows = [{"threshold": name, **make_share(40 - i, 100)} for i, name in enumerate(names)]
    made = effect_cards.threshold_card({"thresholds": rows}, DEFAULT_RULES)
    assert "Systolic rise 40 mmHg or more: 40% (40 of 100" in text_of(made)
    assert "36% began above 140/90 mmHg." in text_of(made)
    table = next(json.loads(getattr(one, "data-table")) for one in made._traverse() if hasattr(one, "data-table"))
    assert all("mmHg" in row[0] for row in table["rows"])


def test_a_breakdown_of_nothing_names_no_most_frequent() -> None:
    made = text_of(effect_cards.group_card([], "route", "Route", DEFAULT_RULES))
    assert "most frequent" not in made


def test_a_group_without_a_mark_stands_in_no_legend() -> None:
    groups = [("IV", [svg.Dot("Response", 0.5, 0.4, 0.6)]), ("Intranasal", [svg.Dot("Response", None)])]
    drawing = svg.dot_chart(groups, "Rates", "Share")
    assert ">IV<" in drawing
    assert "Intranasal" not in drawing
