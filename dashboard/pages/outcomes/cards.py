"""The cards of the Outcomes page, made from one summary: the same numbers as the export's and the report's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.figures import durability, funnel, occupancy, onset, side_effects
from dashboard.figures.steps import stops_early
from dashboard.pages.card import behind, card, place
from dashboard.pages.card_tables import curve_table, onset_table, response_table, share_table
from dashboard.pages.legend import key
from dashboard.questions.view import Definition, Table
from dashboard.words import sentences as words
from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.definitions.rules import OutcomeRules

Summary = Mapping[str, Any]
UNDER_AXIS = "Rows under the axis: still at risk after that time; events and censored up to and at it."
HEADLINES = (
    "Response at end of induction",
    "Remission at end of induction",
    "Worse at end of induction",
    "Median time to response",
    "Median durability of response",
    "Sessions with any side effect",
)


def first(
    answer: Summary, cohort: CohortFilter, rules: OutcomeRules, headlines_id: str, any_effect_id: str
) -> list[Component]:
    """What is quickly counted, funnel and onset; between them the places of the headlines, with their definitions."""
    *waiting, any_effect = waiting_headlines()
    places = [place(headlines_id, *waiting), place(any_effect_id, any_effect)]
    return [
        html.Div(funnel_card(answer, INSTRUMENTS[cohort.instrument], rules), className="cards"),
        html.Div(places, className="headlines", role="group", **{"aria-label": "Headline figures"}),
        behind("headlines", "Headline figures", None, headline_definition(answer["cohort"], cohort, rules), rules),
        html.Div([onset_card(answer, rules), sessions_card(answer, rules)], className="cards"),
    ]


def funnel_card(answer: Summary, scale: Instrument, rules: OutcomeRules) -> Component:
    steps = funnel.steps(answer["cohort"])
    strip = [
        html.Div(
            [
                html.Dt(step["step"]),
                html.Dd([f"{step['courses']:,}", html.Span(words.percent(step["share"]), className="share")]),
                html.Div(
                    html.I(style={"width": f"{100 * (step['share'] or 0):.1f}%"}),
                    className="funnel-bar",
                    **{"aria-hidden": "true"},
                ),
            ],
            className="funnel-step",
        )
        for step in steps
    ]
    return card(
        "funnel",
        "On whom do these figures rest?",
        words.funnel(answer["cohort"]),
        body=html.Dl(strip, className="funnel"),
        table=Table((("step", "Step"), ("courses", "Courses"), ("share", "Share of treated")), steps),
        definition=Definition(
            "A course is a run of sessions without a long gap. Its baseline is the last score before its first "
            "session; "
            f"with follow-up means a baseline above {scale.minimum:g} and at least one later score.",
            (
                "course_gap_days",
                "baseline_window_days",
                "induction_gap_days",
                "induction_max_sessions",
                "end_of_induction_days",
            ),
            n=words.sentence(words.count(answer["cohort"]["courses"], "treated course")),
        ),
        rules=rules,
        wide=True,
    )


def headline_definition(counted: Mapping[str, Any], cohort: CohortFilter, rules: OutcomeRules) -> Definition:
    """What the headline figures mean on the cohort's scale, and of whom they are shares; `counted`: the funnel."""
    scale, cutoff, least = INSTRUMENTS[cohort.instrument], rules.remission_cutoff(cohort.instrument), ""
    if words.least_change(scale):
        least = f"{words.least_change(scale)} or more above baseline, the smallest meaningful change"
    said = [
        "The end-of-induction score is the last one after the last induction session, within "
        f"{rules.end_of_induction_days:g} days of it and not after the next session's start.",
        f"Response: an improvement by {words.percent(rules.response_improvement)} of {scale.of_baseline} or more.",
        "Remission: "
        + (f"{scale.name} {cutoff:g} or less." if cutoff is not None else f"{scale.name} has no cut-off."),
        f"Worse: {scale.name} {least}." if least else f"Worse: {scale.name} has no agreed smallest meaningful change.",
        "Each is first a share of the courses measured then, below it of all treated courses, the unmeasured counted "
        "as not in response or remission. Worse is of the measured alone: to count the unmeasured as not worse would "
        "flatter. Intervals are Wilson's, or clustered by patient where patients have several courses.",
        "The medians are those of the curves below, of evaluable courses and of courses in response at the end of "
        "induction. Sessions with any side effect are of those in which side effects were asked about.",
    ]
    if cohort.min_hours_since_session is not None:
        said.append(f"Scores less than {cohort.min_hours_since_session:g} hours after a session are not counted then.")
    names = ("response_improvement", "end_of_induction_days", "baseline_window_days", "loss_rule")
    n = f"{words.count(counted['courses'], 'treated course')}, {counted['end_of_induction_scored']:,} scored then"
    return Definition(" ".join(said), names, n=words.sentence(n), source=scale.source)


