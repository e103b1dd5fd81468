"""The vital-sign strips of a trajectory: before and highest of each session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dashboard.figures.base import Figure
from dashboard.figures.panel import Panel
from dashboard.theme import colour
from dashboard.words.numbers import number
from data_models.definitions.rules import OutcomeRules
from data_models.questions.patient import PatientSession, Vitals


class Sign(NamedTuple):
    """A vital sign: its colour, its name, its unit and where it stands."""

    token: str
    name: str
    unit: str
    of: Callable[[Vitals], float | None]

    def before(self, session: PatientSession) -> float | None:
        """Its value before the dose."""
        return self.of(session.before)

    def highest(self, session: PatientSession) -> float | None:
        """Its highest value during the session."""
        return self.of(session.highest)


SYSTOLIC = Sign("systolic", "Systolic", "mmHg", lambda vitals: vitals.systolic)
DIASTOLIC = Sign("diastolic", "Diastolic", "mmHg", lambda vitals: vitals.diastolic)
HEART_RATE = Sign("heart_rate", "Heart rate", "/min", lambda vitals: vitals.heart_rate)


def pressure_panel(sessions: Sequence[PatientSession], every: Sequence[PatientSession], rules: OutcomeRules) -> Panel:
    """Blood pressure before (small) and highest (large) of each session, systolic and diastolic (mmHg)."""
    panel = Panel("Blood pressure, mmHg (large: highest)", 120, {})
    panel.traces += _before_and_highest(sessions, SYSTOLIC, rules.predose_systolic_mmhg)
    panel.traces += _before_and_highest(sessions, DIASTOLIC, rules.predose_diastolic_mmhg)
    for sign, limit in ((SYSTOLIC, rules.systolic_high_mmhg), (DIASTOLIC, rules.diastolic_high_mmhg)):
        # A limit that nobody came near is ink without news.
        if not any((value := sign.highest(session)) is not None and value >= limit for session in every):
            continue
        line = {"type": "line", "xref": "domain", "x0": 0, "x1": 1, "y0": limit, "y1": limit, "layer": "below"}
        panel.shapes.append(line | {"line": {"color": colour("loss"), "width": 1, "dash": "dot"}})
        note = {"xref": "domain", "x": 1, "xshift": 4, "xanchor": "left", "y": limit, "showarrow": False}
        panel.notes.append(
            note | {"text": f"{sign.token}<br>{number(limit)}", "font": {"size": 10, "color": colour("loss")}}
        )
    panel.axis = {
        "nticks": 4,
        "zeroline": False,
        "range": _range(seen(every, SYSTOLIC) + seen(every, DIASTOLIC), 70, 140),
    }
    return panel


def heart_rate_panel(sessions: Sequence[PatientSession], every: Sequence[PatientSession]) -> Panel:
    """Heart rate before (small) and highest (large) of each session (beats per minute)."""
    panel = Panel("Heart rate, beats/min (large: highest)", 70, {})
    panel.traces = _before_and_highest(sessions, HEART_RATE, None)
    panel.axis = {"nticks": 3, "zeroline": False, "range": _range(seen(every, HEART_RATE), 55, 110)}
    return panel


def seen(sessions: Sequence[PatientSession], sign: Sign) -> list[float]:
    """The recorded values of one vital sign."""
    values = [value for session in sessions for value in (sign.before(session), sign.highest(session))]
    return [value for value in values if value is not None]


def _range(values: Sequence[float], low: float, high: float) -> list[float]:
    return [min(low, min(values) - 5), max(high, max(values) + 5)] if values else [low, high]


def _before_and_highest(sessions: Sequence[PatientSession], sign: Sign, threshold: float | None) -> list[Figure]:
    """A stem from before to highest a session; before-values above the threshold in the alert colour."""
    stems_x: list[float | None] = []
    stems_y: list[float | None] = []
    for session in sessions:
        stems_x += [session.days, session.days, None]
        stems_y += [sign.before(session), sign.highest(session), None]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": stems_x,
            "y": stems_y,
            "hoverinfo": "skip",
            "line": {"color": colour("context"), "width": 1.5},
            "name": f"{sign.name} rise",
        }
    ]
    for when, read, size, alert in (("before", sign.before, 4, threshold), ("highest", sign.highest, 7, None)):
        found = [(session, value) for session in sessions if (value := read(session)) is not None]
        colors = [colour("loss" if alert is not None and value > alert else sign.token) for _, value in found]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{sign.name} {when}",
                "x": [session.days for session, _ in found],
                "y": [value for _, value in found],
                "customdata": [session.number for session, _ in found],
                "marker": {"size": size, "color": colors},
                "hovertemplate": f"Session %{{customdata}}, day %{{x:.1f}}: {sign.name.lower()} {when} "
                f"%{{y:.0f}} {sign.unit}<extra></extra>",
            }
        )
    return traces
