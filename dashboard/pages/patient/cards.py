"""The cards of the Patient page: trajectory with its words, item 9, between sessions, in context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboard.figures.base import Figure
from dashboard.figures.between_sessions import between_sessions, between_words
from dashboard.figures.context import ALIGNMENTS, band_at, context
from dashboard.figures.item9 import item9
from dashboard.figures.panel import Row, Rows, records
from dashboard.figures.score_panel import STATES as SCORE_STATES
from dashboard.figures.trajectory import day_range, outcome_of, trajectory, vitals_summary
from dashboard.pages.card import card
from dashboard.pages.graph import graph
from dashboard.pages.patient.components import NOTHING, PatientRecords, segments
from dashboard.pages.patient.query import PatientView
from dashboard.questions.view import Definition, Table
from dashboard.words import numbers
from dashboard.words import patient as words
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import label

# Rules that the trajectory's lines, colours and words rest on.
TRAJECTORY_RULES = (
    "baseline_window_days",
    "response_improvement",
    "partial_improvement",
    "loss_rule",
    "loss_confirmations",
    "end_of_induction_days",
    "induction_gap_days",
    "course_gap_days",
    "predose_systolic_mmhg",
    "predose_diastolic_mmhg",
)


def score_key() -> Component:
    """What the markers mean; the same colours as everywhere."""
    items = [
        html.Li([html.Span(className="dot", style={"color": f"var(--{token})"}), text.capitalize()])
        for text, token in SCORE_STATES.values()
    ]
    items.append(html.Li([html.Span(className="dot ring"), "Hollow: looks back past the latest session"]))
    return html.Ul(items, className="key")


def trajectory_card(found: PatientRecords, view: PatientView, rules: OutcomeRules) -> Component:
    """Part 2 and 3 of the page: the trajectory, and onset and durability in words."""
    figure = trajectory(
        found.scores,
        found.sessions,
        found.side_effects,
        found.outcomes,
        courses=view.courses,
        instruments=view.instruments,
        rules=rules,
        span=view.span,
    )
    several = len(view.courses) > 1
    said: list[Component | str] = []
    for course in view.courses:
        outcome = outcome_of(found.outcomes, course, view.instrument)
        state = words.state_words(outcome, rules)
        # The glance is for where the course stands; how it came there is for those who read on.
        said += ["\n"] if said else []
        said.append(html.Strong(f"Course {course}: {state}" if several else state))
        if words.not_evaluable(outcome, rules) is None:
            said.append(" " + words.course_words(outcome, rules))
    scale = INSTRUMENTS[view.instrument]
    sessions = sessions_of(found, view)
    sentence = "".join(part if isinstance(part, str) else part.children for part in said)
    alt = f"{sentence} {vitals_summary(sessions, rules)} {effects_summary(found, view)}"
    return card(
        "trajectory",
        "Is the response holding?",
        said,
        **_one_or_several(figure, f"Scores, sessions, side effects and vital signs by day. {alt}", len(view.courses)),
        marks=score_key(),
        table=score_table(found, view),
        definition=Definition(
            f"{scale.name}, {scale.better} is better. Days since the course's first session. Response: improvement "
            "from the baseline of at least response_improvement. A hollow marker is a score taken sooner after the "
            f"latest session than the {scale.recall_days} days that the {scale.name} asks about: it looks back past "
            f"that session. The line is broken over gaps of more than 30 days. {vitals_summary(sessions, rules)}",
            rules=TRAJECTORY_RULES,
            n=f"{numbers.quantity(len(score_rows(found, view)), 'score')} and "
            f"{numbers.quantity(len(sessions), 'session')}.",
            source=scale.source,
        ),
        rules=rules,
        wide=True,
    )


def _one_or_several(figure: Figure, alt: str, courses: int) -> dict[str, Any]:
    """The figure of one course; of several, in a frame that scrolls where they do not fit side by side."""
    if courses == 1:
        return {"figure": figure, "alt": alt}
    style = {"--courses": str(courses)}  # read by patient.css
    region = {"role": "region", "aria-label": "Courses side by side"}
    return {"body": html.Div(graph(figure, alt), className="side-by-side", tabIndex=0, style=style, **region)}


def sessions_of(found: PatientRecords, view: PatientView) -> list[Row]:
    """Sessions of the courses shown."""
    return [row for row in found.sessions if row["course"] in view.courses]


def effects_summary(found: PatientRecords, view: PatientView) -> str:
    """Side effects of the courses shown in one sentence; what was not asked is not called none."""
    sessions = sessions_of(found, view)
    asked = sum(row["asked"] == 1 for row in sessions)
    if not asked:
        return "Side effects were not asked about."
    hours = {row["hours"] for row in sessions}
    counts = Counter(term for term, _ in {(e["term"], e["hours"]) for e in found.side_effects if e["hours"] in hours})
    if not counts:
        return f"No side effect in {numbers.quantity(asked, 'session')} in which they were asked about."
    most = sorted(counts, key=lambda term: (-counts[term], term))[:3]
    top = [f"{label(term).lower()} ({counts[term]})" for term in most]
    return f"Side effects in {numbers.quantity(asked, 'session')} asked: {numbers.listing(top)}."


def score_rows(found: PatientRecords, view: PatientView) -> list[Row]:
    """Scores of the courses and scales shown, in time order."""
    shown = [row for row in found.scores if row["course"] in view.courses and row["instrument"] in view.instruments]
    return sorted(shown, key=lambda row: (row["course"], row["days"]))


def score_table(found: PatientRecords, view: PatientView) -> Table:
    """The numbers behind the trajectory's markers."""
    rows = [
        {
            "course": int(row["course"]),
            "instrument": INSTRUMENTS[row["instrument"]].name,
            "days": round(float(row["days"]), 2),
            "score": float(row["score"]),
            "band": INSTRUMENTS[row["instrument"]].band(float(row["score"])),
            "improvement": None if words.missing(row["improvement"]) else round(100 * float(row["improvement"]), 1),
            "state": NOTHING if words.missing(row["state"]) else SCORE_STATES[int(row["state"])][0],
            "since_session": None
            if words.missing(row["since_session_days"])
            else round(float(row["since_session_days"]), 2),
            "recall": "yes" if row["recall"] == 1 else "no",
        }
        for row in score_rows(found, view)
    ]
    columns = (
        ("course", "Course"), ("instrument", "Scale"), ("days", "Day"), ("score", "Score"), ("band", "Band"),
        ("improvement", "Improvement, %"), ("state", "State"), ("since_session", "Days since session"),
        ("recall", "Looks back past session"),
    )  # fmt: skip
    return Table(columns, rows, digits=1)


