"""The Side effects page: how often, when, with what, how bad, how soon over; and vital signs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.answers import cache, data
from dashboard.pages import Page, deferred_cards, failure, filters, withheld
from dashboard.pages.card import message, place, skeleton
from dashboard.pages.deferred_cards import Later
from dashboard.pages.side_effects import cards
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
                        ids.SIDE_EFFECTS_BODY, skeleton("often", OFTEN, 560), deferred_cards.cue(ids.SIDE_EFFECTS_CUE)
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


def _when(cohort: CohortFilter) -> list[Component]:
    effects = data.figures(cohort)["side_effects"]
    return [cards.when_card(data.breakdown(cohort, "number"), effects, data.rules())]


def _resolution(cohort: CohortFilter) -> list[Component]:
    return [cards.resolution_card(data.resolution(cohort), data.rules())]


def _severity(cohort: CohortFilter) -> list[Component]:
    return [cards.severity_card(data.severity(cohort), data.rules())]


def _vitals(cohort: CohortFilter) -> list[Component]:
    values = data.figures(cohort)["vitals"]
    return [cards.pressure_card(values, data.rules()), cards.threshold_card(values, data.rules())]


OFTEN = "How often do side effects occur?"
WHEN = Later("when", ("When do they occur?",), 330, _when)
RESOLUTION = Later("resolution", ("How soon are they over?",), 250, _resolution)
SEVERITY = Later("severity", ("How bad are they?",), 430, _severity)
VITALS = Later(
    "vitals", ("What do blood pressure and heart rate do?", "How often does pressure pass a threshold?"), 190, _vitals
)
LATER = (WHEN, RESOLUTION, SEVERITY, VITALS)


def register(app: Dash) -> None:
    """The page's callbacks: the URL's filters in, cards out; the quickly counted first."""

    @cache.callback(
        app,
        Output(ids.SIDE_EFFECTS_BODY, "children"),
        Input(ids.URL, "search"),
        State(ids.URL, "pathname"),
        State(ids.SIDE_EFFECTS_CUE, "data-cohort"),
        on_error=failure.instead_of(OFTEN, deferred_cards.cue(ids.SIDE_EFFECTS_CUE), wide=True),
    )
    def show(search: str | None, pathname: str | None, shown: str | None) -> Any:
        if not PAGE.holds(pathname or "/"):
            return no_update
        if data.suppressed():
            said = html.Div(withheld.figures(search, "side_effects"), className="card-wide")
            return [said, deferred_cards.cue(ids.SIDE_EFFECTS_CUE)]
        cohort = CohortFilter.from_query(search or "")
        if deferred_cards.same(shown, cohort):
            return no_update
        answer = data.figures(cohort)
        if not answer.funnel.courses:
            return [filters.nothing(cohort), deferred_cards.cue(ids.SIDE_EFFECTS_CUE)]
        return [
            cards.often_card(answer["side_effects"], data.rules()),
            deferred_cards.cue(ids.SIDE_EFFECTS_CUE, cohort),
        ]

    deferred_cards.register(app, ids.SIDE_EFFECTS_CUE, LATER)

    @cache.callback(
        app,
        Output(ids.SIDE_EFFECTS_BREAKDOWN, "children"),
        Input(ids.URL, "search"),
        State(ids.URL, "pathname"),
        on_error=failure.instead_of("With what do they occur?"),
    )
    def show_groups(search: str | None, pathname: str | None) -> Any:
        if not PAGE.holds(pathname or "/"):
            return no_update
        if data.suppressed():
            return message("Groups of side effects are under Exports, grouped by any filter.")
        by = parse_qs((search or "").lstrip("?")).get(ids.SIDE_EFFECTS_BY, [""])[0]
        by = by if by in BY else "route"
        cohort = CohortFilter.from_query(search or "")
        if not data.figures(cohort).funnel.courses:
            return message("There is nothing to split: no courses match these filters.")
        return html.Div(cards.group_card(data.breakdown(cohort, by), by, BY[by], data.rules()), className="cards")


PAGE = Page(ids.SIDE_EFFECTS, "Side effects", "side-effects", layout, register)
