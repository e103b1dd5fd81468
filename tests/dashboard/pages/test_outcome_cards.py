"""What the cards of Outcomes and Side effects count, define and leave out."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dash.development.base_component import Component

from dashboard.exports import svg
from dashboard.figures import waterfall
from dashboard.pages import filters
from dashboard.pages.card_tables import curve_table, onset_table, response_table
from dashboard.pages.outcomes import cards as outcome_cards
from dashboard.pages.outcomes.waterfall_card import COLUMNS, measured_changes, waterfall_card
from dashboard.pages.side_effects import cards as effect_cards
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.questions.funnel import Funnel
from data_models.questions.waterfall import Waterfall

NAN = float("nan")


def text_of(component: Any) -> str:
    if isinstance(component, (list, tuple)):
        return " ".join(text_of(part) for part in component)
    if isinstance(component, Component):
        return text_of(getattr(component, "children", None))
    return "" if component is None else str(component)


def values(*rows: tuple[float, float, float]) -> Waterfall:
    """Baseline, last score, worse then, of evaluable courses."""
    baseline, last, worse = np.array(rows).T
    change = last - baseline
    return Waterfall(change, change, np.ones(len(rows)), -change / baseline, worse)


def figures(found: Waterfall, courses: int) -> Any:
    """What the waterfall's card reads of a cohort's figures."""
    return SimpleNamespace(waterfall=found, funnel=Funnel(courses, courses, courses, courses, courses))


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


# --- headlines -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "instrument, parts",
    [
        ("phq9", ["Remission: PHQ-9 4 or less", "Worse: PHQ-9 5 points or more above baseline"]),
        ("peg", ["PEG pain has no cut-off", "Worse: PEG pain 30% of baseline or more above baseline"]),
        ("auditc", ["AUDIT-C has no cut-off", "no agreed smallest meaningful change"]),
    ],
)
def test_the_headlines_are_defined(summary: dict[str, Any], instrument: str, parts: list[str]) -> None:
    cohort = CohortFilter(instrument)
    text = text_of(outcome_cards.first(summary | {"rates": {"early": {}}}, cohort, DEFAULT_RULES, "a", "b"))
    for part in [
        *parts,
        "of all treated courses, the unmeasured counted as not in response or remission",
        "Definitions version 1.",
    ]:
        assert part in text


def test_both_denominators_have_their_interval(summary: dict[str, Any]) -> None:
    tiles = text_of(outcome_cards.headlines(summary))
    assert "60% of all 200 treated (95% interval 54 to 66%)" in tiles


def test_a_median_after_the_end_of_its_curve_says_so(summary: dict[str, Any]) -> None:
    summary["durability"]["kaplan_meier"] |= {"median": 220.0}
    assert "120 courses in response, fewer than 5 at risk by then" in text_of(outcome_cards.headlines(summary))


def test_no_curve_stops_where_none_is_drawn(summary: dict[str, Any], make_curve: Any) -> None:
    few = make_curve(6, [10, 20], 1, 0)
    few["curve"] = [row | {"at_risk": 4} for row in few["curve"]]
    stops = make_curve(12, [7, 14, 21, 28], 2, 1)
    for km, said in ((few, False), (stops, True)):
        summary["durability"]["kaplan_meier"] = km
        cards = (
            outcome_cards.durability_card(summary, DEFAULT_RULES),
            outcome_cards.competing_card(summary, DEFAULT_RULES),
        )
        for card, what in zip(cards, ("curve stops", "areas stop"), strict=True):
            assert (f"The {what} at day 21: fewer than 5 are at risk after it." in text_of(card)) == said
            assert "at day 0" not in text_of(card)


# --- tables ----------------------------------------------------------------------------------


def test_tables_hold_the_share_that_is_drawn(summary: dict[str, Any]) -> None:
    km = summary["onset"]["sessions_kaplan_meier"]
    table = response_table(km, "Sessions")
    assert ("responded", "Responded so far") in table.columns
    for row, drawn in zip(table.rows, km["curve"], strict=True):
        found = [row[key] for key in ("responded", "low", "high")]
        assert found == pytest.approx([1 - drawn[key] for key in ("survival", "high", "low")])
    assert ("survival", "Still in response") in curve_table(km, "Day", "Still in response").columns
    both = onset_table(summary["onset"]["kaplan_meier"], summary["onset"]["turnbull"])
    turnbull = [row["responded"] for row in both.rows if row["estimator"] == "Turnbull"]
    assert turnbull == pytest.approx([0.2, 0.6, 0.8, 0.8]), "the last mass has no end: not responded so far"


# --- who improved ----------------------------------------------------------------------------


def test_improvement_is_judged_by_a_share_of_baseline_where_the_scale_has_one() -> None:
    found = measured_changes(values((6, 4.2, 0), (9, 7, 0), (4, 2, 0), (5, 6.5, 1)), 9, "peg", DEFAULT_RULES)
    assert (found.improved, found.worse, found.unmeasured) == (2, 1, 5)
    assert found.sentence == (
        "2 of 4 courses improved by the smallest meaningful change (30% of baseline) or more and 1 got worse by as "
        "much; 5 courses could not be measured."
    )
    assert found.least is None
    shown = waterfall_card(figures(values((6, 4.2, 0)), 9), CohortFilter("peg"), DEFAULT_RULES)
    assert "30% of baseline, in points another for each course, so no line marks it" in text_of(shown)


def test_a_scale_without_a_meaningful_change_counts_any_improvement() -> None:
    found = measured_changes(values((6, 4, NAN), (9, 10, NAN)), 2, "auditc", DEFAULT_RULES)
    assert found.sentence == "1 of 2 courses improved."


def test_the_table_has_the_sentences_numbers_and_the_bars() -> None:
    found = measured_changes(values((20, 8, 0), (20, 8, 0), (20, 19, 0), (10, 16, 1)), 6, "phq9", DEFAULT_RULES)
    rows = found.rows()
    assert {key for row in rows for key in row} <= {key for key, _ in COLUMNS}
    counted = {row["state"]: row["courses"] for row in rows if row["by"] == "improvement"}
    assert counted == {"Improved by the smallest meaningful change (5 points) or more": 2, "Worse by as much": 1}
    bars = [(row["change"], row["state"], row["courses"]) for row in rows if row["by"] == "change"]
    assert bars == [(6.0, "Worse", 1), (-1.0, "Neither", 1), (-12.0, "Response", 2)]
    groups = {row["state"]: row["courses"] for row in rows if row["by"] == "group"}
    assert groups == {"Response": 2, "Partial response": 0, "Neither": 1, "Worse": 1, "Not measured": 2}


def test_a_waterfall_says_how_many_of_its_courses_are_drawn_and_which_are_left_out() -> None:
    many = values(*[(20.0, float(i % 20), 0.0) for i in range(415)])
    cohort = CohortFilter(min_hours_since_session=72.0)
    text = text_of(waterfall_card(figures(many, 415), cohort, DEFAULT_RULES))
    assert f"one bar a course: {waterfall.MOST_BARS} of 415, evenly by rank" in text
    assert "last score is less than 72 hours after a session" in text


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
