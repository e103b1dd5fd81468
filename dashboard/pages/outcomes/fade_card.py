"""How does the effect fade between sessions? The card, and the way to the same split by route or phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.figures import fade
from dashboard.pages.card import Definition, Table, card
from dashboard.pages.outcomes.cards import note
from dashboard.words import fade as fade_words
from dashboard.words import sentences as words
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules

FADE_COLUMNS = (
    ("from_days", "From day"),
    ("to_days", "To day"),
    ("scores", "Scores"),
    ("patients", "Patients"),
    ("mean", "Mean change"),
    ("low", "95% low"),
    ("high", "95% high"),
    ("median", "Median"),
)


def fade_card(answer: Mapping[str, Any], cohort: CohortFilter, rules: OutcomeRules) -> Component:
    bins = answer["fade"]
    few = sum(1 for b in bins if 0 < b["scores"] < words.FEW)
    return card(
        "fade",
        "How does the effect fade between sessions?",
        fade_words.fade(bins),
        fade.fade([("All scores", "response", bins)]),
        controls=splits(cohort),
        body=note(
            f"{words.count(few, 'span')} with fewer than {words.FEW} scores {'is' if few == 1 else 'are'} not drawn."
            if few
            else ""
        ),
        table=Table(FADE_COLUMNS, bins),
        definition=Definition(
            f"{INSTRUMENTS[cohort.instrument].name} score minus the last score before the session, for scores "
            f"after a session "
            "and before the next one. Mean with a 95% interval clustered by patient.",
            ("fade_pre_session_days",),
            n=words.sentence(words.count(sum(b["scores"] for b in bins), "score")),
            source="Liang and Zeger 1986 (clustered variance)",
        ),
        rules=rules,
    )


def splits(cohort: CohortFilter) -> Component:
    """Links that split the fading by what each session decides: the comparison further down opens."""
    name = "Split by"
    about = {"data-stay": "view", "data-show": ids.COMPARE}
    links = [
        html.A(by, href=f"?{cohort.to_query()}&{ids.COMPARE_BY}={by}", className="segment", **about)
        for by in ("route", "phase")
    ]
    return html.Nav([html.Span(name, className="segments-name"), *links], className="segments", **{"aria-label": name})