def between_card(found: PatientRecords, view: PatientView, rules: OutcomeRules) -> Component:
    """Part 4: what each session did."""
    sessions, scores = found.of_course(view.course, view.instrument)
    rows = between_sessions(sessions, scores, rules)
    download = html.Button(
        "Download",
        className="quiet-button",
        type="button",
        **{"data-download": "between-table", "data-name": "between-sessions.csv"},
    )
    scale = INSTRUMENTS[view.instrument]
    return card(
        "between",
        f"What did each session{_of_course(found, view)} do?",
        between_words(rows),
        body=between_table(rows, scale.name, rules),
        controls=download,
        definition=Definition(
            "Before: the last score at or before the session's start, at most fade_pre_session_days old. Lowest after "
            "and the score before the next session: scores after this session's start and not after the next one's.",
            rules=("fade_pre_session_days", "systolic_high_mmhg", "diastolic_high_mmhg"),
            n=f"{numbers.quantity(len(rows), 'session')}.",
        ),
        rules=rules,
        wide=True,
    )


def between_table(rows: Sequence[Mapping[str, Any]], scale: str, rules: OutcomeRules) -> Component:
    """The table of `between_sessions`."""
    heads = (
        ("number", "Session"), ("day", "Day"), ("given", "Dose and route"), ("phase", "Phase"),
        ("before", f"{scale} before"), ("lowest", "Lowest after"), ("days_to_lowest", "Days to lowest"),
        ("before_next", "Before the next"), ("worst", "Worst side effect"), ("pressure", "Highest pressure, mmHg"),
    )  # fmt: skip
    head = html.Tr([html.Th(text, scope="col", className=_side(key), **{"data-key": key}) for key, text in heads])
    body = [html.Tr([_between_cell(key, row, rules) for key, _ in heads]) for row in rows]
    table = html.Table([html.Thead(head), html.Tbody(body)], id="between-table", className="between")
    region = {"role": "region", "aria-label": "Sessions of the course"}
    return html.Div(table, className="between-scroll table-scroll", tabIndex=0, **region)


def _side(key: str) -> str:
    return "" if key in ("given", "phase", "worst") else "number"


def _between_cell(key: str, row: Mapping[str, Any], rules: OutcomeRules) -> Component:
    if key == "pressure":
        high, low = row["systolic"], row["diastolic"]
        if high is None or low is None:
            return html.Td(NOTHING, className="missing", **{"data-value": ""})
        alert = high >= rules.systolic_high_mmhg or low >= rules.diastolic_high_mmhg
        text = f"{high:.0f}/{low:.0f}"
        shown: Any = html.Span(text, className="fact-alert") if alert else text
        return html.Td(shown, className="number", **{"data-value": text, "data-text": "1"})
    value = row[key]
    if value is None:
        return html.Td(NOTHING, className="missing", **{"data-value": ""})
    if isinstance(value, str):
        return html.Td(value, **{"data-value": value, "data-text": "1"})
    return html.Td(numbers.number(float(value)), className="number", **{"data-value": repr(round(float(value), 3))})


