"""How quickly do effects start? Turnbull's band and 1 - Kaplan-Meier, by day; Kaplan-Meier by session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures.base import Figure, empty
from dashboard.figures.steps import FEW, Group, drawn, horizon, median_label, survival_figure
from dashboard.theme import colour, faint

LONGEST_DAYS = 56.0  # onset is a matter of days and weeks; the table has all rows


def onset(km: Mapping[str, Any], turnbull: Mapping[str, Any] | None) -> Figure:
    """Cumulative response by days since the first session (KM and Turnbull of the data contract)."""
    if km["n"] < FEW or not drawn(km["curve"]):
        return empty(f"Fewer than {FEW} courses at risk: no curve is drawn.")
    group = Group("Kaplan-Meier", km["curve"], km["n"], "response")
    end = horizon([group], LONGEST_DAYS)
    band = turnbull_band(turnbull["mass"], end) if turnbull and turnbull.get("mass") else []
    figure = survival_figure(
        [group],
        rising=True,
        limit=LONGEST_DAYS,
        x_title="Days since the first session",
        y_title="Responded so far",
        events="Responded",
        below=band,
    )
    figure["layout"]["annotations"] = _labels(km, end)
    return figure


def onset_by_session(km: Mapping[str, Any]) -> Figure:
    """Cumulative response by sessions received."""
    if km["n"] < FEW or not drawn(km["curve"]):
        return empty(f"Fewer than {FEW} courses at risk: no curve is drawn.")
    return survival_figure(
        [Group("Kaplan-Meier", km["curve"], km["n"], "response")],
        rising=True,
        limit=24,
        x_title="Sessions received",
        y_title="Responded so far",
        events="Responded",
        unit="session",
    )


def onset_groups(groups: Sequence[Group]) -> Figure:
    """Cumulative response of several groups."""
    kept = [g for g in groups if g.n >= FEW and drawn(g.curve)]
    if not kept:
        return empty(f"No group has {FEW} courses at risk.")
    return survival_figure(
        kept,
        rising=True,
        limit=LONGEST_DAYS,
        x_title="Days since the first session",
        y_title="Responded so far",
    )


def turnbull_band(mass: Sequence[Sequence[float | None]], end: float) -> list[dict[str, Any]]:
    """The region in which Turnbull's estimate lies: each mass spread anywhere over its (L, R]."""
    early = _cumulative([(m[0] or 0.0, m[2] or 0.0) for m in mass], end)
    late = _cumulative([(m[1], m[2] or 0.0) for m in mass if m[1] is not None], end)
    edge = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "name": "Turnbull"}
    dotted = {"width": 1.6, "shape": "hv", "color": colour("muted"), "dash": "dot"}
    invisible = {"width": 0, "shape": "hv", "color": colour("left")}
    return [
        edge | {"x": late[0], "y": late[1], "line": dotted},
        edge | {"x": early[0], "y": early[1], "line": invisible, "fill": "tonexty", "fillcolor": faint("left", 0.3)},
    ]


def _cumulative(jumps: Sequence[tuple[float | None, float]], end: float) -> tuple[list[float], list[float]]:
    days, values, total = [0.0], [0.0], 0.0
    for day, weight in sorted((d, w) for d, w in jumps if d is not None and d < 1e8):
        if day > end:
            break
        total += weight
        days.append(float(day))
        values.append(min(total, 1.0))
    days.append(end)
    values.append(min(total, 1.0))
    return days, values


def _labels(km: Mapping[str, Any], end: float) -> list[dict[str, Any]]:
    known = km["median"] is not None and km["median"] <= end
    return [median_label(km["median"], end, rising=True)] if known else []
