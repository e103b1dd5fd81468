"""What all figures share: layout, axes and small helpers, as plain dicts of plotly's schema."""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Sequence
from typing import Any

from dashboard.theme import FONT, FONT_SIZE, colour, faint
from dashboard.words.numbers import share_interval
from data_models.outcomes.proportions import Proportion

Figure = dict[str, Any]

# Every trace type that a figure may use: all are in the cartesian bundle (held by a test).
TRACE_TYPES = ("scatter", "bar", "box", "heatmap", "histogram")


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """One axis in the house style: a quiet grid, no zero line, the title beside it."""
    base: dict[str, Any] = {
        "title": {"text": title, "standoff": 8, "font": {"size": FONT_SIZE, "color": colour("muted")}},
        "showgrid": True,
        "gridcolor": colour("grid"),
        "gridwidth": 1,
        "zeroline": False,
        "showline": False,
        "linecolor": colour("axis"),
        "tickfont": {"size": FONT_SIZE - 1, "color": colour("muted")},
        "ticks": "",
        "automargin": True,
        "fixedrange": True,
    }
    return base | more


def layout(
    height: int = 300, *, x: dict[str, Any] | None = None, y: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A layout in the house style: transparent paper, no legend (label directly), fixed height in pixels."""
    base: dict[str, Any] = {
        "height": height,
        "autosize": True,
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": FONT_SIZE, "color": colour("text")},
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": colour("hover"),
            "bordercolor": colour("hover"),
            "font": {"family": FONT, "size": FONT_SIZE, "color": "#fdfdfe"},
            "align": "left",
        },
        "dragmode": False,
        "xaxis": x or axis(),
        "yaxis": y or axis(),
    }
    return base | more


def wrapped(text: str, width: int) -> str:
    """At most two lines of at most `width` characters, the rest cut off."""
    return "<br>".join(textwrap.wrap(text, width, max_lines=2, placeholder="…"))


def two_lines(text: str) -> str:
    """Long names on two lines, broken at the space nearest the middle: a phone keeps room for the plot."""
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    if len(text) <= 16 or not spaces:
        return text
    at = min(spaces, key=lambda i: abs(i - len(text) / 2))
    return f"{text[:at]}<br>{text[at + 1 :]}"


def lanes(names: Sequence[str], **more: Any) -> dict[str, Any]:
    """Settings of an axis of y with a named row each, the first at the top."""
    rows = {"range": [len(names) - 0.5, -0.5], "tickvals": list(range(len(names))), "ticktext": list(names)}
    return rows | {"showgrid": False} | more


def share_dots(
    name: str, rows: Sequence[tuple[float, Proportion, list[str]]], mark: dict[str, Any], hover: str
) -> dict[str, Any]:
    """A mark a share with its 95% interval.

    Parameters
    ----------
    rows : where it stands on y, the share, and the texts that `hover` has as customdata[0] and so on.
    mark : colour, symbol and size of the marks.
    """
    shares = [share for _, share, _ in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [one.share for one in shares],
        "y": [place for place, _, _ in rows],
        "name": name,
        "marker": mark,
        "cliponaxis": False,
        "error_x": {
            "type": "data",
            "symmetric": False,
            "thickness": 1.6,
            "width": 0,
            "color": mark["color"],
            "array": [0 if one.high is None else max(one.high - (one.share or 0), 0) for one in shares],
            "arrayminus": [0 if one.low is None else max((one.share or 0) - one.low, 0) for one in shares],
        },
        "customdata": [texts for _, _, texts in rows],
        "hovertemplate": hover,
    }


def interval_hover(share: Proportion) -> str:
    """A second line of what is said on hovering: the share's 95% interval; empty where there is none."""
    if share.low is None or share.high is None:
        return ""
    return f"<br>{share_interval(share.low, share.high)}"


def note(text: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    """A direct label beside a mark (an annotation without an arrow)."""
    base: dict[str, Any] = {
        "text": text,
        "x": x,
        "y": y,
        "showarrow": False,
        "font": {"size": FONT_SIZE - 1, "color": colour("muted")},
        "xanchor": "left",
        "yanchor": "middle",
        "align": "left",
    }
    return base | more


def line(x: Sequence[Any], y: Sequence[Any], name: str, token: str, **more: Any) -> dict[str, Any]:
    """A line trace in a token's colour."""
    style = {"color": colour(token), "width": 2} | more.pop("line", {})
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": name, "line": style} | more


def ribbon(
    x: Sequence[Any], low: Sequence[Any], high: Sequence[Any], token: str, *, shape: str = "linear", **more: Any
) -> list[dict[str, Any]]:
    """An interval ribbon: two invisible edges with a faint fill between; points without an interval are left out."""
    kept = [(a, b, c) for a, b, c in zip(x, low, high, strict=True) if b is not None and c is not None]
    edge = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "name": "95% interval"} | more
    invisible = {"width": 0, "shape": shape, "color": colour(token)}
    return [
        edge | {"x": [k[0] for k in kept], "y": [k[1] for k in kept], "line": invisible},
        edge
        | {
            "x": [k[0] for k in kept],
            "y": [k[2] for k in kept],
            "line": invisible,
            "fill": "tonexty",
            "fillcolor": faint(token),
        },
    ]


def empty(message: str, height: int = 110) -> Figure:
    """A figure that says why it shows nothing."""
    blank = axis(visible=False)
    words = note(message, 0.5, 0.5, xref="paper", yref="paper", xanchor="center", font={"color": colour("muted")})
    return {"data": [], "layout": layout(height, x=blank, y=copy.deepcopy(blank), annotations=[words])}