def _of_course(found: PatientRecords, view: PatientView) -> str:
    """Which course a card speaks of, where the patient has several."""
    return f" of course {view.course}" if len(found.courses) > 1 else ""


def item9_card(found: PatientRecords, view: PatientView, rules: OutcomeRules) -> Component | None:
    """Part 6: item 9 as its own strip; None where the patient has no PHQ-9."""
    sessions, scores = found.of_course(view.course, "phq9")
    if "phq9" not in found.instruments:
        return None
    answered = [row for row in scores if not words.missing(row["item9"])]
    days, values = [float(row["days"]) for row in answered], [float(row["item9"]) for row in answered]
    rows = [{"days": round(day, 2), "item9": int(value)} for day, value in zip(days, values, strict=True)]
    return card(
        "item9",
        f"What did the patient answer to PHQ-9 item 9{_of_course(found, view)}?",
        words.item9_words(days, values),
        item9(answered, day_range([row["days"] for row in scores], sessions, view.span)),
        table=Table((("days", "Day"), ("item9", "Item 9 (0 to 3)")), rows),
        definition=Definition(
            "Each answer as it was given, 0 to 3; never averaged. A triangle marks an answer of 2 or 3. "
            "The answer supports a clinician's review; it is no assessment of risk.",
            n=f"{numbers.quantity(len(rows), 'answer')}.",
        ),
        rules=rules,
        wide=True,
    )


def context_runs(sessions: Rows, scores: Rows, alignment: str) -> list[tuple[list[float], list[float]]]:
    """This course's scores (in time order) as lines: one from the first session on, or one from each session on."""
    if alignment == "course":
        return [([float(row["days"]) for row in scores], [float(row["score"]) for row in scores])]
    runs: dict[float, tuple[list[float], list[float]]] = {}
    hours = {row["hours"] for row in sessions}
    for row in scores:
        if not words.missing(row["since_session_days"]) and row["session_hours"] in hours:
            days, values = runs.setdefault(row["session_hours"], ([], []))
            days.append(float(row["since_session_days"]))
            values.append(float(row["score"]))
    return [runs[at] for at in sorted(runs)]


def context_card(
    found: PatientRecords,
    view: PatientView,
    rules: OutcomeRules,
    band: pd.DataFrame,
    route: str | None,
    phase: str | None = None,
) -> Component:
    """Part 5: this course over the band of courses of the same scale, route and phase."""
    sessions, scores = found.of_course(view.course, view.instrument)
    runs = context_runs(sessions, scores, view.align)
    named = label(route)
    who = f"{named if named.isupper() else named.lower()} courses" if route else "courses without a recorded route"
    if phase and view.align == "course":
        who += " with induction only" if phase == "induction" else f" with {label(phase).lower()}"
    elif phase:
        who += f" after {label(phase).lower()} sessions"
    mine = [(day, score) for run in runs for day, score in zip(*run, strict=True) if day > 0]
    observed = [row for row in scores if row["days"] > 0]
    said = "This course has no score after its first session to compare."
    if mine and observed:
        latest = observed[-1]
        day = float(latest["days"] if view.align == "course" else latest["since_session_days"])
        said = words.context_words(day, float(latest["score"]), band_at(band, day), who, since=ALIGNMENTS[view.align])
    columns = (
        ("day_from", "From day"), ("day_to", "To day"), ("courses", "Courses"), ("p10", "10th"), ("p25", "25th"),
        ("p50", "Median"), ("p75", "75th"), ("p90", "90th percentile"),
    )  # fmt: skip
    align = segments(
        "Days since the", [(text, view.changed(align=key), key == view.align) for key, text in ALIGNMENTS.items()]
    )
    return card(
        "context",
        f"How does {f'course {view.course}' if len(found.courses) > 1 else 'this course'} compare?",
        said,
        context(band, runs, view.instrument, view.align),
        controls=align,
        table=Table(columns, records(band[[key for key, _ in columns]]), digits=1),
        definition=Definition(
            f"Light band: 10th to 90th percentile, darker band: 25th to 75th, dotted: median of the scores of {who} on "
            f"the {INSTRUMENTS[view.instrument].name}, by days since the {ALIGNMENTS[view.align]}. Bins with fewer "
            "than 5 courses are not drawn.",
            n=f"At most {numbers.quantity(float(band['courses'].max()) if len(band) else 0, 'course')} in a bin.",
        ),
        rules=rules,
        wide=True,
    )
