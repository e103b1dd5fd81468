"""The Outcomes page: a cohort's figures, each as a card that answers one question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.answers import cache, data
from dashboard.pages import Page, deferred_cards, failure, filters
from dashboard.pages.card import show, skeleton
from dashboard.pages.deferred_cards import DeferredCards
from dashboard.pages.outcomes import cards, compare
from dashboard.questions import (
    durability,
    fade,
    funnel,
    interval_finder,
    occupancy,
    onset,
    reliable_change,
    side_effects,
    states,
    waterfall,
)
from data_models.definitions.filters import CohortFilter

LEAD = "How quickly effects start, how long they last, and at what cost."
HEADLINES = "headlines"
ANY_EFFECT = "any-effect"
HERO = "states-place"


def layout() -> Component:
    """The page without data."""
    head = html.Div(
        [html.H1("Outcomes", className="page-title"), html.P(LEAD, className="page-lead")], className="page-head"
    )
    waiting = [
        html.Div([cards.hero_place(HERO), skeleton("funnel", funnel.QUESTION, 70, wide=True)], className="cards"),
        html.Div(cards.waiting_headlines(), className="headlines", **{"aria-hidden": "true"}),
        html.Div(
            [skeleton("onset", onset.QUESTION), skeleton("sessions", onset.BY_SESSION)],
            className="cards",
        ),
        deferred_cards.cue(ids.COHORT_CUE),
    ]
    return html.Div(
        [
            head,
            filters.bar(),
            html.Div(waiting, id=ids.COHORT_BODY, className="page-body"),
            html.Div(
                [*(one.place() for one in DEFERRED), deferred_cards.go(ids.COHORT_CUE)], className="cards cards-more"
            ),
            compare.shell(),
        ]
    )


def _durability(cohort: CohortFilter) -> list[Component]:
    figures, rules = data.figures(cohort), data.rules()
    first = durability.competing(figures.durability, rounded=figures.rounded)
    return [show(durability.view(figures.durability), rules), show(first, rules)]


def _fade(cohort: CohortFilter) -> list[Component]:
    view = fade.view(data.figures(cohort).fade, cohort)
    return [show(view, data.rules(), controls=cards.splits(cohort))]


def _intervals(cohort: CohortFilter) -> list[Component]:
    return [show(interval_finder.view(data.figures(cohort).interval_finder), data.rules())]


def _occupancy(cohort: CohortFilter) -> list[Component]:
    return [show(occupancy.view(data.figures(cohort).occupancy), data.rules())]


def _waterfall(cohort: CohortFilter) -> list[Component]:
    figures, rules = data.figures(cohort), data.rules()
    return [
        show(waterfall.view(figures.waterfall, cohort, rules, rounded=figures.rounded), rules),
        show(reliable_change.view(figures.reliable_change, cohort), rules),
    ]


def _cost(cohort: CohortFilter) -> list[Component]:
    return [show(replace(side_effects.cost(data.figures(cohort).side_effects), wide=True), data.rules())]


DEFERRED = (
    DeferredCards("durability", (durability.QUESTION, durability.COMPETING), 330, _durability),
    DeferredCards("fade", (fade.QUESTION,), 330, _fade, doing=fade.WAITING),
    DeferredCards("occupancy", (occupancy.QUESTION,), 330, _occupancy),
    DeferredCards("waterfall", (waterfall.QUESTION, reliable_change.QUESTION), 330, _waterfall),
    DeferredCards("cost", (side_effects.COST,), 330, _cost, wide=True),
    DeferredCards("intervals", (interval_finder.QUESTION,), 150, _intervals, wide=True),
)


def register(app: Dash) -> None:
    """The page's callbacks: the URL's filters in, cards out; the quickly counted first."""

    @cache.callback(
        app,
        Output(ids.COHORT_BODY, "children"),
        Input(ids.URL, "search"),
        State(ids.URL, "pathname"),
        State(ids.COHORT_CUE, "data-cohort"),
        on_error=failure.instead_of("Outcomes", deferred_cards.cue(ids.COHORT_CUE)),
    )
    def show(search: str | None, pathname: str | None, shown: str | None) -> Any:
        if not PAGE.holds(pathname or "/"):
            return no_update
        cohort = CohortFilter.from_query(search or "")
        if deferred_cards.same(shown, cohort):
            return no_update
        answer = data.figures(cohort)
        if not answer.funnel.courses or answer.funnel.patients is None:
            return [filters.nothing(cohort), deferred_cards.cue(ids.COHORT_CUE)]
        return [
            filters.reach(cohort),
            filters.rounded(ids.OUTCOMES, cohort),
            *cards.first(answer, data.rules(), HERO, HEADLINES, ANY_EFFECT),
            deferred_cards.cue(ids.COHORT_CUE, cohort),
        ]

    # Not after the first chart but beside it: the mark comes with the headlines' place.
    @cache.callback(app, Output(HEADLINES, "children"), Input(ids.COHORT_CUE, "data-cohort"))
    def show_headlines(about: str | None) -> Any:
        return cards.headlines(data.figures(CohortFilter.from_query(about))) if about else None

    @cache.callback(
        app,
        Output(HERO, "children"),
        Input(ids.COHORT_CUE, "data-cohort"),
        on_error=failure.instead_of(states.QUESTION, wide=True),
    )
    def show_hero(about: str | None) -> Any:
        return cards.hero(data.figures(CohortFilter.from_query(about)), data.rules()) if about else None

    @cache.callback(
        app,
        Output(ANY_EFFECT, "children"),
        Input(deferred_cards.go_of(ids.COHORT_CUE), "data-cohort"),
        prevent_initial_call=True,
    )
    def show_any_effect(about: str | None) -> Any:
        return cards.any_effect_tile(data.figures(CohortFilter.from_query(about)).side_effects) if about else None

    deferred_cards.register(app, ids.COHORT_CUE, DEFERRED)
    compare.register(app)


PAGE = Page(ids.OUTCOMES, "Outcomes", "outcomes", layout, register)
