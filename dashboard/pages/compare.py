"""Compare: the cohort's charts split by one filter, overlaid or as small multiples, with n."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard import data, ids, remembered, words
from dashboard.figures import durability, fade, occupancy, onset, side_effects, waterfall
from dashboard.figures.graph import graph
from dashboard.figures.steps import Group
from dashboard.pages import failed, filters
from dashboard.pages.card import Definition, Table, card, message, place, skeleton
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
Parts = Mapping[str, tuple[CohortFilter, Mapping[str, Any]]]
QUESTIONS = {  # heading of each card, before ", by route?"
    "onset": "How quickly",
    "durability": "How long",
    "fade": "How does it fade",
    "occupancy": "Who is in response",
    "waterfall": "Who improved",
    "effects": "At what cost",
}


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
    """The URL's `by` fills the charts; URL and control follow each other as filters do.

    What is quickly counted comes first; its answer holds the places of the other cards, which begin then.
    """

    @remembered.callback(
        app,
        Output(ids.COMPARE_BODY, "children"),
        Input(ids.URL, "search"),
        State(ids.URL, "pathname"),
        on_error=failed.instead_of("Compare"),
    )
    def show(search: str | None, pathname: str | None) -> Any:
        if (pathname or "/") != ids.OUTCOMES:
            return no_update
        groups = asked(search)
        return None if groups is None else first(groups)

    for part, make in LATER.items():
        _register(app, part, make)


def _register(app: Dash, part: str, make: Callable[[Comparison], Component]) -> None:
    question, place_id = QUESTIONS[part], f"compare-{part}-place"

    # The place comes anew with every comparison, so no card of an earlier one can stand among these.
    @remembered.callback(
        app,
        Output(place_id, "children"),
        Input(place_id, "id"),
        State(ids.URL, "search"),
        on_error=failed.instead_of(question, wide=True),
    )
    def show(_: Any, search: str | None) -> Any:
        groups = asked(search)
        return None if groups is None else make(groups)


def asked(search: str | None) -> Comparison | None:
    """The comparison that a URL asks for; None where it asks for none, or where the tables above are by this key."""
    by = parse_qs((search or "").lstrip("?")).get(ids.COMPARE_BY, [""])[0]
    if by not in KEYS or data.suppressed():
        return None
    cohort = CohortFilter.from_query(search or "")
    return Comparison.of(cohort, by)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The groups of one comparison and how they are named, coloured and described."""

    answers: Parts
    by: str
    rules: OutcomeRules
    kept: tuple[str, ...]
    cohort: CohortFilter

    @classmethod
    def of(cls, cohort: CohortFilter, by: str) -> Comparison:
        """The comparison of a cohort; drawn are the largest groups that have a course, in order of size."""
        answers = data.split(cohort, by)
        courses = {key: answer["cohort"]["courses"] for key, (_, answer) in answers.items()}
        kept = [key for key in sorted(courses, key=lambda key: -courses[key]) if courses[key]]
        return cls(answers, by, data.rules(), tuple(kept[:MOST_GROUPS]), cohort)

    def figures(self, key: str) -> Mapping[str, Any]:
        """The summary of one group."""
        return self.answers[key][1]

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
        found = sum(1 for _, answer in self.answers.values() if answer["cohort"]["courses"])
        more = f" The {MOST_GROUPS} largest of {found} groups are drawn." if found > MOST_GROUPS else ""
        return "Groups differ in more than this: a difference is not an effect." + more

    def curves(self, part: str) -> list[Group]:
        """Kaplan-Meier curves of onset or durability."""
        found = [(key, self.figures(key)[part]["kaplan_meier"]) for key in self.kept]
        return [Group(self.called(key), km["curve"], km["n"], self.token(key)) for key, km in found]

    def question(self, part: str) -> str:
        """The heading of a card."""
        return f"{QUESTIONS[part]}, by {self.name.lower()}?"

    def card(self, part: str, sentence: str, figure: Any = None, **more: Any) -> Component:
        """One card of the comparison."""
        given: dict[str, Any] = {
            "table": self.rates(),
            "definition": Definition(self.caution, ("response_improvement", "loss_rule")),
        }
        return card(f"compare-{part}", self.question(part), sentence, figure, **(given | {"rules": self.rules} | more))

    def rates(self) -> Table:
        """Rates and medians, one row a group, drawn or not."""
        ordered = sorted(self.answers.items(), key=lambda item: -item[1][1]["cohort"]["courses"])
        shown = [_row(self.called(key), answer) for key, (_, answer) in ordered if answer["cohort"]["courses"]]
        return _table(shown, self.name)


def _few(by: str) -> Component:
    return message(
        f"There is nothing to compare: these courses have fewer than two values of {filters.NAMES[by].lower()}."
    )


