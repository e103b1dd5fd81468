"""PHQ-9 item 9 as its own strip: every answer as it was given, never averaged, never on a score's axis."""

from __future__ import annotations

from dashboard.figures.base import Figure, axis, empty, layout
from dashboard.figures.panel import MARGIN, Rows
from dashboard.theme import colour
from dashboard.words import patient as words
from data_models.definitions.instruments import ITEM9_MAXIMUM

RAISED = 2  # the ready list's level: from here on an answer is drawn in the alert colour and named
HEIGHT = 140


def item9(scores: Rows, days: tuple[float, float] | None = None) -> Figure:
    """Answers to item 9 (0 to 3) against days since the course's first session.

    `scores` holds days and item9; `days` is the axis of the trajectory, so that both read alike.
    """
    answered = sorted((row for row in scores if not words.missing(row["item9"])), key=lambda row: row["days"])
    if not answered:
        return empty("No answer to item 9 is recorded in this course.", HEIGHT)
    xs = [float(row["days"]) for row in answered]
    values = [int(row["item9"]) for row in answered]
    stems_x: list[float | None] = []
    stems_y: list[float | None] = []
    for x, value in zip(xs, values, strict=True):
        stems_x += [x, x, None]
        stems_y += [0, value, None]
    colours = [colour("worse") if value >= RAISED else colour("left") for value in values]
    stems: Figure = {
        "type": "scatter",
        "mode": "lines",
        "x": stems_x,
        "y": stems_y,
        "hoverinfo": "skip",
        "name": "stems",
        "line": {"color": colour("axis"), "width": 1.5},
    }
    marks: Figure = {
        "type": "scatter",
        "mode": "markers",
        "x": xs,
        "y": values,
        "name": "item 9",
        "marker": {
            "size": 10,
            "color": colours,
            "symbol": ["triangle-up" if value >= RAISED else "circle" for value in values],
        },
        "text": [
            f"<b>Item 9: {value} of {ITEM9_MAXIMUM}</b>, {words.moment(x)}" for x, value in zip(xs, values, strict=True)
        ],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
    }
    low, high = days or (min(xs) - 1, max(xs) + 1)
    return {
        "data": [stems, marks],
        "layout": layout(
            HEIGHT,
            margin=MARGIN | {"t": 10},  # the trajectory's sides, so that days stand below days
            x=axis("Days since the course's first session", range=[low, high], automargin=False),
            y=axis(range=[-0.3, ITEM9_MAXIMUM + 0.4], tickvals=[0, 1, 2, 3], automargin=False),
        ),
    }
