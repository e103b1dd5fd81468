"""What the Outcomes page puts around the views of its questions: the strip of the funnel, headlines, links."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.answers.data import Figures
from dashboard.pages.card import behind, place, show, skeleton
from dashboard.questions import curves, funnel, onset, rates, states
from dashboard.questions.view import Tile
from dashboard.words.numbers import percent, whole
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import OutcomeRules
from data_models.questions.side_effects import SideEffects

HEADLINES = (
    *rates.NAMES,
    "Median time to response",
    "Median durability of response",
    "Sessions with any side effect",
)


def first(
    figures: Figures, rules: OutcomeRules, hero_id: str, headlines_id: str, any_effect_id: str
) -> list[Component]:
    """What is quickly counted, funnel and onset; the places of the first card and of the headlines."""
    *waiting, any_effect = waiting_headlines()
    places = [place(headlines_id, *waiting), place(any_effect_id, any_effect)]
    definition = rates.definition(figures.funnel, figures.cohort, rules)
    return [
        html.Div([hero_place(hero_id), funnel_card(figures, rules)], className="cards"),
        html.Div(places, className="headlines", role="group", **{"aria-label": "Headline figures"}),
        behind("headlines", "Headline figures", None, definition, rules),
        html.Div(
            [
                show(onset.view(figures.onset, figures.rates.early), rules),
                show(onset.by_session(figures.onset), rules),
            ],
            className="cards",
        ),
    ]


def hero_place(place_id: str) -> Component:
    """The place of the first card, waiting."""
    return place(place_id, skeleton("states", states.QUESTION, 330, wide=True))


def hero(figures: Figures, rules: OutcomeRules) -> Component:
    """Where courses stand over time, and the days in response of the first 90."""
    return show(states.view(figures.states), rules)


def funnel_card(figures: Figures, rules: OutcomeRules) -> Component:
    """The funnel as a strip of its steps, courses going on apart in each."""
    apart = figures.funnel.going_on.courses
    strip = [
        html.Div(
            [
                html.Dt(step.step),
                html.Dd([whole(step.courses), html.Span(percent(step.share), className="share")]),
                *([html.Dd(f"+ {whole(step.going_on)} going on", className="going-on")] if apart else []),
                html.Div(
                    html.I(style={"width": f"{100 * (step.share or 0):.1f}%"}),
                    className="funnel-bar",
                    **{"aria-hidden": "true"},
                ),
            ],
            className="funnel-step",
        )
        for step in funnel.steps(figures.funnel, figures.cohort, rules)
    ]
    return show(funnel.view(figures.funnel, figures.cohort, rules), rules, body=html.Dl(strip, className="funnel"))


def headlines(figures: Figures) -> list[Component]:
    """Five values with interval and n; rates at end of induction with both denominators."""
    found = [
        *rates.tiles(figures.rates),
        curves.tile(HEADLINES[3], figures.onset.curve, "evaluable course"),
        curves.tile(HEADLINES[4], figures.durability.lost, "course in response", "courses in response"),
    ]
    return [_tile(one) for one in found]


def any_effect_tile(effects: SideEffects) -> Component:
    """Sessions with any side effect, of sessions in which they were asked about."""
    return _tile(rates.tile(HEADLINES[5], effects.any.per_session, unit="sessions asked"))


def waiting_headlines() -> list[Component]:
    """The headlines while their numbers are on the way."""
    return [_waiting_tile(name) for name in HEADLINES]


def _waiting_tile(name: str) -> Component:
    bones = [html.Div(className="bone bone-value"), html.Div(className="bone bone-line")]
    return html.Div([html.H3(name), *bones], className="headline", **{"aria-busy": "true"})


def _tile(one: Tile) -> Component:
    value = [*([one.value] if one.value else []), *([html.Small(one.unit)] if one.unit else [])]
    lines = (html.P(text) for text in one.lines)
    return html.Div([html.H3(one.name), html.Div(value, className="value"), *lines], className="headline")


def splits(cohort: CohortFilter) -> Component:
    """Links that split the fading by what each session decides: the comparison further down opens."""
    name = "Split by"
    about = {"data-stay": "view", "data-show": ids.COMPARE}
    links = [
        html.A(by, href=f"?{cohort.to_query()}&{ids.COMPARE_BY}={by}", className="segment", **about)
        for by in ("route", "phase")
    ]
    return html.Nav([html.Span(name, className="segments-name"), *links], className="segments", **{"aria-label": name})
