"""The Outcomes page: a cohort's figures, each as a card."""

from __future__ import annotations

from dash import Dash, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.pages import Page, filters
from dashboard.pages.card import skeleton


def layout() -> Component:
    """The page without data."""
    head = html.Div([html.H1("Outcomes", className="page-title")], className="page-head")
    cards = html.Div([skeleton("onset", "How quickly do effects start?")], className="cards")
    return html.Div([head, filters.bar(), html.Div(cards, id=ids.COHORT_BODY, className="page-body")])


def register(app: Dash) -> None:
    """The page's callbacks."""


PAGE = Page(ids.OUTCOMES, "Outcomes", "outcomes", layout, register)
