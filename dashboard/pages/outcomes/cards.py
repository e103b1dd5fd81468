"""What the Outcomes page puts around the views of its questions: the strip of the funnel, headlines, links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.answers.data import Figures
from dashboard.figures import side_effects
from dashboard.pages.card import behind, card, place, show
from dashboard.pages.card_tables import share_table
from dashboard.pages.legend import key
from dashboard.questions import curves, funnel, onset, rates
from dashboard.questions.view import Definition, Tile
from dashboard.words import sentences as words
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


def first(figures: Figures, rules: OutcomeRules, headlines_id: str, any_effect_id: str) -> list[Component]:
    """What is quickly counted, funnel and onset; between them the places of the headlines, with their definitions."""
    *waiting, any_effect = waiting_headlines()
    places = [place(headlines_id, *waiting), place(any_effect_id, any_effect)]
    definition = rates.definition(figures.funnel, figures.cohort, rules)
    return [
        html.Div(funnel_card(figures, rules), className="cards"),
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


def funnel_card(figures: Figures, rules: OutcomeRules) -> Component:
    """The funnel as a strip of its steps."""
    strip = [
        html.Div(
            [
                html.Dt(step.step),
                html.Dd([whole(step.courses), html.Span(percent(step.share), className="share")]),
                html.Div(
                    html.I(style={"width": f"{100 * (step.share or 0):.1f}%"}),
                    className="funnel-bar",
                    **{"aria-hidden": "true"},
                ),
            ],
            className="funnel-step",
        )
        for step in funnel.steps(figures.funnel)
    ]
    return show(funnel.view(figures.funnel, figures.cohort), rules, body=html.Dl(strip, className="funnel"))


def headlines(figures: Figures) -> list[Component]:
    """Five values with interval and n; rates at end of induction with both denominators."""
    found = [
        *rates.tiles(figures.rates),
        curves.tile(HEADLINES[3], figures.onset.first_seen, "evaluable course"),
        curves.tile(HEADLINES[4], figures.durability.curve, "course in response", "courses in response"),
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


def cost_card(answer: Mapping[str, Any], rules: OutcomeRules) -> Component:
    effects = answer["side_effects"]
    return card(
        "cost",
        "At what cost?",
        words.side_effects(effects),
        side_effects.how_often(effects["per_patient"], effects["per_session"], most=9),
        marks=how_often_marks(),
        body=note("The nine most frequent are drawn; the table and the page Side effects have all."),
        table=share_table(effects),
        definition=how_often_definition(effects),
        rules=rules,
    )


def how_often_marks() -> Component:
    """The two marks of `figures.side_effects.how_often`."""
    return key([("Patients", "text", "circle"), ("Sessions", "accent", "diamond-open")])


def how_often_definition(effects: Mapping[str, Any]) -> Definition:
    """What the two rates of a side effect mean."""
    return Definition(
        "Patients: with at least one occurrence, of patients with at least one session in which side effects were "
        "asked "
        "about (Wilson interval). Sessions: asked sessions with the effect, of asked sessions (interval clustered "
        "by patient: "
        "sessions of one patient are alike). Not asked is never counted as none.",
        n=words.sentence(
            f"{words.count(effects['patients_asked'], 'patient')}, "
            f"{words.count(effects['sessions_asked'], 'session')} asked"
        ),
        source="Wilson 1927; Cochran 1977 (ratio estimator)",
    )


def note(*texts: str) -> Component | None:
    """A quiet line under a figure; None where there is nothing to say."""
    kept: Sequence[str] = [text for text in texts if text]
    return html.P(" ".join(kept), className="card-note") if kept else None


def splits(cohort: CohortFilter) -> Component:
    """Links that split the fading by what each session decides: the comparison further down opens."""
    name = "Split by"
    about = {"data-stay": "view", "data-show": ids.COMPARE}
    links = [
        html.A(by, href=f"?{cohort.to_query()}&{ids.COMPARE_BY}={by}", className="segment", **about)
        for by in ("route", "phase")
    ]
    return html.Nav([html.Span(name, className="segments-name"), *links], className="segments", **{"aria-label": name})
