"""Stacked areas: the shares of one whole by day."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any

from dashboard.figures.base import Figure, axis, layout, note
from dashboard.figures.steps import ticks
from dashboard.theme import FONT_SIZE, LIGHT, colour, faint

_NARROW_PLOT = 270  # pixels: the narrowest plot (a phone's) in which labels must neither meet nor be cut
_CHARACTER = 6.6  # pixels, about
_APART = 0.075  # of the axis of shares: the height of a line of text and a little air


def area_labels(
    x: Sequence[float], layers: Sequence[tuple[str, str, Sequence[float]]], least: float = 0.09
) -> tuple[list[dict[str, Any]], set[str]]:
    """Direct labels inside stacked areas, where each is tall, holds its whole label and no other label is near.

    Also the names without one.

    `layers`: name, token, values from the bottom up. The largest area chooses its place first.
    """
    placed: dict[str, tuple[float, float, float]] = {}  # name -> x, y, half its width as a share of the axis
    bottoms, bottom = {}, [0.0] * len(x)
    for name, _, values in layers:
        bottoms[name] = bottom
        bottom = [b + v for b, v in zip(bottom, values, strict=True)]
    span = (x[-1] - x[0] if len(x) else 0.0) or 1.0
    for name, _, values in sorted(layers, key=lambda layer: -max(layer[2], default=0.0)):
        half = len(name) * _CHARACTER / _NARROW_PLOT / 2
        for i in sorted(range(len(x)), key=lambda i: -values[i]):
            if values[i] < least:
                break
            at, middle = (x[i] - x[0]) / span, bottoms[name][i] + values[i] / 2
            inside = len(x) == 1 or (
                half <= at <= 1 - half
                and all(
                    bottoms[name][j] < middle < bottoms[name][j] + values[j]
                    for j in _beside(x, x[i] - half * span, x[i] + half * span)
                )
            )
            if inside and not any(
                abs(middle - y) < _APART and abs(at - other) < half + width for other, y, width in placed.values()
            ):
                placed[name] = (at, middle, half)
                break
    labels = [
        note(
            name,
            x[0] + placed[name][0] * span,
            placed[name][1],
            xanchor="center",
            font={"size": FONT_SIZE, "color": colour("text")},
        )
        for name, _, _ in layers
        if name in placed
    ]
    return labels, {name for name, _, _ in layers} - set(placed)


def _beside(x: Sequence[float], left: float, right: float) -> range:
    """The places of sorted days whose values are drawn from `left` to `right`; each holds until the next."""
    return range(max(bisect.bisect_right(x, left) - 1, 0), bisect.bisect_right(x, right))


def share_axes(end: float, x_title: str, y_title: str) -> dict[str, Any]:
    """Axes of shares by day, from day 0 to `end`, with what stands on one day said together."""
    return {
        "x": axis(
            x_title, range=[0, end], tickvals=ticks(end), showgrid=False, ticks="outside", tickcolor=colour("axis"),
            unifiedhovertitle={"text": "Day %{x:.1~f}"},
        ),
        "y": axis(y_title, range=[0, 1], tickformat=".0%", dtick=0.25),
        "hovermode": "x unified",
    }  # fmt: skip


def area_figure(
    days: Sequence[float],
    layers: Sequence[tuple[str, str, Sequence[float]]],
    x_title: str,
    y_title: str,
    height: int = 313,
    *,
    shape: str = "linear",
    named: bool = True,
) -> Figure:
    """Shares of one whole by day, stacked; `named` writes names in areas, and those without room above them."""
    labels, thin = area_labels(days, layers) if named else ([], set())
    data = [trace | {"showlegend": trace["name"] in thin} for trace in stacked(days, layers, shape=shape)]
    legend = {
        "orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom",
        "font": {"size": FONT_SIZE - 1, "color": colour("muted")}, "itemclick": False, "itemdoubleclick": False,
        "bgcolor": "rgba(0,0,0,0)",
    }  # fmt: skip
    axes = share_axes(days[-1], x_title, y_title)
    return {"data": data, "layout": layout(height, **axes, annotations=labels, showlegend=bool(thin), legend=legend)}


def stacked(
    x: Sequence[float], layers: Sequence[tuple[str, str, Sequence[float]]], *, shape: str = "linear"
) -> list[dict[str, Any]]:
    """Stacked areas of shares that sum to one."""
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": list(x),
            "y": list(values),
            "name": name,
            "stackgroup": "all",
            "line": {"width": 0.6, "color": LIGHT[token], "shape": shape},
            "fillcolor": faint(token, 0.62),
            "hovertemplate": "%{y:.0%} " + name.lower() + "<extra></extra>",
        }
        for name, token, values in layers
    ]
