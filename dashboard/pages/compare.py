"""Compare: the cohort's charts split by one filter, overlaid or as small multiples, with n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
import pandas as pd
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import data, ids, words
from dashboard.figures import durability, fade, occupancy, onset, side_effects, waterfall
from dashboard.figures.graph import graph
from dashboard.figures.steps import Group
from dashboard.pages import filters
from dashboard.pages.card import Definition, Table, card, message
from dashboard.pages.card_tables import SHARE_COLUMNS
from dashboard.pages.outcome_cards import FADE_COLUMNS, measured_changes, note
from dashboard.theme import LIGHT, SERIES
from data_models.cohort_filter import CohortFilter
from data_models.rules import OutcomeRules
from data_models.vocabulary import label

KEYS = ("route", "drug", "clinic", "diagnosis", "condition", "phase", "sex", "age_band", "first_session_year")
FADE_KEYS = ("route", "phase")  # the session's own, not the course's
OF_SESSIONS = "phase"  # a key of sessions: courses cannot be told apart by it
MOST_GROUPS = 6
SMALL = 210  # pixels: the height of a small multiple
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
        from data_models.cohort import parts as parts_of  # late: starting the dashboard imports no statistics

        faded = data.fade_by(cohort, by) if by in FADE_KEYS else None
        answers = data.split(cohort, by)
        if by == OF_SESSIONS:
            return session_cards(answers, by, data.rules(), faded)
        chosen = kept_of(answers)
        changes = {
            key: data.course_values(part) for key, part in data.ask(parts_of, cohort, by).items() if key in chosen
        }
        tests = data.tests_between(cohort, by)["log_rank"]
        return cards(answers, by, data.rules(), tests, faded, changes, cohort.instrument)


def kept_of(answers: Parts) -> list[str]:
    """The values drawn: the largest groups that have a course, in order of size."""
    ordered = sorted(answers, key=lambda key: -answers[key]["cohort"]["courses"])
    return [key for key in ordered if answers[key]["cohort"]["courses"]][:MOST_GROUPS]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The groups of one comparison and how they are named, coloured and described."""

    answers: Parts
    by: str
    rules: OutcomeRules
    kept: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the cohort is split by."""
        return filters.NAMES[self.by]

    def called(self, key: str) -> str:
        return filters.words(self.by, key)

    def token(self, key: str) -> str:
        """Colour of a group: a route keeps its own."""
        return key if self.by == "route" and key in LIGHT else SERIES[self.kept.index(key) % len(SERIES)]

    @property
    def caution(self) -> str:
        found = sum(1 for answer in self.answers.values() if answer["cohort"]["courses"])
        more = f" The {MOST_GROUPS} largest of {found} groups are drawn." if found > MOST_GROUPS else ""
        return "Groups differ in more than this: a difference is not an effect." + more

    def curves(self, part: str) -> list[Group]:
        """Kaplan-Meier curves of onset or durability."""
        found = [(key, self.answers[key][part]["kaplan_meier"]) for key in self.kept]
        return [Group(self.called(key), km["curve"], km["n"], self.token(key)) for key, km in found]

    def card(self, part: str, question: str, sentence: str, figure: Any = None, **more: Any) -> Component:
        """One card of the comparison."""
        given: dict[str, Any] = {
            "table": self.rates(),
            "definition": Definition(self.caution, ("response_improvement", "loss_rule")),
        }
        return card(f"compare-{part}", question, sentence, figure, **(given | {"rules": self.rules} | more))

    def rates(self) -> Table:
        """Rates and medians, one row a group, drawn or not."""
        ordered = sorted(self.answers.items(), key=lambda item: -item[1]["cohort"]["courses"])
        shown = [_row(self.called(key), answer) for key, answer in ordered if answer["cohort"]["courses"]]
        return _table(shown, self.name)


def _few(by: str) -> Component:
    return message(
        f"There is nothing to compare: these courses have fewer than two values of {filters.NAMES[by].lower()}."
    )


def session_cards(
    answers: Parts, by: str, rules: OutcomeRules, faded: Mapping[str, list[dict[str, Any]]] | None
) -> Component:
    """What a split by the session's phase can tell: fade and side effects. Courses pass through the phases."""
    groups = Comparison(answers, by, rules, tuple(kept_of(answers)))
    if len(groups.kept) < 2:
        return _few(by)
    said = "A course passes through these phases: how quickly and how long it responds cannot be split by them."
    return html.Div(
        [
            html.P(said, className="card-note"),
            html.Div([fade_card(groups, faded), effects_card(groups)], className="cards"),
        ]
    )


