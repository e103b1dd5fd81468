"""The cards of the Patient page: trajectory with its words, item 9, between sessions, in context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboard import patient_words as words
from dashboard.figures.between_sessions import between_sessions, between_words
from dashboard.figures.context import ALIGNMENTS, band_at, context
from dashboard.figures.item9 import item9
from dashboard.figures.panel import records
from dashboard.figures.score_panel import STATES as SCORE_STATES
from dashboard.figures.trajectory import day_range, outcome_of, trajectory, vitals_summary
from dashboard.pages.card import Definition, Table, card
from dashboard.pages.patient_parts import NOTHING, PatientRecords, segments
from dashboard.pages.patient_query import PatientView
from data_models.instruments import INSTRUMENTS
from data_models.rules import OutcomeRules
from data_models.vocabulary import label

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
    said = []
    for course in view.courses:
        outcome = outcome_of(found.outcomes, course, view.instrument)
        text = words.state_words(outcome, rules)
        if words.not_evaluable(outcome, rules) is None:
            text += " " + words.course_words(outcome, rules)
        said.append(f"Course {course}: {text}" if several else text)
    scale = INSTRUMENTS[view.instrument]
    sessions = found.sessions[found.sessions["course"].isin(view.courses)]
    sentence = "\n".join(said)
    alt = f"{sentence} {vitals_summary(sessions, rules)} {effects_summary(found, view)}"
    return card(
        "trajectory",
        "Is the response holding?",
        sentence,
        figure,
        alt=f"Scores, sessions, side effects and vital signs by day. {alt}",
        controls=score_key(),
        table=score_table(found, view),
        definition=Definition(
            f"{scale.name}, lower is better. Days since the course's first session. Response: improvement from the "
            "baseline of at least response_improvement. A hollow marker is a score taken sooner after the latest "
            f"session than the {scale.recall_days} days that the {scale.name} asks about: it looks back past that "
            f"session. The line is broken over gaps of more than 30 days. {vitals_summary(sessions, rules)}",
            rules=TRAJECTORY_RULES,
            n=f"{words.counted(len(score_rows(found, view)), 'score')} and {words.counted(len(sessions), 'session')}.",
            source=scale.source,
        ),
        rules=rules,
        wide=True,
    )


def effects_summary(found: PatientRecords, view: PatientView) -> str:
    """Side effects of the courses shown in one sentence; what was not asked is not called none."""
    sessions = found.sessions[found.sessions["course"].isin(view.courses)]
    asked = int((sessions["asked"] == 1).sum())
    if not asked:
        return "Side effects were not asked about."
    seen = found.side_effects[found.side_effects["hours"].isin(sessions["hours"])]
    if seen.empty:
        return f"No side effect in {words.counted(asked, 'session')} in which they were asked about."
    counts = seen.groupby("term")["hours"].nunique().sort_values(ascending=False)
    top = [f"{label(str(term)).lower()} ({int(n)})" for term, n in counts.head(3).items()]
    return f"Side effects in {words.counted(asked, 'session')} asked: {words.listed(top)}."


def score_rows(found: PatientRecords, view: PatientView) -> list[dict[str, Any]]:
    """Scores of the courses and scales shown, in time order."""
    scores = found.scores
    shown = scores[scores["course"].isin(view.courses) & scores["instrument"].isin(view.instruments)]
    return records(shown.sort_values(["course", "days"]))


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
            n=f"{words.counted(len(rows), 'session')}.",
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
    return html.Td(words.number(float(value)), className="number", **{"data-value": repr(round(float(value), 3))})


def _of_course(found: PatientRecords, view: PatientView) -> str:
    """Which course a card speaks of, where the patient has several."""
    return f" of course {view.course}" if len(found.courses) > 1 else ""


def item9_card(found: PatientRecords, view: PatientView, rules: OutcomeRules) -> Component | None:
    """Part 6: item 9 as its own strip; None where the patient has no PHQ-9."""
    sessions, scores = found.of_course(view.course, "phq9")
    if "phq9" not in found.instruments:
        return None
    answered = scores[scores["item9"].notna()].sort_values("days")
    days, values = [float(day) for day in answered["days"]], [float(value) for value in answered["item9"]]
    rows = [{"days": round(day, 2), "item9": int(value)} for day, value in zip(days, values, strict=True)]
    return card(
        "item9",
        f"What did the patient answer to PHQ-9 item 9{_of_course(found, view)}?",
        words.item9_words(days, values),
        item9(answered, day_range(scores["days"], sessions, view.span)),
        table=Table((("days", "Day"), ("item9", "Item 9 (0 to 3)")), rows),
        definition=Definition(
            "Each answer as it was given, 0 to 3; never averaged. A triangle marks an answer of 2 or 3. "
            "The answer supports a clinician's review; it is no assessment of risk.",
            n=f"{words.counted(len(rows), 'answer')}.",
        ),
        rules=rules,
        wide=True,
    )


def context_runs(sessions: pd.DataFrame, scores: pd.DataFrame, alignment: str) -> list[tuple[list[float], list[float]]]:
    """This course's scores as lines: one from the first session on, or one from each session on."""
    ordered = scores.sort_values("days")
    if alignment == "course":
        return [([float(day) for day in ordered["days"]], [float(score) for score in ordered["score"]])]
    after = ordered[ordered["since_session_days"].notna() & ordered["session_hours"].isin(sessions["hours"])]
    return [
        ([float(day) for day in run["since_session_days"]], [float(score) for score in run["score"]])
        for _, run in after.groupby("session_hours")
    ]


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
    who += f" in {label(phase).lower()}" if phase else ""
    mine = [(day, score) for run in runs for day, score in zip(*run, strict=True) if day > 0]
    observed = scores[scores["days"] > 0].sort_values("days")
    said = "This course has no score after its first session to compare."
    if mine and len(observed):
        latest = observed.iloc[-1]
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
            n=f"At most {words.counted(float(band['courses'].max()) if len(band) else 0, 'course')} in a bin.",
        ),
        rules=rules,
        wide=True,
    )