def first(groups: Comparison) -> Component:
    """Onset and durability, which are quickly counted, and the places of the rest.

    Of a split by the session's phase only what sessions can tell: courses pass through the phases.
    """
    if len(groups.kept) < 2:
        return _few(groups.by)
    if groups.by == OF_SESSIONS:
        said = "A course passes through these phases: how quickly and how long it responds cannot be split by them."
        rest = html.Div([_place(groups, "fade"), _place(groups, "effects")], className="cards")
        return html.Div([html.P(said, className="card-note"), rest])
    tests = data.tests_between(groups.cohort, groups.by)
    at_risk = note("Under the axis: courses at risk.")
    shown = [
        groups.card(
            "onset",
            f"{_medians(groups, 'onset')} {words.tests(tests, 'onset')}",
            onset.onset_groups(groups.curves("onset")),
            body=at_risk,
        ),
        groups.card(
            "durability",
            f"{_medians(groups, 'durability')} {words.tests(tests, 'durability')}",
            durability.durability_groups(groups.curves("durability")),
            body=at_risk,
        ),
    ]
    return html.Div([*shown, *(_place(groups, part) for part in LATER)], className="cards")


def _place(groups: Comparison, part: str) -> Component:
    return place(f"compare-{part}-place", skeleton(f"compare-{part}", groups.question(part), 300, wide=True))


def fade_card(groups: Comparison) -> Component:
    """Change since the score before a session, a line a group."""
    found = _bins(groups)
    bins = [
        (f"{groups.called(key)} (n {sum(b['scores'] for b in part):,})", groups.token(key), part) for key, part in found
    ]
    rows = [{"group": groups.called(key), **b} for key, part in found for b in part]
    return groups.card(
        "fade",
        words.sentence(groups.caution),
        fade.fade(bins),
        table=Table((("group", groups.name), *FADE_COLUMNS), rows),
        wide=True,
    )


def occupancy_card(groups: Comparison) -> Component:
    """Who is in response over time: one small chart a group."""
    shown, rows = [], []
    for key in groups.kept:
        answer = groups.figures(key)
        spans, courses = answer["occupancy"], answer["cohort"]["courses"]
        title = f"{groups.called(key)} (n {courses:,})"
        shown.append((title, occupancy.occupancy(spans, courses, SMALL), words.occupancy(spans, courses)))
        rows += [{"group": groups.called(key), **row} for row in spans]
    said = [
        f"{groups.called(key)} {words.percent(words.at_day(found['occupancy'], 28.0, 'day')['response'])} "
        f"(n {found['cohort']['courses']:,})"
        for key in groups.kept
        if (found := groups.figures(key))["occupancy"] and found["cohort"]["courses"] >= words.FEW
    ]
    return groups.card(
        "occupancy",
        words.sentence("known to be in response 28 days after the first session: " + ", ".join(said))
        if said
        else f"No group has {words.FEW} courses.",
        body=multiples(shown),
        table=Table(
            (("group", groups.name), ("day", "Day"), *((key, name) for name, _, key in occupancy.LAYERS)), rows
        ),
        wide=True,
    )


def waterfall_card(groups: Comparison) -> Component:
    """Who improved: one small chart a group, on one axis of change."""
    instrument, found = groups.cohort.instrument, {}
    for key in groups.kept:
        cohort, answer = groups.answers[key]
        found[key] = measured_changes(data.course_values(cohort), answer["cohort"]["courses"], instrument, groups.rules)
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
        words.sentence(f"{what}: {', '.join(said)}") if said else f"No group has {words.FEW} measured courses.",
        body=multiples(shown),
        table=Table((("group", groups.name), ("state", "At the last score"), ("courses", "Courses")), rows),
        wide=True,
    )


def effects_card(groups: Comparison) -> Component:
    """Side effects per session, a mark a group."""
    found = [(key, groups.figures(key)["side_effects"]) for key in groups.kept]
    shown = [
        {"group": key, "sessions_asked": effects["sessions_asked"], "per_session": effects["per_session"]}
        for key, effects in found
        if effects.get("sessions_asked")
    ]
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


LATER: Mapping[str, Callable[[Comparison], Component]] = {
    "fade": fade_card,
    "occupancy": occupancy_card,
    "waterfall": waterfall_card,
    "effects": effects_card,
}


def _bins(groups: Comparison) -> list[tuple[str, Any]]:
    if groups.by not in FADE_KEYS:
        return [(key, groups.figures(key)["fade"]) for key in groups.kept]
    faded = data.fade_by(groups.cohort, groups.by)
    return [(key, faded[key]) for key in groups.kept if key in faded]


def _medians(groups: Comparison, part: str) -> str:
    found = []
    for key in groups.kept:
        km, name = groups.figures(key)[part]["kaplan_meier"], groups.called(key)
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
