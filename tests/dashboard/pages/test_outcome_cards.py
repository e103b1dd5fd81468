"""What the cards of Outcomes and Side effects count, define and leave out."""

from __future__ import annotations

from typing import Any

import pytest
from dash.development.base_component import Component

from dashboard.pages import filters
from data_models.definitions.filters import CohortFilter

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
