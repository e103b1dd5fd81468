"""One patient's trajectory: scores, sessions, side effects and vital signs on one axis of days.

A column a course (side by side, each on its own clock), a strip a kind of record. Days are since the
course's first session; lower is better on every scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures import vital_panels
from dashboard.figures.base import Figure, axis, empty, layout
from dashboard.figures.panel import MARGIN, Panel
from dashboard.figures.score_panel import score_ceiling, score_panel
from dashboard.figures.session_panels import effect_panel, effect_rows, largest_doses, routes_of, session_panel
from dashboard.theme import colour
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import OutcomeRules
from data_models.questions.patient import PatientHistory, PatientSession

GAP = 32  # pixels between two strips; holds the heading of the lower one
COLUMN_GAP = 0.065  # holds the names of the left course's cut-offs
TITLES = 22  # pixels above the first heading for the courses' names
# Scores long before a course's first session would squeeze it; they stay reachable in the table.
EARLIEST_DAY = -28.0

SPANS = {"all": "Whole course", "induction": "Induction", "recent": "Last 60 days"}
RECENT_DAYS = 60.0


def trajectory(
    found: PatientHistory, *, courses: Sequence[int], instruments: Sequence[str], rules: OutcomeRules, span: str = "all"
) -> Figure:
    """The trajectory of one patient.

    Parameters
    ----------
    courses : courses to draw, a column each.
    instruments : scales to draw, a strip each, the first on top.
    span : one of SPANS: the part of the course that the axis shows at first.
    """
    sessions = found.sessions_of(*courses)
    scores = {course: found.scores_of(course, *instruments) for course in courses}
    every = [score for of_course in scores.values() for score in of_course]
    if not sessions and not every:
        return empty("This course has no sessions and no scores.", 200)
    course_of = {session.hours: session.course for session in sessions}
    effects = [effect for effect in found.side_effects if effect.hours in course_of]
    of_scale = {code: [score.score for score in every if score.instrument == code] for code in instruments}
    ceilings = {code: score_ceiling(INSTRUMENTS[code], max(seen)) for code, seen in of_scale.items() if seen}
    routes, largest, terms = routes_of(sessions), largest_doses(sessions), effect_rows(effects, sessions)
    columns: list[list[Panel]] = []
    ranges: list[tuple[float, float]] = []
    for course in courses:
        given = found.sessions_of(course)
        had = [effect for effect in effects if course_of[effect.hours] == course]
        strips = [
            score_panel(
                found.scores_of(course, code),
                given,
                found.outcome_of(course, code),
                code,
                rules,
                ceiling=ceilings[code],
                height=250 if code == instruments[0] else 170,
            )
            for code in instruments
            if code in ceilings
        ]
        strips.append(session_panel(given, routes, largest))
        if terms:
            strips.append(effect_panel(had, given, terms))
        if vital_panels.seen(sessions, vital_panels.SYSTOLIC) or vital_panels.seen(sessions, vital_panels.DIASTOLIC):
            strips.append(vital_panels.pressure_panel(given, sessions, rules))
        if vital_panels.seen(sessions, vital_panels.HEART_RATE):
            strips.append(vital_panels.heart_rate_panel(given, sessions))
        _maintenance(strips[0], given)
        columns.append(strips)
        ranges.append(day_range([score.days for score in scores[course]], given, span))
    titles = [f"Course {course}" for course in courses] if len(columns) > 1 else []
    return _stack(columns, ranges, titles)


def scores_figure(found: PatientHistory, course: int, code: str, rules: OutcomeRules) -> Figure:
    """The strip of one scale in one course by itself: what a report has."""
    scores, sessions = found.scores_of(course, code), found.sessions_of(course)
    ceiling = score_ceiling(INSTRUMENTS[code], max(score.score for score in scores))
    strip = score_panel(scores, sessions, found.outcome_of(course, code), code, rules, ceiling=ceiling)
    _maintenance(strip, sessions)
    return _stack([[strip]], [day_range([score.days for score in scores], sessions, "all")], [])


def day_range(days: Sequence[float], sessions: Sequence[PatientSession], span: str) -> tuple[float, float]:
    """First and last day of the axis, with room at both ends."""
    every = [*days, *(session.days for session in sessions)] or [0.0]
    low, high = max(min(*every, 0.0), EARLIEST_DAY), max(*every, 1.0)
    if span == "induction":
        induction = [session.days for session in sessions if session.phase == "induction"]
        high = min(high, max(induction) + 14.0) if induction else high
    elif span == "recent":
        low = max(low, high - RECENT_DAYS)
    room = 0.03 * (high - low) + 0.3
    return low - room, high + room


def _maintenance(panel: Panel, sessions: Sequence[PatientSession]) -> None:
    """Mark where maintenance begins, inside the top edge of the uppermost strip."""
    maintained = [session.days for session in sessions if session.phase == "maintenance"]
    if not maintained or not any(session.phase == "induction" for session in sessions):
        return
    start = min(maintained)
    line = {"type": "line", "x0": start, "x1": start, "yref": "domain", "y0": 0, "y1": 1, "layer": "below"}
    panel.shapes.append(line | {"line": {"color": colour("muted"), "width": 1, "dash": "dot"}, "name": "maintenance"})
    note = {"x": start, "yref": "domain", "y": 1, "yanchor": "top", "xanchor": "left", "showarrow": False}
    panel.notes.append(note | {"text": "maintenance →", "font": {"size": 10, "color": colour("muted")}})


def _stack(columns: list[list[Panel]], ranges: list[tuple[float, float]], titles: list[str]) -> Figure:
    """Place strips below each other and courses beside each other; every column has the same strips."""
    heights = [panel.height for panel in columns[0]]
    drawn = sum(heights) + GAP * (len(heights) - 1)
    tops = [1 - (sum(heights[:row]) + GAP * row) / drawn for row in range(len(heights))]
    domains = _widths(ranges)
    top = MARGIN["t"] + (TITLES if titles else 0)
    figure: Figure = {"data": [], "layout": layout(drawn + top + MARGIN["b"], margin=MARGIN | {"t": top})}
    made = figure["layout"]
    made["shapes"], made["annotations"] = [], []
    for column, panels in enumerate(columns):
        x = _name("x", column)
        last = column * len(panels) + len(panels) - 1
        made[_axis_key(x)] = axis(
            "Days since the course's first session",
            range=list(ranges[column]),
            domain=domains[column],
            anchor=_name("y", last),
            automargin=False,
        )
        for row, panel in enumerate(panels):
            y = _name("y", column * len(panels) + row)
            upper = tops[row]
            place = {"domain": [max(0.0, upper - panel.height / drawn), upper], "anchor": x, "automargin": False}
            place |= {"showticklabels": column == 0}
            made[_axis_key(y)] = axis(**(panel.axis | place))
            figure["data"] += [trace | {"xaxis": x, "yaxis": y} for trace in panel.traces]
            made["shapes"] += [_placed(shape, x, y) for shape in panel.shapes]
            made["annotations"] += [
                _placed(note, x, y) for note in panel.notes if column == 0 or note.get("name") != "band"
            ]
            if column == 0:
                made["annotations"].append(_heading(panel.heading, upper, 0.0, 3))
        if titles:
            made["annotations"].append(_heading(f"<b>{titles[column]}</b>", 1.0, domains[column][0], 3 + TITLES))
    return figure


def _widths(ranges: list[tuple[float, float]]) -> list[list[float]]:
    """Horizontal domains of the columns: as wide as their days, none too narrow to read."""
    days = [high - low for low, high in ranges]
    least = 0.6 * sum(days) / len(days)
    wide = [max(length, least) for length in days]
    free = 1 - COLUMN_GAP * (len(wide) - 1)
    domains: list[list[float]] = []
    left = 0.0
    for width in wide:
        right = left + free * width / sum(wide)
        domains.append([left, min(1.0, right)])
        left = right + COLUMN_GAP
    return domains


def _heading(text: str, y: float, x: float, shift: int) -> Figure:
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": x,
        "y": y,
        "yshift": shift,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "align": "left",
        "font": {"size": 12, "color": colour("text")},
    }


def _placed(mark: Mapping[str, Any], x: str, y: str) -> Figure:
    """A shape or note with its axes filled in; "domain" stands for the strip's own edges."""
    refs = {key: f"{name} domain" if mark.get(key) == "domain" else name for key, name in (("xref", x), ("yref", y))}
    return dict(mark) | refs


def _name(letter: str, index: int) -> str:
    return letter if index == 0 else f"{letter}{index + 1}"


def _axis_key(name: str) -> str:
    return f"{name[0]}axis{name[1:]}"
