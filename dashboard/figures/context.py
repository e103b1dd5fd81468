"""A course over the band of similar courses: 10th, 25th, 50th, 75th and 90th percentile of their scores."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dashboard.figures.base import Figure, axis, empty, layout, note
from dashboard.figures.panel import records
from dashboard.figures.score_panel import broken_line, score_ceiling
from dashboard.theme import colour, faint
from dashboard.words import numbers
from data_models.definitions.instruments import INSTRUMENTS

FEW = 5  # courses; a bin with fewer has no percentiles worth drawing
HEIGHT = 300
ALIGNMENTS = {"course": "first session", "session": "latest session"}


def drawable(band: pd.DataFrame) -> pd.DataFrame:
    """Bins with enough courses, in time order."""
    return band[band["courses"] >= FEW].sort_values("day_from")


def band_at(band: pd.DataFrame, day: float) -> dict[str, float] | None:
    """The drawable bin that holds `day`; None where there is none."""
    kept = drawable(band)
    holds = kept[(kept["day_from"] <= day) & (day < kept["day_to"])]
    return None if holds.empty else {str(key): float(value) for key, value in holds.iloc[0].items()}


def context(
    band: pd.DataFrame,
    runs: Sequence[tuple[Sequence[float], Sequence[float]]],
    instrument: str,
    alignment: str,
    days: tuple[float, float] | None = None,
) -> Figure:
    """The figure.

    Parameters
    ----------
    band : bins with day_from, day_to, p10, p25, p50, p75, p90 (score points) and courses.
    runs : this course's scores as lines: one run aligned on the first session, one run a session
        aligned on the latest session. Days and scores of each.
    alignment : one of ALIGNMENTS.
    days : first and last day of the axis; by default what this course needs.
    """
    scale = INSTRUMENTS[instrument]
    kept = drawable(band)
    mine = [(float(d), float(s)) for run in runs for d, s in zip(*run, strict=True)]
    if kept.empty and not mine:
        return empty("Too few similar courses have a score to draw.", HEIGHT)
    last = max([day for day, _ in mine] or [float(kept["day_to"].max())])
    low, high = days or (min([0.0, *(day for day, _ in mine)]) - 0.5, last * 1.05 + 1)
    middles = [(row["day_from"] + row["day_to"]) / 2 for row in records(kept)]
    data: list[Figure] = []
    for lower, upper, opacity in (("p10", "p90", 0.28), ("p25", "p75", 0.45)):
        edge: Figure = {"type": "scatter", "mode": "lines", "x": middles, "hoverinfo": "skip", "line": {"width": 0}}
        data.append(edge | {"y": kept[lower].tolist(), "name": lower})
        data.append(
            edge | {"y": kept[upper].tolist(), "name": upper, "fill": "tonexty", "fillcolor": faint("context", opacity)}
        )
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": middles,
            "y": kept["p50"].tolist(),
            "name": "median",
            "line": {"color": colour("muted"), "width": 1.5, "dash": "dot"},
            "text": [
                f"Median {numbers.number(row['p50'])}, half of courses {numbers.number(row['p25'])} to "
                f"{numbers.number(row['p75'])}<br>"
                f"days {numbers.number(row['day_from'])} to {numbers.number(row['day_to'])}, "
                f"{int(row['courses']):,} courses"
                for row in records(kept)
            ],
            "hovertemplate": "%{text}<extra></extra>",
        }
    )
    for number, (xs, ys) in enumerate(runs):
        line_x, line_y = broken_line(xs, ys)
        # Earlier sessions are dots; a line each would be a web.
        current = number == len(runs) - 1
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if current else "markers",
                "x": line_x,
                "y": line_y,
                "connectgaps": False,
                "name": "this course",
                "opacity": 1 if current else 0.45,
                "line": {"color": colour("accent"), "width": 2},
                "marker": {"size": 6, "color": colour("accent")},
                "hovertemplate": f"This course: {scale.name} %{{y}} on day %{{x:.1f}}<extra></extra>",
            }
        )
    highest = max([*(score for _, score in mine), *kept["p90"].tolist()], default=scale.moderate)
    ceiling = score_ceiling(scale, highest)
    made = layout(
        HEIGHT,
        x=axis(f"Days since the {ALIGNMENTS[alignment]}", range=[low, high]),
        y=axis(f"{scale.name} ({scale.better} is better)", range=[scale.minimum, ceiling]),
        annotations=_labels(kept, low, high, scale.minimum + 0.1 * (ceiling - scale.minimum)),
    )
    return {"data": data, "layout": made}


def _labels(kept: pd.DataFrame, low: float, high: float, edge: float) -> list[Figure]:
    """Names of the median and the band, at the last bin inside the axis."""
    inside = [row for row in records(kept) if low <= (row["day_from"] + row["day_to"]) / 2 <= high]
    if len(inside) < 2:  # a band needs two bins to be seen
        return []
    row = inside[-1]
    x = (row["day_from"] + row["day_to"]) / 2
    # Under a low edge the name would lie on the axis and its numbers.
    under = "bottom" if row["p10"] < edge else "top"
    return [
        note("median", x, row["p50"], xanchor="right", yanchor="bottom"),
        note("90th", x, row["p90"], xanchor="right", yanchor="bottom"),
        note("10th percentile", x, row["p10"], xanchor="right", yanchor=under),
    ]