def cards(
    answers: Parts,
    by: str,
    rules: OutcomeRules,
    tests: Mapping[str, Any],
    faded: Mapping[str, list[dict[str, Any]]] | None,
    changes: Mapping[str, pd.DataFrame],
    instrument: str = "phq9",
) -> Component:
    """Onset, durability, fade and side effects overlaid; occupancy and waterfall as small multiples."""
    groups = Comparison(answers, by, rules, tuple(kept_of(answers)))
    if len(groups.kept) < 2:
        return _few(by)
    at_risk = note("Under the axis: courses at risk.")
    name = groups.name.lower()
    shown = [
        groups.card(
            "onset",
            f"How quickly, by {name}?",
            f"{_medians(groups, 'onset')} {words.tests(tests, 'onset')}",
            onset.onset_groups(groups.curves("onset")),
            body=at_risk,
        ),
        groups.card(
            "durability",
            f"How long, by {name}?",
            f"{_medians(groups, 'durability')} {words.tests(tests, 'durability')}",
            durability.durability_groups(groups.curves("durability")),
            body=at_risk,
        ),
        fade_card(groups, faded),
        occupancy_card(groups),
        waterfall_card(groups, changes, instrument),
        effects_card(groups),
    ]
    return html.Div(shown, className="cards")


def fade_card(groups: Comparison, faded: Mapping[str, list[dict[str, Any]]] | None) -> Component:
    """Change since the score before a session, a line a group."""
    bins = [
        (f"{groups.called(key)} (n {sum(b['scores'] for b in part):,})", groups.token(key), part)
        for key, part in _bins(groups, faded)
    ]
    rows = [{"group": groups.called(key), **b} for key, part in _bins(groups, faded) for b in part]
    return groups.card(
        "fade",
        f"How does it fade, by {groups.name.lower()}?",
        words.sentence(groups.caution),
        fade.fade(bins),
        table=Table((("group", groups.name), *FADE_COLUMNS), rows),
        wide=True,
    )


def occupancy_card(groups: Comparison) -> Component:
    """Who is in response over time: one small chart a group."""
    shown, rows = [], []
    for key in groups.kept:
        answer = groups.answers[key]
        spans, courses = answer["occupancy"], answer["cohort"]["courses"]
        title = f"{groups.called(key)} (n {courses:,})"
        shown.append((title, occupancy.occupancy(spans, courses, SMALL), words.occupancy(spans, courses)))
        rows += [{"group": groups.called(key), **row} for row in spans]
    said = [
        f"{groups.called(key)} {words.percent(words.at_day(found['occupancy'], 28.0, 'day')['response'])} "
        f"(n {found['cohort']['courses']:,})"
        for key in groups.kept
        if (found := groups.answers[key])["occupancy"] and found["cohort"]["courses"] >= words.FEW
    ]
    return groups.card(
        "occupancy",
        f"Who is in response, by {groups.name.lower()}?",
        words.sentence("known to be in response 28 days after the first session: " + ", ".join(said))
        if said
        else f"No group has {words.FEW} courses.",
        body=multiples(shown),
        table=Table(
            (("group", groups.name), ("day", "Day"), *((key, name) for name, _, key in occupancy.LAYERS)), rows
        ),
        wide=True,
    )


