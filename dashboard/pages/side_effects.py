"""The Side effects page: how often, when, with what, how bad, how soon over; and vital signs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import data, ids
from dashboard.pages import Page, effect_cards, filters, withheld
from dashboard.pages.card import message, skeleton
from data_models.cohort_filter import CohortFilter

LEAD = "How often, when, with what, how bad, and how soon over. Not asked is never counted as none."
BY = {"route": "Route", "drug": "Drug", "dose_band": "Dose", "phase": "Phase"}


def layout() -> Component:
    """The page without data."""
    head = html.Div(
        [html.H1("Side effects", className="page-title"), html.P(LEAD, className="page-lead")], className="page-head"
    )
    waiting = html.Div(
        [skeleton("often", "How often do side effects occur?", 420), skeleton("when", "When do they occur?", 330)],
        className="cards",
    )
    choice = dmc.Select(
        id=ids.filter_id(ids.SIDE_EFFECTS_BY),
        label="With what",
        data=[{"value": key, "label": name} for key, name in BY.items()],
        value=None,  # the URL decides
        placeholder=BY["route"],
        allowDeselect=False,
        size="xs",
        className="filter",
    )
    return html.Div(
        [
            head,
            filters.bar(),
            html.Div(waiting, id=ids.SIDE_EFFECTS_BODY, className="page-body"),
            html.Section(
                [
                    html.Div(
                        [html.H2("With what do they occur?", className="section-title"), choice],
                        className="section-head",
                    ),
                    html.Div(id=ids.SIDE_EFFECTS_BREAKDOWN, className="page-body"),
                ],
                className="section",
                **{"aria-label": "With what do they occur?"},
            ),
        ]
    )


def register(app: Dash) -> None:
    """The page's callbacks: the URL's filters in, cards out."""

    @app.callback(Output(ids.SIDE_EFFECTS_BODY, "children"), Input(ids.URL, "search"), State(ids.URL, "pathname"))
    def show(search: str | None, pathname: str | None) -> Any:
        if not PAGE.holds(pathname or "/"):
            return no_update
        if data.suppressed():
            return withheld.figures(search, "side_effects")
        cohort = CohortFilter.from_query(search or "")
        answer = data.summary(cohort)
        if not answer["cohort"]["courses"]:
            return filters.nothing(cohort)
        return effect_cards.cards(answer, data.breakdown(cohort, "number"), data.effect_details(cohort), data.rules())

    @app.callback(Output(ids.SIDE_EFFECTS_BREAKDOWN, "children"), Input(ids.URL, "search"), State(ids.URL, "pathname"))
    def show_groups(search: str | None, pathname: str | None) -> Any:
        if not PAGE.holds(pathname or "/"):
            return no_update
        if data.suppressed():
            return message("Groups of side effects are under Exports, grouped by any filter.")
        by = parse_qs((search or "").lstrip("?")).get(ids.SIDE_EFFECTS_BY, [""])[0]
        by = by if by in BY else "route"
        cohort = CohortFilter.from_query(search or "")
        return html.Div(effect_cards.group_card(data.breakdown(cohort, by), by, BY[by]), className="cards")


PAGE = Page(ids.SIDE_EFFECTS, "Side effects", "side-effects", layout, register)
