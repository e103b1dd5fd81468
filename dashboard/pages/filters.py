"""The filter bar: which courses a page is about. The URL holds its state; bar and URL follow each other.

Controls change the URL and the URL changes the controls (back, forward, a copied link), both in the
browser (`assets/filters.js`). Pages listen to the URL alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.access import trail
from dashboard.answers import cache, data
from dashboard.exports.rounding import ROUNDED_NOTE
from dashboard.pages.card import message
from dashboard.words import numbers
from data_models.definitions.filters import FILTERS, HOURS, CohortFilter, Filter
from data_models.definitions.instruments import INSTRUMENTS

HOURS_CHOICES = (("", "Any time"), ("24", "24 h or later"), ("72", "3 days or later"), ("168", "7 days or later"))
_ALWAYS_SHOWN = ("clinic", "route", "diagnosis")
_PAST = "past-filters"  # where the keyboard goes on that skips them


def described(cohort: CohortFilter) -> str:
    """The filters that are on, in words; empty where none is."""
    return "; ".join(_described(FILTERS[key], values) for key, values in cohort.chosen)


def _described(row: Filter, values: Sequence[str]) -> str:
    return f"{row.label.lower()} {' or '.join(map(row.words, values))}"


def left_out(cohort: CohortFilter) -> list[tuple[str, int]]:
    """Each filter on courses that is on, in words, and how many courses match all the others but not it.

    For a cohort without a course. What is of sessions and time since one leave no course out.
    """
    from data_models.questions.funnel import funnel

    on = [(FILTERS[key], values) for key, values in cohort.chosen if FILTERS[key].of != "session"]
    others = ((row, values, data.ask(funnel, cohort.with_values(row.key, ()), data.RULES)) for row, values in on)
    return [(_described(row, values), found.courses or 0) for row, values, found in others]


def reach(cohort: CohortFilter) -> Component | None:
    """What the filters that are on do not reach on the page Outcomes; None where each reaches every figure."""
    said = []
    of_sessions = [FILTERS[key].label for key, _ in cohort.chosen if FILTERS[key].of == "session"]
    if of_sessions:
        limits = f"{numbers.listing(of_sessions)} {'limits' if len(of_sessions) == 1 else 'limit'}"
        said.append(f"{limits} the fade and the side effects only; all other figures are of whole courses.")
    if cohort.min_hours_since_session is not None:
        said.append(
            "Hours since the session limit the scores at the end of induction and the last scores only: the funnel's "
            "last step, response, remission, worse, and who improved. All other figures count every score."
        )
    return html.P(" ".join(said), className="card-note filters-reach") if said else None


def too_few_match(cohort: CohortFilter) -> str:
    """The empty state of rounded counts, where few are not told from none."""
    said = described(cohort) or "no filter"
    return numbers.sentence(f"{numbers.HIDDEN} patients or courses, or none, match these filters: {said}")


def nothing_matches(cohort: CohortFilter) -> str:
    """The empty state: which filters left nothing."""
    said = described(cohort)
    return numbers.sentence(
        f"no courses match these filters: {said}" if said else "there are no records in this store yet"
    )


def nothing(cohort: CohortFilter) -> Component:
    """The empty state of a cohort page; those who see rounded counts are not told few from none."""
    if data.suppressed():
        return message(too_few_match(cohort), title="Too few to show", wide=True)
    said = [nothing_matches(cohort), left_out_words(left_out(cohort))]
    return message(" ".join(text for text in said if text), title="Nothing to show", wide=True)


def rounded(page: str, cohort: CohortFilter) -> Component | None:
    """What those who see rounded counts are told of them, once a page, when the trail knows; None for others."""
    if not data.suppressed():
        return None
    trail.note_figures(page, cohort.to_query())
    return html.P(f"{ROUNDED_NOTE}.", className="card-note")


def left_out_words(found: Sequence[tuple[str, int]]) -> str:
    """Which filter leaves how many courses out that all the others keep."""
    counted = sorted(((name, n) for name, n in found if n), key=lambda one: -one[1])
    if not found:
        return ""
    if not counted:
        return "No single filter leaves them out: take off two or more." if len(found) > 1 else ""
    if len(found) == 1:
        name, n = counted[0]
        return f"{n:,} {'was' if n == 1 else 'were'} left out by {name}."
    return numbers.sentence(
        "left out by one filter alone: " + numbers.listing(f"{n:,} by {name}" for name, n in counted)
    )


def bar(*, of_scores: bool = True) -> Component:
    """The bar's empty shell; its choices come from the store. `of_scores`: whether the page rests on scores."""
    bone = html.Div(className="bone", style={"height": "52px"})
    about = {} if of_scores else {"data-scores": "none"}
    return html.Div(
        [
            html.A("Skip the filters", href=f"#{_PAST}", className="skip-link"),
            html.Div(bone, id=ids.FILTER_BAR, className="filter-bar", **about),
            html.Div(id=ids.FILTER_CHIPS, className="chips"),
            html.Span(id=_PAST, tabIndex=-1),
        ],
        className="filters",
        role="search",
        **{"aria-label": "Filters"},
    )


