"""The parts of the Patient page as components: facts, view bar, cards. Frames of one patient in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from dash import html
from dash.development.base_component import Component

from dashboard.figures.panel import Row, Rows
from dashboard.figures.trajectory import SPANS, in_time
from dashboard.pages.patient.query import PatientView
from dashboard.theme import STATES
from data_models.definitions.instruments import INSTRUMENTS, in_order
from data_models.definitions.vocabulary import PHASES, label

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class PatientRecords:
    """One patient's rows, as the query gives them."""

    patient: Mapping[str, Any]
    sessions: Rows
    scores: Rows
    side_effects: Rows
    outcomes: Rows

    @property
    def courses(self) -> list[int]:
        """Numbers of the courses, in time order."""
        return sorted({int(row["course"]) for row in self.sessions})

    @property
    def instruments(self) -> list[str]:
        """Scales with at least one score, in the registry's order."""
        return in_order(row["instrument"] for row in self.scores)

    def view(self, search: str | None) -> PatientView:
        """What a URL's query asks for of this patient: page, cards and report all show this."""
        return PatientView.from_query(search, self.instruments, self.courses)

    def of_course(self, course: int, instrument: str) -> tuple[list[Row], list[Row]]:
        """Sessions and scores of one course and scale, each in time order."""
        sessions = [row for row in self.sessions if row["course"] == course]
        scores = [row for row in self.scores if row["course"] == course and row["instrument"] == instrument]
        return in_time(sessions), in_time(scores)


def state_badge(state: str) -> Component:
    """A state in words, with its shape in its colour."""
    token, shape, word = STATES[state]
    colour = {"color": f"var(--{token.replace('_', '-')})"}
    mark = html.Span(shape, className="state-mark", style=colour, **{"aria-hidden": "true"})
    return html.Span([mark, word], className="state-badge")


def conditions_fact(conditions: str | None) -> Any:
    """Conditions in words; hypertension marked, because sessions raise the blood pressure."""
    if conditions is None:
        return "Not recorded"
    codes = [code for code in conditions.split(";") if code]
    if not codes:
        return "None of the list"
    parts: list[Any] = []
    for code in codes:
        parts += [", "] if parts else []
        text = label(code)
        parts.append(html.Span(text, className="fact-alert") if code == "hypertension" else text)
    return parts


def facts(found: PatientRecords, view: PatientView) -> Component:
    """Who this is, as far as the records say it, and the course that is shown."""
    who, course = found.patient, view.course
    given = in_time([row for row in found.sessions if row["course"] == course])
    induction = sum(row["phase"] == "induction" for row in given)
    rows = [
        ("Diagnosis", label(who["diagnosis"])),
        ("Age", who["age_band"] or "Not recorded"),
        ("Sex", label(who["sex"])),
        ("Conditions", conditions_fact(who["conditions"])),
        ("Clinic", who["clinic"] or "Not recorded"),
        ("Course", _course_of(found, course, given)),
        ("Sessions", f"{len(given)} ({induction} induction, {len(given) - induction} maintenance)"),
        ("Drug and route", _given(given)),
    ]
    return html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in rows], className="facts")


def _course_of(found: PatientRecords, course: int, given: Rows) -> str:
    """ "2 of 2, induction only": the course shown, and what it was given so far; it may have ended long ago."""
    number = f"{course} of {len(found.courses)}" if len(found.courses) > 1 else str(course)
    if not given:
        return number
    phases = [phase for phase in PHASES if any(row["phase"] == phase for row in given)]
    return f"{number}, {phases[0]} only" if len(phases) == 1 else f"{number}, {' and '.join(phases)}"


def _given(sessions: Rows) -> str:
    """Drugs and routes of a course, the most frequent first."""
    counts = Counter(f"{label(row['drug'])}, {_inside(label(row['route']))}" for row in sessions)
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


def view_bar(found: PatientRecords, view: PatientView) -> Component:
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
