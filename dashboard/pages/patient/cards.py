"""The cards of the Patient page: trajectory with its words, item 9, intervals, between sessions, similar courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.figures.base import Figure
from dashboard.figures.score_panel import STATES as SCORE_STATES
from dashboard.figures.trajectory import day_range, trajectory
from dashboard.pages.card import card, show
from dashboard.pages.graph import graph
from dashboard.pages.patient.components import NOTHING, segments
from dashboard.pages.patient.query import PatientView
from dashboard.questions import between_sessions, interval_finder, item9, patient, similar_courses
from dashboard.questions.patient import COURSE_RULES
from dashboard.questions.similar_courses import ALIGNMENTS
from dashboard.questions.view import Definition
from dashboard.words.numbers import number, quantity
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.questions.between_sessions import AroundSession
from data_models.questions.between_sessions import between_sessions as around_sessions
from data_models.questions.interval_finder import patient_intervals
from data_models.questions.patient import PatientHistory
from data_models.questions.similar_courses import SimilarCourses

TRAJECTORY_RULES = (*COURSE_RULES, "predose_systolic_mmhg", "predose_diastolic_mmhg")


def score_key() -> Component:
    """What the markers mean; the same colours as everywhere."""
    items = [
        html.Li([html.Span(className="dot", style={"color": f"var(--{token})"}), text.capitalize()])
        for text, token in SCORE_STATES.values()
    ]
    items.append(html.Li([html.Span(className="dot ring"), "Hollow: looks back past the latest session"]))
    return html.Ul(items, className="key")


def trajectory_card(found: PatientHistory, view: PatientView, rules: OutcomeRules) -> Component:
    """Part 2 and 3 of the page: the trajectory, and onset and durability in words."""
    figure = trajectory(found, courses=view.courses, instruments=view.instruments, rules=rules, span=view.span)
    several = len(view.courses) > 1
    said: list[Component | str] = []
    for course in view.courses:
        outcome = found.outcome_of(course, view.instrument)
        state, history = patient.outcome_words(outcome, rules, found.sessions_since(outcome))
        # The glance is for where the course stands; how it came there is for those who read on.
        said += ["\n"] if said else []
        said.append(html.Strong(f"Course {course}: {state}" if several else state))
        said += [f" {history}"] if history else []
    scale = INSTRUMENTS[view.instrument]
    sessions = found.sessions_of(*view.courses)
    scores = [score for course in view.courses for score in found.scores_of(course, *view.instruments)]
    vitals = patient.vitals_words(sessions, rules)
    sentence = "".join(part if isinstance(part, str) else part.children for part in said)
    alt = f"{sentence} {vitals} {patient.effects_words(found, sessions)}"
    return card(
        "trajectory",
        patient.QUESTION,
        said,
        **_one_or_several(figure, f"Scores, sessions, side effects and vital signs by day. {alt}", len(view.courses)),
        marks=score_key(),
        table=patient.table(scores),
        definition=Definition(
            f"{scale.name}, {scale.better} is better. Days since the course's first session. Response: improvement "
            "from the baseline of at least response_improvement. A hollow marker is a score taken sooner after the "
            f"latest session than the {scale.recall_days} days that the {scale.name} asks about: it looks back past "
            f"that session. The line is broken over gaps of more than 30 days. {vitals}",
            rules=TRAJECTORY_RULES,
            n=f"{quantity(len(scores), 'score')} and {quantity(len(sessions), 'session')}.",
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


def between_card(found: PatientHistory, view: PatientView, rules: OutcomeRules) -> Component:
    """Part 4: what each session did."""
    rows = around_sessions(found.sessions_of(view.course), found.scores_of(view.course, view.instrument), rules)
    download = html.Button(
        "Download",
        className="quiet-button",
        type="button",
        **{"data-download": "between-table", "data-name": "between-sessions.csv"},
    )
    return card(
        "between",
        f"What did each session{_of_course(found, view)} do?",
        between_sessions.words(rows),
        body=between_table(rows, INSTRUMENTS[view.instrument].name, rules),
        controls=download,
        definition=Definition(
            "Before: the last score at or before the session's start, at most fade_pre_session_days old. Lowest after "
            "and the score before the next session: scores after this session's start and not after the next one's.",
            rules=("fade_pre_session_days", "systolic_high_mmhg", "diastolic_high_mmhg"),
            n=f"{quantity(len(rows), 'session')}.",
        ),
        rules=rules,
        wide=True,
    )


def between_table(rows: Sequence[AroundSession], scale: str, rules: OutcomeRules) -> Component:
    """The table of sessions; a pressure above the limits is set off."""
    table = between_sessions.table(rows, scale)
    keys, texts = zip(*(column[:2] for column in table.columns), strict=True)
    sides = ["" if key in ("given", "phase", "worst") else "number" for key in keys]
    head = html.Tr(
        [
            html.Th(text, scope="col", className=side, **{"data-key": key})
            for key, text, side in zip(keys, texts, sides, strict=True)
        ]
    )
    body = [
        html.Tr([_between_cell(key, values, _raised(row, rules)) for key in keys])
        for row, values in zip(rows, table.rows, strict=True)
    ]
    made = html.Table([html.Thead(head), html.Tbody(body)], id="between-table", className="between")
    region = {"role": "region", "aria-label": "Sessions of the course"}
    return html.Div(made, className="between-scroll table-scroll", tabIndex=0, **region)


def _raised(row: AroundSession, rules: OutcomeRules) -> bool:
    """Whether a session's highest pressure reached a limit."""
    pressure = row.session.highest.pressure
    return pressure is not None and (
        pressure[0] >= rules.systolic_high_mmhg or pressure[1] >= rules.diastolic_high_mmhg
    )