def headlines(answer: Summary) -> list[Component]:
    """Five values with interval and n; rates at end of induction with both denominators."""
    response, remission, worse = answer["response"], answer["remission"], answer["worse"]
    onset_km, durable = answer["onset"]["kaplan_meier"], answer["durability"]["kaplan_meier"]
    return [
        _rate_tile(HEADLINES[0], response["end_of_induction"], response["end_of_induction_all_treated"]),
        _rate_tile(HEADLINES[1], remission["end_of_induction"], remission["end_of_induction_all_treated"]),
        _rate_tile(HEADLINES[2], worse["end_of_induction"], None),
        _median_tile(HEADLINES[3], onset_km, "evaluable course"),
        _median_tile(HEADLINES[4], durable, "course in response", "courses in response"),
    ]


def any_effect_tile(share: Mapping[str, Any]) -> Component:
    """Sessions with any side effect, of sessions in which they were asked about."""
    return _rate_tile(HEADLINES[5], share["per_session"], None, "sessions asked")


def waiting_headlines() -> list[Component]:
    """The headlines while their numbers are on the way."""
    return [_waiting_tile(name) for name in HEADLINES]


def _waiting_tile(name: str) -> Component:
    bones = [html.Div(className="bone bone-value"), html.Div(className="bone bone-line")]
    return html.Div([html.H3(name), *bones], className="headline", **{"aria-busy": "true"})


def _tile(name: str, value: list[Any] | str, *lines: str) -> Component:
    return html.Div(
        [html.H3(name), html.Div(value, className="value"), *(html.P(text) for text in lines)], className="headline"
    )


def _rate_tile(
    name: str, share: Mapping[str, Any], treated: Mapping[str, Any] | None, unit: str = "measured"
) -> Component:
    if not share["n"]:
        return _tile(name, "–", "Not measured, or no agreed cut-off")
    of = f"{share['events']:,} of {share['n']:,} {unit}"
    lines = [f"{words.share_interval(share)}", of]
    if treated and treated["n"]:
        lines.append(
            f"{words.percent(treated['share'])} of all {treated['n']:,} treated ({words.share_interval(treated)})"
        )
    return _tile(name, words.percent(share["share"]), *lines)


def _median_tile(name: str, km: Mapping[str, Any], unit: str, units: str | None = None) -> Component:
    n = words.count(km["n"], unit, units)
    if km["n"] < words.FEW:
        return _tile(name, "–", f"Too few: {n}")
    if km["median"] is None:
        return _tile(name, html.Small("not reached"), words.interval(km["low"], km["high"], " days"), n)
    value = [words.number(km["median"]), html.Small(" day" if km["median"] == 1 else " days")]
    return _tile(name, value, words.interval(km["low"], km["high"], ""), n + words.few_by(km, km["median"]))


def onset_card(answer: Summary, rules: OutcomeRules) -> Component:
    km, turnbull = answer["onset"]["kaplan_meier"], answer["onset"]["turnbull"]
    return card(
        "onset",
        "How quickly do effects start?",
        words.onset(km),
        onset.onset(km, turnbull),
        body=note(
            "Solid: 1 − Kaplan-Meier with its 95% interval. Dotted: Turnbull, with a band where it is open.",
            words.early_response(answer["rates"]["early"]),
            words.turnbull_median(turnbull),
            _stop_words(km, onset.LONGEST_DAYS),
        ),
        table=onset_table(km, turnbull),
        definition=Definition(
            "Days from the course's first session to response. The first score in response comes after the response "
            "itself, so each onset lies between the score before (L) and that score (R). The line is 1 − "
            "Kaplan-Meier on R "
            "with log-log intervals; the dotted line is the nonparametric maximum-likelihood estimate for (L, R] "
            "(Turnbull), with a band where any course of "
            "the curve would be as likely. "
            f"Courses without response are censored at their last score. {UNDER_AXIS}",
            ("response_improvement", "baseline_window_days", "course_gap_days"),
            n=words.sentence(f"{words.count(km['n'], 'evaluable course')}, {km['events']:,} responded"),
            source="Kaplan and Meier 1958; Turnbull 1976",
        ),
        rules=rules,
    )


