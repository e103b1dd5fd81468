"""Compare: the cohort's charts split by one filter, overlaid or as small multiples, with n."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import ids
from dashboard.answers import cache, data
from dashboard.pages import failure
from dashboard.pages.card import message, place, skeleton
from dashboard.pages.outcomes.comparison import QUESTIONS, Comparison
from dashboard.questions import durability, fade, occupancy, onset, rate_comparison, side_effects, states, waterfall
from data_models.definitions.filters import FILTERS, CohortFilter
from data_models.questions.fade import Fade

FADE_KEYS = ("route", "phase")  # the session's own, not the course's


def shell() -> Component:
    """The section's heading and control; its charts come when a key is chosen."""
    choice = dmc.Select(
        id=ids.filter_id(ids.COMPARE_BY),
        label="Compare by",
        data=[{"value": "", "label": "Nothing"}, *({"value": row.key, "label": row.label} for row in FILTERS.values())],
        value=None,  # the URL decides
        allowDeselect=False,
        size="xs",
        className="filter",
    )
    return html.Section(
        [
            html.Div([html.H2("Compare", className="section-title"), choice], className="section-head"),
            html.Div(id=ids.COMPARE_BODY, className="page-body"),
        ],
        id=ids.COMPARE,
        className="section",
        tabIndex=-1,
        **{"aria-label": "Compare"},
    )


def register(app: Dash) -> None:
    """The URL's `by` fills the charts; URL and control follow each other as filters do.

    What is quickly counted comes first; its answer holds the places of the other cards, which begin then.
    """

    @cache.callback(
        app,
        Output(ids.COMPARE_BODY, "children"),
        Input(ids.URL, "search"),
        State(ids.URL, "pathname"),
        on_error=failure.instead_of("Compare"),
    )
    def show(search: str | None, pathname: str | None) -> Any:
        if (pathname or "/") != ids.OUTCOMES:
            return no_update
        groups = asked(search)
        return None if groups is None else first(groups)

    for part, make in DEFERRED.items():
        _register(app, part, make)


def _register(app: Dash, part: str, make: Callable[[Comparison], Component]) -> None:
    question, place_id = QUESTIONS[part], f"compare-{part}-place"

    # The place comes anew with every comparison, so no card of an earlier one can stand among these.
    @cache.callback(
        app,
        Output(place_id, "children"),
        Input(place_id, "id"),
        State(ids.URL, "search"),
        on_error=failure.instead_of(question, wide=True),
    )
    def show(_: Any, search: str | None) -> Any:
        groups = asked(search)
        return None if groups is None else make(groups)


def asked(search: str | None) -> Comparison | None:
    """The comparison that a URL asks for; None where it asks for none, or where the tables above are by this key."""
    by = parse_qs((search or "").lstrip("?")).get(ids.COMPARE_BY, [""])[0]
    if by not in FILTERS:
        return None
    cohort = CohortFilter.from_query(search or "")
    return Comparison.of(cohort, by)


def _few(by: str) -> Component:
    return message(
        f"There is nothing to compare: these courses have fewer than two values of {FILTERS[by].label.lower()}."
    )


def first(groups: Comparison) -> Component:
    """Onset and durability, which are quickly counted, between the places of the rest: the rates come first.

    Of a split by the session's phase only what sessions can tell: courses pass through the phases.
    """
    if len(groups.kept) < 2:
        return _few(groups.by)
    if FILTERS[groups.by].of == "session":
        said = "A course passes through these phases: how quickly and how long it responds cannot be split by them."
        rest = html.Div([_place(groups, "fade"), _place(groups, "effects")], className="cards")
        return html.Div([html.P(said, className="card-note"), rest])
    shown = [
        groups.show(onset.compare(groups.drawn(groups.each(lambda figures: figures.onset)))),
        groups.show(durability.compare(groups.drawn(groups.each(lambda figures: figures.durability)))),
    ]
    rates, *later = (_place(groups, part) for part in DEFERRED)
    return html.Div([rates, *shown, *later], className="cards")


def _place(groups: Comparison, part: str) -> Component:
    doing = fade.WAITING if part == "fade" else ""
    bones = skeleton(f"compare-{part}", groups.question(part), 300, wide=True, doing=doing)
    return place(f"compare-{part}-place", bones)


def rates_card(groups: Comparison) -> Component:
    """Who responds: rates as they are, and as if the groups' courses were alike."""
    found = data.rates_compared(groups.cohort, groups.by)
    return groups.show(rate_comparison.view(found, groups.by, groups.called))


def fade_card(groups: Comparison) -> Component:
    """Change since the score before a session, a line a group."""
    return groups.show(fade.compare(groups.drawn(_fades(groups)), groups.name, groups.caution))


def states_card(groups: Comparison) -> Component:
    """The share in response over time, a line a group, and the days in response."""
    return groups.show(states.compare(groups.drawn(groups.each(lambda figures: figures.states)), groups.name))


def occupancy_card(groups: Comparison) -> Component:
    """Who is in response over time: one small chart a group."""
    return groups.show(occupancy.compare(groups.drawn(groups.each(lambda figures: figures.occupancy)), groups.name))


def waterfall_card(groups: Comparison) -> Component:
    """Who improved: one small chart a group, on one axis of change."""
    found = groups.drawn(groups.each(lambda figures: figures.waterfall))
    return groups.show(waterfall.compare(found, groups.name, groups.cohort, groups.rules, rounded=data.suppressed()))


def effects_card(groups: Comparison) -> Component:
    """Side effects per session, a mark a group."""
    found = groups.drawn(groups.each(lambda figures: figures.side_effects))
    return groups.show(side_effects.compare(found, groups.name))


DEFERRED: Mapping[str, Callable[[Comparison], Component]] = {
    "rates": rates_card,
    "states": states_card,
    "fade": fade_card,
    "occupancy": occupancy_card,
    "waterfall": waterfall_card,
    "effects": effects_card,
}


def _fades(groups: Comparison) -> dict[str, Fade]:
    if groups.by not in FADE_KEYS:
        return groups.each(lambda figures: figures.fade)
    return data.fade_by(groups.cohort, groups.by)