def _between_cell(key: str, values: Mapping[str, Any], raised: bool) -> Component:
    value = values[key]
    if value is None:
        return html.Td(NOTHING, className="missing", **{"data-value": ""})
    if key == "pressure":
        shown = html.Span(value, className="fact-alert") if raised else value
        return html.Td(shown, className="number", **{"data-value": value, "data-text": "1"})
    if isinstance(value, str):
        return html.Td(value, **{"data-value": value, "data-text": "1"})
    return html.Td(number(value), className="number", **{"data-value": repr(round(float(value), 3))})


def _of_course(found: PatientHistory, view: PatientView) -> str:
    """Which course a card speaks of, where the patient has several."""
    return f" of course {view.course}" if len(found.courses) > 1 else ""


def item9_card(found: PatientHistory, view: PatientView, rules: OutcomeRules) -> Component | None:
    """Part 6: item 9 as its own strip; None where the patient has no PHQ-9."""
    if "phq9" not in found.instruments:
        return None
    scores = found.scores_of(view.course, "phq9")
    days = day_range([score.days for score in scores], found.sessions_of(view.course), view.span)
    return show(item9.view(scores, days, _of_course(found, view)), rules)


def intervals_card(found: PatientHistory, view: PatientView, rules: OutcomeRules) -> Component:
    """Part 3: which interval between maintenance sessions held, of all courses: one alone has few."""
    scores = [score for score in found.scores if score.instrument == view.instrument]
    made = patient_intervals(found.sessions, scores)
    return show(interval_finder.patient_view(made, INSTRUMENTS[view.instrument]), rules)


def similar_courses_card(
    found: PatientHistory, view: PatientView, rules: OutcomeRules, band: SimilarCourses
) -> Component:
    """Part 5: this course over the band of courses of the same scale, route and phase."""
    align = segments(
        "Days since the", [(text, view.changed(align=name), name == view.align) for name, text in ALIGNMENTS.items()]
    )
    course = f"course {view.course}" if len(found.courses) > 1 else "this course"
    sessions, scores = found.sessions_of(view.course), found.scores_of(view.course, view.instrument)
    return show(similar_courses.view(band, sessions, scores, course), rules, controls=align)
