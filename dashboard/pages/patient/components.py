"""The head of the Patient page as components: state, facts, view bar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from dash import html
from dash.development.base_component import Component

from dashboard.figures.trajectory import SPANS
from dashboard.pages.patient.query import PatientView
from dashboard.theme import STATES
from dashboard.words.courses import STATUS
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import PHASES, label
from data_models.questions.patient import PatientHistory, PatientSession

NOTHING = "–"


def state_badge(state: str) -> Component:
    """A state in words, with its shape in its colour."""
    token, shape, word = STATES[state]
    colour = {"color": f"var(--{token.replace('_', '-')})"}
    mark = html.Span(shape, className="state-mark", style=colour, **{"aria-hidden": "true"})
    return html.Span([mark, word], className="state-badge")


def conditions_fact(conditions: Sequence[str] | None) -> Any:
    """Conditions in words; hypertension marked, because sessions raise the blood pressure."""
    if conditions is None:
        return "Not recorded"
    if not conditions:
        return "None of the list"
    parts: list[Any] = []
    for code in conditions:
        parts += [", "] if parts else []
        text = label(code)
        parts.append(html.Span(text, className="fact-alert") if code == "hypertension" else text)
    return parts


def facts(found: PatientHistory, view: PatientView) -> Component:
    """Who this is, as far as the records say it, and the course that is shown."""
    given = found.sessions_of(view.course)
    induction = sum(session.phase == "induction" for session in given)
    rows = [
        ("Diagnosis", label(found.diagnosis)),
        ("Age", found.age_band or "Not recorded"),
        ("Sex", label(found.sex)),
        ("Conditions", conditions_fact(found.conditions)),
        ("Clinic", found.clinic or "Not recorded"),
        ("Course", _course_of(found, view.course, given)),
        ("Sessions", f"{len(given)} ({induction} induction, {len(given) - induction} maintenance)"),
        ("Drug and route", _given(given)),
    ]
    return html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in rows], className="facts")


def _course_of(found: PatientHistory, course: int, given: Sequence[PatientSession]) -> str:
    """ "2 of 2, induction only, ended": the course shown, what it was given so far, and whether it goes on."""
    number = f"{course} of {len(found.courses)}" if len(found.courses) > 1 else str(course)
    if not given:
        return number
    phases = [phase for phase in PHASES if any(session.phase == phase for session in given)]
    parts = f"{phases[0]} only" if len(phases) == 1 else " and ".join(phases)
    return f"{number}, {parts}, {STATUS[given[-1].course_status]}"


def _given(sessions: Sequence[PatientSession]) -> str:
    """Drugs and routes of a course, the most frequent first."""
    counts = Counter(f"{label(session.drug)}, {_inside(label(session.route))}" for session in sessions)
    return "; ".join(name for name, _ in counts.most_common(2)) or NOTHING


def _inside(name: str) -> str:
    """A name within a phrase: abbreviations keep their capitals."""
    return name if name.isupper() else name.lower()


def segments(name: str, choices: Sequence[tuple[str, str, bool]]) -> Component:
    """A row of links that change the view: text, query string, whether it is the one shown."""
    links = [
        html.A(
            text,
            href=query,
            className="segment segment-here" if here else "segment",
            **{"data-stay": "view"} | ({"aria-current": "true"} if here else {}),
        )
        for text, query, here in choices
    ]
    return html.Nav([html.Span(name, className="segments-name"), *links], className="segments", **{"aria-label": name})


def view_bar(found: PatientHistory, view: PatientView) -> Component:
    """Scale, further scales, courses and part of the course: each a link, so that the URL holds the view."""
    bars = []
    if len(found.instruments) > 1:
        scales = [
            (INSTRUMENTS[code].name, view.changed(instruments=(code,)), code == view.instrument)
            for code in found.instruments
        ]
        bars.append(segments("Scale", scales))
        others = [code for code in found.instruments if code != view.instrument]
        added = [
            (("✓ " if code in view.instruments else "+ ") + INSTRUMENTS[code].name, view.with_instrument(code), False)
            for code in others
        ]
        bars.append(segments("With", added))
    if len(found.courses) > 1:
        alone = not view.all_courses
        courses = [
            (str(n), view.changed(courses=(n,), all_courses=False), alone and n == view.course) for n in found.courses
        ]
        courses.append(("Side by side", view.changed(courses=tuple(found.courses), all_courses=True), view.all_courses))
        bars.append(segments("Course", courses))
    bars.append(segments("Show", [(text, view.changed(span=key), key == view.span) for key, text in SPANS.items()]))
    return html.Div(bars, className="view-bar")


def other_scale(search: str | None, view: PatientView) -> list[Component]:
    """Say so where the scale that the URL asks for was never taken by this patient."""
    asked = dict(parse_qsl((search or "").lstrip("?"))).get("instrument", "")
    if asked not in INSTRUMENTS or asked == view.instrument:
        return []
    text = f"This patient has no {INSTRUMENTS[asked].name} score; the {INSTRUMENTS[view.instrument].name} is shown."
    return [html.P(text, className="page-lead other-scale")]
