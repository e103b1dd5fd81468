"""What the colours, shapes and lines of a chart mean: a list above it, as text that wraps on a phone.

A legend inside the drawing takes the drawing's room, and on a phone the names under its axis met it.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

# Plotly's marker symbols as characters.
SHAPES = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "diamond-open": "◇",
    "triangle-up": "▲",
    "triangle-down": "▼",
    "hexagon": "⬢",
    "cross": "✚",
    "x": "✖",
}
AREA = "area"


def key(items: Sequence[tuple[str, str, str]]) -> Component:
    """The list.

    Parameters
    ----------
    items : name, colour token and mark of each: a plotly marker symbol, a plotly line dash ("solid", "dot")
        or AREA for filled areas and bars.
    """
    return html.Ul([html.Li([_mark(token, mark), name]) for name, token, mark in items], className="key")


def _mark(token: str, mark: str) -> Component:
    colour = {"color": f"var(--{token.replace('_', '-')})"}
    if mark in SHAPES:
        return html.Span(SHAPES[mark], className="shape", style=colour, **{"aria-hidden": "true"})
    drawn = AREA if mark == AREA else f"stroke stroke-{mark}"
    return html.Span(className=drawn, style=colour)