def controls(present: dict[str, list[str]], cohort: CohortFilter, *, of_scores: bool = True) -> list[Component]:
    """The controls, offering the values that the store has and those that the URL asks for.

    Without `of_scores` those that choose among scores are left out, and with them their chips; the URL keeps them.
    """
    known = [
        code for code in INSTRUMENTS if code in present.get("instrument", INSTRUMENTS) or code == cohort.instrument
    ]
    instrument = dmc.Select(
        id=ids.filter_id("instrument"),
        label="Scale",
        data=[{"value": code, "label": INSTRUMENTS[code].name} for code in known],
        value=cohort.instrument,
        allowDeselect=False,
        comboboxProps={"withinPortal": True},
        className="filter",
        size="xs",
    )
    by_key = {key: _choice(row, present.get(key, []), cohort) for key, row in FILTERS.items()}
    hours = cohort.min_hours_since_session
    since = dmc.Select(
        id=ids.filter_id(HOURS),
        label="Scores since a session",
        data=[{"value": value, "label": text} for value, text in HOURS_CHOICES],
        value=f"{hours:g}" if hours is not None else "",
        allowDeselect=False,
        className="filter",
        size="xs",
    )
    first = [by_key[key] for key in _ALWAYS_SHOWN]
    more = [by_key[key] for key in FILTERS if key not in _ALWAYS_SHOWN]
    if of_scores:
        first, more = [instrument, *first], [*more, since]
    return [
        html.Div(first, className="filter-row"),
        html.Details([html.Summary("More filters"), html.Div(more, className="filter-row")], className="filter-more"),
    ]


def not_understood(query: str) -> list[Component]:
    """What of the address is no filter of ours, in words: figures under it are of more patients than it asks for."""
    labels = {"instrument": "scale", HOURS: "scores since a session"}
    keys = [labels.get(key) or FILTERS[key].label.lower() for key in CohortFilter.dropped(query)]
    if not keys:
        return []
    words = f"The address asks for a {numbers.listing(keys)} that there is not; that part of it is left out."
    return [html.P(words, className="card-note", role="alert")]


def _choice(row: Filter, present: list[str], cohort: CohortFilter) -> Component:
    chosen = list(cohort[row.key])
    values = [*present, *(v for v in chosen if v not in present)]
    return dmc.MultiSelect(
        id=ids.filter_id(row.key),
        label=row.label,
        data=[{"value": v, "label": row.words(v)} for v in values],
        value=chosen,
        placeholder="" if chosen else "All",
        clearable=True,
        clearButtonProps={"aria-label": f"Clear {row.label.lower()}"},
        hidePickedOptions=False,
        className="filter",
        size="xs",
    )


def text(key: str, label: str, placeholder: str) -> Component:
    """A field whose text has a place in the URL, under `key`: told as it is left, or a moment after the last key."""
    told = {"debounce": True, "className": "filter typed-filter"}  # the moment is that of `assets/filters.js`
    return dmc.TextInput(id=ids.filter_id(key), label=label, placeholder=placeholder, size="xs", **told)


def register(app: Dash) -> None:
    """Fill the bar from the store; keep bar, chips and URL together."""

    @cache.callback(
        app,
        Output(ids.FILTER_BAR, "children"),
        Input(ids.FILTER_BAR, "id"),
        State(ids.URL, "search"),
        State(ids.FILTER_BAR, "data-scores"),
    )
    def fill(_: str, search: str | None, scores: str | None) -> Any:
        from data_models.questions.filter_choices import choices

        query, of_scores = search or "", scores != "none"
        return [
            *not_understood(query),
            *controls(data.ask(choices), CohortFilter.from_query(query), of_scores=of_scores),
        ]

    app.clientside_callback(
        ClientsideFunction("filters", "follow"),
        Output({"type": ids.FILTER, "key": ALL}, "value"),
        Output({"type": ids.FILTER_CHIPS["type"], "at": ALL}, "children"),
        Input(ids.URL, "search"),
        Input({"type": ids.FILTER, "key": ALL}, "value"),
        State({"type": ids.FILTER, "key": ALL}, "id"),
        State({"type": ids.FILTER, "key": ALL}, "data"),
        State({"type": ids.FILTER, "key": ALL}, "label"),
        State({"type": ids.FILTER_CHIPS["type"], "at": ALL}, "id"),
    )
