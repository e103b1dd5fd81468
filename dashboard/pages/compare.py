"""Compare: onset, durability and fade of the cohort split by one filter, overlaid, with n."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import data, ids, words
from dashboard.figures import durability, fade, onset
from dashboard.figures.steps import Group
from dashboard.pages import filters
from dashboard.pages.card import Definition, Table, card, message
from dashboard.pages.outcome_cards import note
from dashboard.theme import LIGHT, SERIES
from data_models.cohort_filter import CohortFilter
from data_models.rules import OutcomeRules

KEYS = ("route", "drug", "clinic", "diagnosis", "condition", "phase", "sex", "age_band")
FADE_KEYS = ("route", "phase")  # the session's own, not the course's
MOST_GROUPS = 6
Parts = Mapping[str, Mapping[str, Any]]


def shell() -> Component:
    """The section's heading and control; its charts come when a key is chosen."""
    choice = dmc.Select(
        id=ids.filter_id(ids.COMPARE_BY),
        label="Compare by",
        data=[{"value": "", "label": "Nothing"}, *({"value": key, "label": filters.NAMES[key]} for key in KEYS)],
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
        className="section",
        **{"aria-label": "Compare"},
    )


def register(app: Dash) -> None:
    """The URL's `by` fills the charts; URL and control follow each other as filters do."""

    @app.callback(Output(ids.COMPARE_BODY, "children"), Input(ids.URL, "search"), State(ids.URL, "pathname"))
    def show(search: str | None, pathname: str | None) -> Any:
        if (pathname or "/") != ids.OUTCOMES:
            return no_update
        by = parse_qs((search or "").lstrip("?")).get("by", [""])[0]
        if by not in KEYS or data.suppressed():  # then the tables above are by this key
            return None
        cohort = CohortFilter.from_query(search or "")
        faded = data.fade_by(cohort, by) if by in FADE_KEYS else None
        return cards(data.split(cohort, by), by, data.rules(), data.tests_between(cohort, by)["log_rank"], faded)


def cards(
    parts: Parts,
    by: str,
    rules: OutcomeRules,
    tests: Mapping[str, Any],
    faded: Mapping[str, list[dict[str, Any]]] | None,
) -> Component:
    """Overlaid onset, durability and fade of the largest groups, and their rates as a table."""
    ordered = sorted(parts.items(), key=lambda item: -item[1]["cohort"]["courses"])
    ordered = [item for item in ordered if item[1]["cohort"]["courses"]]
    kept = ordered[:MOST_GROUPS]
    if len(kept) < 2:
        return message(
            f"There is nothing to compare: these courses have fewer than two values of {filters.NAMES[by].lower()}."
        )
    tokens = {
        key: key if by == "route" and key in LIGHT else SERIES[i % len(SERIES)] for i, (key, _) in enumerate(kept)
    }
    names = {key: filters.words(by, key) for key, _ in ordered}

    def groups(*path: str) -> list[Group]:
        found = []
        for key, answer in kept:
            km: Any = answer
            for step in path:
                km = km[step]
            found.append(Group(names[key], km["curve"], km["n"], tokens[key]))
        return found

    more = f" The {MOST_GROUPS} largest of {len(ordered)} groups are drawn." if len(ordered) > MOST_GROUPS else ""
    caution = "Groups differ in more than this: a difference is not an effect." + more
    name = filters.NAMES[by]
    table = _table([_row(names[key], answer) for key, answer in ordered], name)
    meaning = Definition(caution, ("response_improvement", "loss_rule"))

    def one(part: str, question: str, sentence: str, figure: dict[str, Any], *, wide: bool = False) -> Component:
        return card(
            f"compare-{part}",
            question,
            sentence,
            figure,
            body=note("Under the axis: courses at risk." if part != "fade" else ""),
            table=table,
            definition=meaning,
            rules=rules,
            wide=wide,
        )

    bins = [
        (f"{names[key]} (n {sum(b['scores'] for b in part):,})", tokens[key], part) for key, part in _bins(kept, faded)
    ]
    return html.Div(
        [
            one(
                "onset",
                f"How quickly, by {name.lower()}?",
                f"{_medians(kept, names, 'onset')} {words.tests(tests, 'onset')}",
                onset.onset_groups(groups("onset", "kaplan_meier")),
            ),
            one(
                "durability",
                f"How long, by {name.lower()}?",
                f"{_medians(kept, names, 'durability')} {words.tests(tests, 'durability')}",
                durability.durability_groups(groups("durability", "kaplan_meier")),
            ),
            one("fade", f"How does it fade, by {name.lower()}?", words.sentence(caution), fade.fade(bins), wide=True),
        ],
        className="cards",
    )


def _bins(kept: list[tuple[str, Mapping[str, Any]]], faded: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    if faded is None:
        return [(key, answer["fade"]) for key, answer in kept]
    return [(key, faded[key]) for key, _ in kept if key in faded]


def _medians(kept: list[tuple[str, Mapping[str, Any]]], names: Mapping[str, str], part: str) -> str:
    found = []
    for key, answer in kept:
        km = answer[part]["kaplan_meier"]
        if km["n"] < words.FEW:
            found.append(f"{names[key]} too few (n {km['n']:,})")
        elif km["median"] is None:
            found.append(f"{names[key]} not reached (n {km['n']:,})")
        else:
            span = words.interval(km["low"], km["high"]).removeprefix("95% interval ")
            found.append(f"{names[key]} {words.days(km['median'])} ({span}; n {km['n']:,})")
    return words.sentence("medians with 95% intervals: " + ", ".join(found))


def _row(name: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    response = answer["response"]["end_of_induction"]
    return {
        "group": name,
        "courses": answer["cohort"]["courses"],
        "evaluable": answer["cohort"]["evaluable"],
        "response": response["share"],
        "low": response["low"],
        "high": response["high"],
        "measured": response["n"],
        "onset": answer["onset"]["kaplan_meier"]["median"],
        "durability": answer["durability"]["kaplan_meier"]["median"],
    }


def _table(rows: list[dict[str, Any]], name: str) -> Table:
    return Table(
        (
            ("group", name),
            ("courses", "Courses"),
            ("evaluable", "Evaluable"),
            ("measured", "Scored at end of induction"),
            ("response", "Response then"),
            ("low", "95% low"),
            ("high", "95% high"),
            ("onset", "Median days to response"),
            ("durability", "Median days in response"),
        ),
        rows,
    )
