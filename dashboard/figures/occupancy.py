"""Who is in response over time? Stacked areas of all courses started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures.base import DAY_TITLE, LEGEND, Figure, axis, empty, layout
from dashboard.figures.steps import FEW, area_labels, stacked, ticks
from dashboard.theme import colour

LONGEST_DAYS = 182  # half a year; the table has all days
LAYERS = (
    ("Response", "response", "response"),
    ("Partial response", "partial", "partial"),
    ("No response", "none", "none"),
    ("Not measured", "not_measured", "not_measured"),
    ("Left", "left", "left"),
)


def occupancy(rows: Sequence[Mapping[str, Any]], courses: int, height: int = 313, *, named: bool = True) -> Figure:
    """Shares of all courses started, by day since the first session; `named` writes the states' names in the areas."""
    if courses < FEW or not rows:
        return empty(f"Fewer than {FEW} courses started: nothing is drawn.")
    rows = [row for row in rows if row["day"] <= LONGEST_DAYS]
    days = [float(row["day"]) for row in rows]
    layers = [(name, token, [row[key] for row in rows]) for name, token, key in LAYERS]
    labels, thin = area_labels(days, layers) if named else ([], set())
    data = stacked(days, layers)
    for trace in data:
        trace["showlegend"] = trace["name"] in thin
    return {
        "data": data,
        "layout": layout(
            height,
            x=axis(
                "Days since the first session", range=[days[0], days[-1]], tickvals=ticks(days[-1]), showgrid=False,
                ticks="outside", tickcolor=colour("axis"), unifiedhovertitle=DAY_TITLE,
            ),
            y=axis("Courses started", range=[0, 1], tickformat=".0%", dtick=0.25),
            hovermode="x unified",
            annotations=labels,
            showlegend=bool(thin),
            legend=LEGEND,
        ),
    }  # fmt: skip
