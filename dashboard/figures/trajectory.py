"""One patient's trajectory: scores, sessions, side effects and vital signs on one axis of days.

A column a course (side by side, each on its own clock), a strip a kind of record. Days are since the
course's first session; lower is better on every scale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard import patient_words as words
from dashboard.figures.base import Figure, axis, empty, layout
from dashboard.figures.panel import MARGIN, Panel
from dashboard.figures.score_panel import score_ceiling, score_panel
from dashboard.figures.session_panels import (
    effect_panel,
    effect_rows,
    largest_doses,
    routes_of,
    session_panel,
)
from dashboard.figures.vital_panels import has_vitals, heart_rate_panel, pressure_panel
from dashboard.theme import colour
from data_models.instruments import INSTRUMENTS
from data_models.rules import OutcomeRules

GAP = 32  # pixels between two strips; holds the heading of the lower one
COLUMN_GAP = 0.065  # holds the names of the left course's cut-offs
TITLES = 22  # pixels above the first heading for the courses' names
# Scores long before a course's first session would squeeze it; they stay reachable in the table.
EARLIEST_DAY = -28.0

SPANS = {"all": "Whole course", "induction": "Induction", "recent": "Last 60 days"}
RECENT_DAYS = 60.0


def trajectory(
    scores: pd.DataFrame,
    sessions: pd.DataFrame,
    side_effects: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    courses: Sequence[int],
    instruments: Sequence[str],
    rules: OutcomeRules,
    span: str = "all",
) -> Figure:
    """The trajectory of one patient.

    Parameters
    ----------
    scores, sessions, side_effects, outcomes : one patient's rows as the queries of the same names give
        them (`patient_scores`, `patient_sessions`, `patient_side_effects`, `patient_outcomes`).
    courses : courses to draw, a column each.
    instruments : scales to draw, a strip each, the first on top.
    span : one of SPANS: the part of the course that the axis shows at first.
    """
    sessions = sessions[sessions["course"].isin(list(courses))]
    scores = scores[scores["course"].isin(list(courses)) & scores["instrument"].isin(list(instruments))]
    if sessions.empty and scores.empty:
        return empty("This course has no sessions and no scores.", 200)
    effects = side_effects.merge(sessions[["hours", "days", "course"]], on="hours", how="inner")
    ceilings = {
        code: score_ceiling(INSTRUMENTS[code], float(scores.loc[scores["instrument"] == code, "score"].max()))
        for code in instruments
        if (scores["instrument"] == code).any()
    }
    routes, largest, terms = routes_of(sessions), largest_doses(sessions), effect_rows(effects, sessions)
    columns: list[list[Panel]] = []
    ranges: list[tuple[float, float]] = []
    for course in courses:
        seen = scores[scores["course"] == course]
        given = sessions[sessions["course"] == course].sort_values("days")
        had = effects[effects["course"] == course]
        strips = [
            score_panel(
                seen[seen["instrument"] == code],
                given,
                outcome_of(outcomes, course, code),
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
        if has_vitals(sessions, "systolic") or has_vitals(sessions, "diastolic"):
            strips.append(pressure_panel(given, sessions, rules))
        if has_vitals(sessions, "heart_rate"):
            strips.append(heart_rate_panel(given, sessions))
        _maintenance(strips[0], given)
        columns.append(strips)
        ranges.append(day_range(seen["days"], given, span))
    titles = [f"Course {course}" for course in courses] if len(columns) > 1 else []
    return _stack(columns, ranges, titles)


def outcome_of(outcomes: pd.DataFrame, course: int, instrument: str) -> dict[str, Any] | None:
    """The outcomes of one course and instrument, or None where there are none."""
    found = outcomes[(outcomes["course"] == course) & (outcomes["instrument"] == instrument)]
    return None if found.empty else {str(key): value for key, value in found.iloc[0].items()}


def day_range(days: pd.Series, sessions: pd.DataFrame, span: str) -> tuple[float, float]:
    """First and last day of the axis, with room at both ends."""
    every = [float(day) for day in (*days, *sessions["days"])] or [0.0]
    low, high = max(min(*every, 0.0), EARLIEST_DAY), max(*every, 1.0)
    if span == "induction":
        induction = sessions.loc[sessions["phase"] == "induction", "days"]
        high = min(high, float(induction.max()) + 14.0) if len(induction) else high
    elif span == "recent":
        low = max(low, high - RECENT_DAYS)
    room = 0.03 * (high - low) + 0.3
    return low - room, high + room


def _maintenance(panel: Panel, sessions: pd.DataFrame) -> None:
    """Mark where maintenance begins, inside the top edge of the uppermost strip."""
    phases = sessions["phase"]
    if not ((phases == "induction").any() and (phases == "maintenance").any()):
        return
    start = float(sessions.loc[phases == "maintenance", "days"].min())
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
            nticks=max(3, round(12 * (domains[column][1] - domains[column][0]))),
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


def vitals_summary(sessions: pd.DataFrame, rules: OutcomeRules) -> str:
    """Sentence about pressures: how often raised before the dose, and the highest seen."""
    before = sessions[sessions["systolic_before"].notna() & sessions["diastolic_before"].notna()]
    raised = (before["systolic_before"] > rules.predose_systolic_mmhg) | (
        before["diastolic_before"] > rules.predose_diastolic_mmhg
    )
    during = sessions[sessions["systolic_highest"].notna() & sessions["diastolic_highest"].notna()]
    highest = None
    if len(during):
        top = during.sort_values(["systolic_highest", "diastolic_highest"]).iloc[-1]
        highest = (float(top["systolic_highest"]), float(top["diastolic_highest"]))
    return words.vitals_words(len(before), int(raised.sum()), highest, rules)
