"""How does the effect fade between sessions? Mean change by days since the latest session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures.base import Figure, axis, empty, layout, note, ribbon
from dashboard.theme import FONT_SIZE, LIGHT, colour

FEW = 5
Bins = Sequence[Mapping[str, Any]]


def bin_name(row: Mapping[str, Any]) -> str:
    """ "5–7": a bin holds its left end, not its right."""
    return f"{row['from_days']:g}–{row['to_days']:g}"


def fade(groups: Sequence[tuple[str, str, Bins]], symbols: Mapping[str, str] | None = None) -> Figure:
    """Mean change from the pre-session score with its 95% interval clustered by patient.

    Parameters
    ----------
    groups : name, colour token, bins (data contract "fade"); one group is drawn with a ribbon, several
        with bars of their intervals. Bins with fewer than five scores are left out.
    symbols : marker symbol by group name, so that colour is not all that tells several apart.
    """
    drawn = [
        (name, token, [b for b in bins if b["scores"] >= FEW and b["mean"] is not None]) for name, token, bins in groups
    ]
    drawn = [group for group in drawn if group[2]]
    if not drawn:
        return empty(f"No span of days has {FEW} scores after a session with a score before it.")
    names = [bin_name(b) for b in groups[0][2]]
    place = {name: i for i, name in enumerate(names)}
    last = max(place[bin_name(b)] for _, _, bins in drawn for b in bins)
    single = len(drawn) == 1
    data: list[dict[str, Any]] = []
    for position, (name, token, bins) in enumerate(drawn):
        shift = 0 if single else 0.14 * (position - (len(drawn) - 1) / 2)
        x = [place[bin_name(b)] + shift for b in bins]
        if single:
            data += ribbon(x, [b["low"] for b in bins], [b["high"] for b in bins], token)
        data.append(_means(name, token, x, bins, (symbols or {}).get(name, "circle"), with_bars=not single))
    if single:
        data.append(_row_of_counts([b for b in groups[0][2] if place[bin_name(b)] <= last], place))
    zero = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": 0,
        "y1": 0,
        "line": {"color": colour("axis"), "width": 1},
    }
    plot: dict[str, Any] = {
        "x": axis("Days since the latest session", range=[-0.5, last + 0.5], tickvals=list(range(last + 1)),
                  ticktext=names[: last + 1], showgrid=False, anchor="y"),
        "y": axis("Change in score (lower is better)", domain=[0, 0.86 if single else 1]),
        "shapes": [zero],
        "annotations": [note("score before the session", 0, 0, xref="paper", xshift=4, yanchor="bottom")],
    }  # fmt: skip
    if single:
        plot["yaxis2"] = axis("", domain=[0.9, 1], range=[-1, 1], tickvals=[0], ticktext=["Scores"], showgrid=False)
    return {"data": data, "layout": layout(313, **plot)}


def _means(name: str, token: str, x: Sequence[float], bins: Bins, symbol: str, *, with_bars: bool) -> dict[str, Any]:
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(x),
        "y": [b["mean"] for b in bins],
        "name": name,
        "line": {"color": LIGHT[token], "width": 2.2},
        "marker": {"color": LIGHT[token], "size": 6 if symbol == "circle" else 7, "symbol": symbol},
        "customdata": [
            [bin_name(b), b["scores"], b["patients"], _shown(b["low"]), _shown(b["high"]), _shown(b["median"])]
            for b in bins
        ],
        "hovertemplate": (
            "%{customdata[0]} days: mean %{y:.1f} (%{customdata[3]} to %{customdata[4]})<br>"
            "median %{customdata[5]}, %{customdata[1]} scores of %{customdata[2]} patients<extra>" + name + "</extra>"
        ),
    }
    if with_bars:
        trace["error_y"] = {
            "type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": LIGHT[token],
            "array": [0 if b["high"] is None else b["high"] - b["mean"] for b in bins],
            "arrayminus": [0 if b["low"] is None else b["mean"] - b["low"] for b in bins],
        }  # fmt: skip
    return trace


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _row_of_counts(bins: Bins, place: Mapping[str, int]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [place[bin_name(b)] for b in bins],
        # Every other a line lower: on a phone they would run into each other.
        "y": [0.5 - position % 2 for position in range(len(bins))],
        "text": [f"{b['scores']:,}" for b in bins],
        "textfont": {"size": FONT_SIZE - 1, "color": colour("muted")},
        "yaxis": "y2",
        "hoverinfo": "skip",
        "showlegend": False,
        "name": "Scores",
    }