def waterfall_card(groups: Comparison, changes: Mapping[str, pd.DataFrame], instrument: str) -> Component:
    """Who improved: one small chart a group, on one axis of change."""
    found = {
        key: measured_changes(changes[key], groups.answers[key]["cohort"]["courses"], instrument, groups.rules)
        for key in groups.kept
        if key in changes
    }
    every = [change for one in found.values() for change in one.changes]
    span = (min(every, default=0.0), max(every, default=0.0))
    shown, said = [], []
    for key, one in found.items():
        title = f"{groups.called(key)} (n {len(one.changes):,}, {one.unmeasured:,} not measured)"
        figure = waterfall.waterfall(one.changes, one.kinds, one.unmeasured, one.least, SMALL, span=span, small=True)
        shown.append((title, figure, words.waterfall(one.changes, one.least, one.unmeasured)))
        if len(one.changes) >= words.FEW:
            enough = sum(c <= -one.least if one.least else c < 0 for c in one.changes)
            share = f"{words.percent(enough / len(one.changes))} ({enough:,} of {len(one.changes):,})"
            said.append(f"{groups.called(key)} {share}")
    least = next((one.least for one in found.values()), None)
    what = f"improved by the smallest meaningful change ({least:g} points) or more" if least else "improved"
    rows = [
        {"group": groups.called(key), "state": state, "courses": count}
        for key, one in found.items()
        for state, count in one.counts()
    ]
    return groups.card(
        "waterfall",
        f"Who improved, by {groups.name.lower()}?",
        words.sentence(f"{what}: {', '.join(said)}") if said else f"No group has {words.FEW} measured courses.",
        body=multiples(shown),
        table=Table((("group", groups.name), ("state", "At the last score"), ("courses", "Courses")), rows),
        wide=True,
    )


def effects_card(groups: Comparison) -> Component:
    """Side effects per session, a mark a group."""
    asked = [
        {
            "group": key,
            "sessions_asked": groups.answers[key]["side_effects"].get("sessions_asked", 0),
            "per_session": groups.answers[key]["side_effects"].get("per_session") or [],
        }
        for key in groups.kept
    ]
    shown = [group for group in asked if group["sessions_asked"]]
    names = {g["group"]: f"{groups.called(g['group'])} (n {g['sessions_asked']:,})" for g in shown}
    largest = max(shown, key=lambda g: g["sessions_asked"], default=None)
    terms = side_effects.shown_terms(largest["per_session"])[:8] if largest else []
    rows = [
        {"group": groups.called(g["group"]), "term": label(row["term"])} | {key: row[key] for key, _ in SHARE_COLUMNS}
        for g in shown
        for row in g["per_session"]
    ]
    said = "Side effects were not asked about in any session here."
    if terms:
        parts = [
            f"{groups.called(g['group'])} {words.rate(row)}"
            for g in shown
            for row in g["per_session"]
            if row["term"] == terms[0]
        ]
        said = words.sentence(f"{label(terms[0]).lower()}, share of sessions: {'; '.join(parts)}")
    return groups.card(
        "effects",
        f"At what cost, by {groups.name.lower()}?",
        said,
        side_effects.by_group([(g["group"], g["per_session"]) for g in shown], terms, groups.by, names),
        body=note("The eight most frequent are drawn, with n sessions asked; the table has all."),
        table=Table((("group", groups.name), ("term", "Side effect"), *SHARE_COLUMNS), rows),
        wide=True,
    )


def multiples(shown: Sequence[tuple[str, dict[str, Any], str]]) -> Component:
    """Small charts side by side, each with its heading and its words."""
    return html.Div(
        [
            html.Figure([html.Figcaption(title), graph(figure, f"{title}: {said}")], className="multiple")
            for title, figure, said in shown
        ],
        className="multiples",
    )


def _bins(groups: Comparison, faded: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    if faded is None:
        return [(key, groups.answers[key]["fade"]) for key in groups.kept]
    return [(key, faded[key]) for key in groups.kept if key in faded]


def _medians(groups: Comparison, part: str) -> str:
    found = []
    for key in groups.kept:
        km, name = groups.answers[key][part]["kaplan_meier"], groups.called(key)
        if km["n"] < words.FEW:
            found.append(f"{name} too few (n {km['n']:,})")
        elif km["median"] is None:
            found.append(f"{name} not reached (n {km['n']:,})")
        else:
            span = words.interval(km["low"], km["high"]).removeprefix("95% interval ")
            found.append(f"{name} {words.days(km['median'])} ({span}; n {km['n']:,})")
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
