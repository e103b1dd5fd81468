"""Vital signs around the dose: means before and highest; shares above the reported thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures.base import Figure, axis, empty, layout, note, wrapped
from dashboard.theme import LIGHT, colour

SIGNS = (("Systolic", "systolic"), ("Diastolic", "diastolic"), ("Heart rate", "heart_rate"))


def before_and_highest(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """A line from the mean before to the mean highest, per sign: `rows` have sign, before, highest, rise, n."""
    kept = [row for row in rows if row.get("n") and row.get("before") is not None and row.get("highest") is not None]
    if not kept:
        return empty("No session has a value before and during it.")
    data: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    names = {token: name for name, token in SIGNS}
    for place, row in enumerate(kept):
        token = row["sign"]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [row["before"], row["highest"]],
                "y": [place, place],
                "name": names[token],
                "line": {"color": LIGHT[token], "width": 3},
                "marker": {
                    "color": LIGHT[token],
                    "size": [9, 12],
                    "symbol": ["circle-open", "circle"],
                    "line": {"width": 2},
                },
                "hovertemplate": "mean %{x:.0f}<extra>" + names[token] + "</extra>",
            }
        )
        labels.append(note(f"{row['before']:.0f}", row["before"], place, xanchor="right", xshift=-9))
        labels.append(
            note(
                f"{row['highest']:.0f} (+{row['rise']:.1f})",
                row["highest"],
                place,
                xshift=10,
                font={"size": 12, "color": colour("text")},
            )
        )
    values = [row[key] for row in kept for key in ("before", "highest")]
    room = (max(values) - min(values)) * 0.22 + 6
    return {
        "data": data,
        "layout": layout(
            70 + 44 * len(kept),
            x=axis("mmHg; beats a minute for heart rate", range=[min(values) - room, max(values) + room * 2.4]),
            y=axis(
                "",
                range=[len(kept) - 0.5, -0.5],
                tickvals=list(range(len(kept))),
                showgrid=False,
                ticktext=[names[row["sign"]] for row in kept],
                tickfont={"size": 12, "color": colour("text")},
            ),
            annotations=labels,
        ),
    }


def thresholds(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Share of sessions at or above each threshold with its interval: `rows` have name and a P."""
    kept = [row for row in rows if row.get("n") and row.get("share") is not None]
    if not kept:
        return empty("No session has blood pressure before and during it.")
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [row["share"] for row in kept],
                "y": list(range(len(kept))),
                "name": "Sessions",
                "marker": {"color": colour("accent"), "size": 9},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "thickness": 1.6,
                    "width": 0,
                    "color": colour("accent"),
                    "array": [0 if r["high"] is None else max(r["high"] - r["share"], 0) for r in kept],
                    "arrayminus": [0 if r["low"] is None else max(r["share"] - r["low"], 0) for r in kept],
                },
                "customdata": [[r["events"], r["n"]] for r in kept],
                "hovertemplate": "%{x:.1%} (%{customdata[0]:,} of %{customdata[1]:,} sessions)<extra></extra>",
            }
        ],
        "layout": layout(
            70 + 34 * len(kept),
            x=axis("Share, 95% interval", rangemode="tozero", tickformat=".0%", nticks=4, tickangle=0),
            y=axis(
                "",
                range=[len(kept) - 0.5, -0.5],
                tickvals=list(range(len(kept))),
                ticktext=[wrapped(r["name"], 19) for r in kept],
                tickfont={"size": 12, "color": colour("text")},
            ),
        ),
    }
