"""The vital-sign strips of a trajectory: before and highest of each session."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.figures.base import Figure
from dashboard.figures.panel import Panel, Rows, or_none
from dashboard.theme import colour
from dashboard.words import numbers
from dashboard.words import patient as words
from data_models.definitions.rules import OutcomeRules


def pressure_panel(sessions: Rows, every: Rows, rules: OutcomeRules) -> Panel:
    """Blood pressure before (small) and highest (large) of each session, systolic and diastolic (mmHg)."""
    panel = Panel("Blood pressure, mmHg (large: highest)", 120, {})
    panel.traces += _before_and_highest(sessions, "systolic", "Systolic", "mmHg", rules.predose_systolic_mmhg)
    panel.traces += _before_and_highest(sessions, "diastolic", "Diastolic", "mmHg", rules.predose_diastolic_mmhg)
    for kind, limit in (("systolic", rules.systolic_high_mmhg), ("diastolic", rules.diastolic_high_mmhg)):
        # A limit that nobody came near is ink without news.
        if not any(value >= limit for value in _seen(every, kind, "highest")):
            continue
        line = {"type": "line", "xref": "domain", "x0": 0, "x1": 1, "y0": limit, "y1": limit, "layer": "below"}
        panel.shapes.append(line | {"line": {"color": colour("loss"), "width": 1, "dash": "dot"}})
        note = {"xref": "domain", "x": 1, "xshift": 4, "xanchor": "left", "y": limit, "showarrow": False}
        panel.notes.append(
            note | {"text": f"{kind}<br>{numbers.number(limit)}", "font": {"size": 10, "color": colour("loss")}}
        )
    panel.axis = {"nticks": 4, "zeroline": False, "range": _vital_range(every, ("systolic", "diastolic"), 70, 140)}
    return panel


def heart_rate_panel(sessions: Rows, every: Rows) -> Panel:
    """Heart rate before (small) and highest (large) of each session (beats per minute)."""
    panel = Panel("Heart rate, beats/min (large: highest)", 70, {})
    panel.traces = _before_and_highest(sessions, "heart_rate", "Heart rate", "/min", None)
    panel.axis = {"nticks": 3, "zeroline": False, "range": _vital_range(every, ("heart_rate",), 55, 110)}
    return panel


def _seen(sessions: Rows, kind: str, when: str) -> list[float]:
    """The recorded values of one vital sign."""
    return [float(row[f"{kind}_{when}"]) for row in sessions if not words.missing(row[f"{kind}_{when}"])]


def _vital_range(sessions: Rows, kinds: Sequence[str], low: float, high: float) -> list[float]:
    seen = [value for kind in kinds for when in ("before", "highest") for value in _seen(sessions, kind, when)]
    return [min(low, min(seen) - 5), max(high, max(seen) + 5)] if seen else [low, high]


def has_vitals(sessions: Rows, kind: str) -> bool:
    """Whether any session recorded this vital sign."""
    return bool(_seen(sessions, kind, "before") or _seen(sessions, kind, "highest"))


def _before_and_highest(rows: Rows, kind: str, name: str, unit: str, threshold: float | None) -> list[Figure]:
    """A stem from before to highest a session; before-values above the threshold in the alert colour."""
    stems_x: list[float | None] = []
    stems_y: list[float | None] = []
    for row in rows:
        stems_x += [float(row["days"]), float(row["days"]), None]
        stems_y += [or_none(row[f"{kind}_before"]), or_none(row[f"{kind}_highest"]), None]
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": stems_x,
            "y": stems_y,
            "hoverinfo": "skip",
            "line": {"color": colour("context"), "width": 1.5},
            "name": f"{name} rise",
        }
    ]
    for when, size in (("before", 4), ("highest", 7)):
        seen = [row for row in rows if not words.missing(row[f"{kind}_{when}"])]
        values = [float(row[f"{kind}_{when}"]) for row in seen]
        alert = threshold if when == "before" else None
        colors = [colour("loss") if alert is not None and value > alert else colour(kind) for value in values]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{name} {when}",
                "x": [float(row["days"]) for row in seen],
                "y": values,
                "customdata": [int(row["number"]) for row in seen],
                "marker": {"size": size, "color": colors},
                "hovertemplate": f"Session %{{customdata}}, day %{{x:.1f}}: {name.lower()} {when} "
                f"%{{y:.0f}} {unit}<extra></extra>",
            }
        )
    return traces