def sessions_card(answer: Summary, rules: OutcomeRules) -> Component:
    km = answer["onset"]["sessions_kaplan_meier"]
    return card(
        "onset-sessions",
        "After how many sessions?",
        words.onset_sessions(km),
        onset.onset_by_session(km),
        body=note(_stop_words(km, 24, "session")),
        table=response_table(km, "Sessions"),
        definition=Definition(
            "Sessions started before the first score in response; courses without response are censored at the "
            "sessions "
            f"started before their last score. 1 − Kaplan-Meier with log-log intervals. {UNDER_AXIS}",
            ("response_improvement",),
            n=words.sentence(f"{words.count(km['n'], 'evaluable course')}, {km['events']:,} responded"),
            source="Kaplan and Meier 1958",
        ),
        rules=rules,
    )


def durability_card(answer: Summary, rules: OutcomeRules) -> Component:
    km = answer["durability"]["kaplan_meier"]
    return card(
        "durability",
        "How long do they last?",
        words.durability(km),
        durability.durability(km),
        body=note(
            _stop_words(km, durability.LONGEST_DAYS),
            "Re-treatment counts as censoring here; it may be informative: boosters are given when effects fade. "
            "Each course is at risk from its end-of-induction score on.",
        ),
        table=curve_table(km, "Day", "Still in response"),
        definition=Definition(
            "Days from the last induction session to loss of response, of courses in response at the end of "
            "induction; each "
            "counts from that score on (delayed entry). Kaplan-Meier with Greenwood's variance and log-log intervals. "
            f"{UNDER_AXIS}",
            ("loss_rule", "loss_confirmations", "response_improvement", "end_of_induction_days"),
            n=words.sentence(f"{words.count(km['n'], 'course')} in response, {km['events']:,} lost it"),
            source="Kaplan and Meier 1958; Greenwood 1926",
        ),
        rules=rules,
    )


def competing_card(answer: Summary, rules: OutcomeRules) -> Component:
    km, rows = answer["durability"]["kaplan_meier"], answer["durability"]["aalen_johansen"]
    return card(
        "competing",
        "Lost, or treated again first?",
        words.competing(rows, km),
        durability.competing(rows, km),
        body=note(
            _stop_words(km, durability.LONGEST_DAYS, what="areas stop"),
            "Re-treatment is an outcome of its own here: the shares add up to all responders.",
        ),
        table=Table(
            (("days", "Day"), ("in_response", "In response"), ("retreated", "Re-treated"), ("loss", "Lost")),
            durability.thinned(rows),
        ),
        definition=Definition(
            "Cumulative incidence of loss of response with re-treatment as a competing event (Aalen-Johansen); "
            "the same "
            "courses and the same clock as the durability curve.",
            ("loss_rule", "loss_confirmations", "end_of_induction_days"),
            n=words.sentence(words.count(km["n"], "course") + " in response at the end of induction"),
            source="Aalen and Johansen 1978",
        ),
        rules=rules,
    )


def occupancy_card(answer: Summary, rules: OutcomeRules) -> Component:
    rows, courses = answer["occupancy"], answer["cohort"]["courses"]
    return card(
        "occupancy",
        "Who is in response over time?",
        words.occupancy(rows, courses),
        occupancy.occupancy(rows, courses),
        table=Table((("day", "Day"), *((key, name) for name, _, key in occupancy.LAYERS)), rows),
        definition=Definition(
            "Of all courses started, by day since the first session. A state holds after its score until the next "
            "one, for "
            "a limited time; then the course is not measured. Left: the record of the course has ended.",
            ("state_hold_days", "response_improvement", "partial_improvement"),
            n=words.sentence(words.count(courses, "course") + " started"),
        ),
        rules=rules,
    )


def cost_card(answer: Summary, rules: OutcomeRules) -> Component:
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


def _stop_words(km: Mapping[str, Any], limit: float, unit: str = "day", what: str = "curve stops") -> str:
    end = stops_early(km["curve"]) if km["curve"] else None
    if not end or km["n"] < words.FEW:  # at 0 nothing is drawn, and the figure says so
        return ""
    if end > limit:
        return f"Drawn to {unit} {words.number(limit)}; the table has the rest."
    return f"The {what} at {unit} {words.number(end)}: fewer than {words.FEW} are at risk after it."


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
