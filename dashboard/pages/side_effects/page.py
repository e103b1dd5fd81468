"""The Side effects page: how often, when, with what, how bad, how soon over; and vital signs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.answers import cache, data
from dashboard.pages import Page, deferred_cards, failure, filters
from dashboard.pages.card import message, place, show, skeleton
from dashboard.pages.deferred_cards import DeferredCards
from dashboard.questions import resolution, severity, side_effects, vitals
from data_models.definitions.filters import CohortFilter

LEAD = "How often, when, with what, how bad, and how soon over. Not asked is never counted as none."
BY = {"route": "Route", "drug": "Drug", "dose_band": "Dose", "phase": "Phase"}


def layout() -> Component:
    """The page without data."""
    head = html.Div(
        [html.H1("Side effects", className="page-title"), html.P(LEAD, className="page-lead")], className="page-head"
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
            filters.bar(of_scores=False),
            html.Div(
                [
                    place(
                        ids.SIDE_EFFECTS_BODY,
                        skeleton("often", side_effects.QUESTION, 560),
                        deferred_cards.cue(ids.SIDE_EFFECTS_CUE),
                    ),
                    html.Div([WHEN.place(), RESOLUTION.place()], className="stack"),
                    SEVERITY.place(),
                    html.Div([VITALS.place()], className="stack"),
                    deferred_cards.go(ids.SIDE_EFFECTS_CUE),
                ],
                className="cards",
            ),
            html.Section(
                [
                    html.Div(
                        [html.H2(side_effects.WITH_WHAT, className="section-title"), choice],
                        className="section-head",
                    ),
                    html.Div(id=ids.SIDE_EFFECTS_BREAKDOWN, className="page-body"),
                ],
                className="section",
                **{"aria-label": side_effects.WITH_WHAT},
            ),
        ]
    )


def _when(cohort: CohortFilter) -> list[Component]:
    numbered = data.side_effects_by(cohort, "number")
    return [show(side_effects.by_number(numbered, data.figures(cohort).side_effects), data.rules())]


def _resolution(cohort: CohortFilter) -> list[Component]:
    return [show(resolution.view(data.figures(cohort).resolution), data.rules())]


def _severity(cohort: CohortFilter) -> list[Component]:
    return [show(severity.view(data.figures(cohort).severity), data.rules())]


def _vitals(cohort: CohortFilter) -> list[Component]:
    found = data.figures(cohort).vitals
    return [show(vitals.view(found), data.rules()), show(vitals.thresholds(found), data.rules())]


WHEN = DeferredCards("when", (side_effects.WHEN,), 330, _when)
RESOLUTION = DeferredCards("resolution", (resolution.QUESTION,), 250, _resolution)
SEVERITY = DeferredCards("severity", (severity.QUESTION,), 430, _severity)
VITALS = DeferredCards("vitals", (vitals.QUESTION, vitals.THRESHOLDS), 190, _vitals)
DEFERRED = (WHEN, RESOLUTION, SEVERITY, VITALS)


def register(app: Dash) -> None:
    """The page's callbacks: the URL's filters in, cards out; the quickly counted first."""

    @cache.callback(
        app,
        Output(ids.SIDE_EFFECTS_BODY, "children"),
        Input(ids.URL, "search"),
        State(ids.URL, "pathname"),
        State(ids.SIDE_EFFECTS_CUE, "data-cohort"),
        on_error=failure.instead_of(side_effects.QUESTION, deferred_cards.cue(ids.SIDE_EFFECTS_CUE), wide=True),
    )
    def show_often(search: str | None, pathname: str | None, shown: str | None) -> Any:
        if not PAGE.holds(pathname or "/"):
            return no_update
        cohort = CohortFilter.from_query(search or "")
        if deferred_cards.same(shown, cohort):
            return no_update
        found = data.figures(cohort)
        if not found.funnel.courses or found.funnel.patients is None:
            return [filters.nothing(cohort), deferred_cards.cue(ids.SIDE_EFFECTS_CUE)]
        return [
            filters.rounded(ids.SIDE_EFFECTS, cohort),
            show(side_effects.view(found.side_effects), data.rules()),
            deferred_cards.cue(ids.SIDE_EFFECTS_CUE, cohort),
        ]

    deferred_cards.register(app, ids.SIDE_EFFECTS_CUE, DEFERRED)

    @cache.callback(
        app,
        Output(ids.SIDE_EFFECTS_BREAKDOWN, "children"),
        Input(ids.URL, "search"),
        State(ids.URL, "pathname"),
        on_error=failure.instead_of(side_effects.WITH_WHAT),
    )
    def show_groups(search: str | None, pathname: str | None) -> Any:
        if not PAGE.holds(pathname or "/"):
            return no_update
        by = parse_qs((search or "").lstrip("?")).get(ids.SIDE_EFFECTS_BY, [""])[0]
        by = by if by in BY else "route"
        cohort = CohortFilter.from_query(search or "")
        if not data.figures(cohort).funnel.courses:
            return message("There is nothing to split: no courses match these filters.")
        view = side_effects.by_group(data.side_effects_by(cohort, by), by, BY[by])
        return html.Div(show(view, data.rules()), className="cards")


PAGE = Page(ids.SIDE_EFFECTS, "Side effects", "side-effects", layout, register)
