"""The Outcomes page: a cohort's figures, each as a card that answers one question."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import data, ids
from dashboard.pages import Page, compare, filters, outcome_cards, withheld
from dashboard.pages.card import skeleton
from data_models.cohort_filter import CohortFilter

LEAD = "How quickly effects start, how long they last, and at what cost."


def layout() -> Component:
    """The page without data."""
    head = html.Div(
        [html.H1("Outcomes", className="page-title"), html.P(LEAD, className="page-lead")], className="page-head"
    )
    waiting = html.Div(
        [
            skeleton("funnel", "On whom do these figures rest?", 70, wide=True),
            skeleton("onset", "How quickly do effects start?"),
            skeleton("durability", "How long do they last?"),
        ],
        className="cards",
    )
    return html.Div(
        [
            head,
            filters.bar(),
            html.Div(waiting, id=ids.COHORT_BODY, className="page-body"),
            compare.shell(),
        ]
    )


def register(app: Dash) -> None:
    """The page's callbacks: the URL's filters in, cards out."""

    @app.callback(Output(ids.COHORT_BODY, "children"), Input(ids.URL, "search"), State(ids.URL, "pathname"))
    def show(search: str | None, pathname: str | None) -> Any:
        if not PAGE.holds(pathname or "/"):
            return no_update
        if data.suppressed():
            return withheld.figures(search, "all")
        cohort = CohortFilter.from_query(search or "")
        answer = data.summary(cohort)
        if not answer["cohort"]["courses"]:
            return filters.nothing(cohort)
        beside = data.details(cohort) | {"any_effect": data.effect_details(cohort)["any"]["per_session"]}
        return outcome_cards.cards(answer, beside, cohort, data.course_values(cohort), data.rules())

    compare.register(app)


PAGE = Page(ids.OUTCOMES, "Outcomes", "outcomes", layout, register)
