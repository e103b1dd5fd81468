"""Curves of shares whose events lie between two scores: what onset and durability draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.figures.base import Figure, ribbon, wrapped
from dashboard.figures.steps import NAME_WIDTH, count_row, curve_line, over_counts, ticks
from dashboard.theme import colour
from dashboard.words.numbers import FEW, whole
from data_models.outcomes.interval_censored import IntervalCurve


@dataclass(frozen=True, slots=True)
class IntervalLine:
    """One curve; `token` names its colour, `dash` its stroke."""

    name: str
    curve: IntervalCurve
    token: str
    dash: str = "solid"


def no_line(curve: IntervalCurve, least: int = FEW) -> str:
    """Why a curve is not drawn; "" where it is. `least`: at risk together where it may start."""
    if curve.n is None or (curve.n >= least and curve.start is not None and curve.times.size < 2):
        return "Too few to draw a curve from rounded counts."
    return "" if curve.times.size > 1 else f"Fewer than {least} courses at risk: no curve is drawn."


def last_day(lines: Sequence[IntervalLine], limit: float) -> float:
    """The last day drawn: where the best-followed curve stops, or `limit`."""
    return min(max((float(line.curve.times[-1]) for line in lines if line.curve.times.size), default=0.0), limit)


def interval_figure(
    lines: Sequence[IntervalLine],
    *,
    rising: bool,
    limit: float,
    x_title: str,
    y_title: str,
    beside: Sequence[dict[str, Any]] = (),
) -> Figure:
    """One or several curves, with how many are at risk under the axis of days.

    Parameters
    ----------
    rising : draw the share with the event instead of the share without it.
    limit : last day drawn at most.
    beside : traces drawn under the curves (`dotted`).
    """
    end, single = last_day(lines, limit), len(lines) == 1
    at = ticks(end)
    data = list(beside)
    rows: list[dict[str, Any]] = []
    for line in lines:
        days, share, low, high = (column.tolist() for column in _until(line.curve, end))
        if not rising:
            share, low, high = ([1.0 - value for value in values] for values in (share, high, low))
        if single:
            data += ribbon(days, low, high, line.token)
        name = f"{line.name} (n {whole(line.curve.n)})"
        data.append(curve_line(days, share, low, high, name, line.token, dash=line.dash, shape="linear"))
        named = "At risk" if single else wrapped(line.name, NAME_WIDTH)
        rows.append(count_row(named, len(rows), at, _at_risk(line.curve, at)))
    return over_counts(data, rows, end, x_title, y_title, single=single)


def dotted(days: Sequence[float], values: Sequence[float], end: float, name: str) -> dict[str, Any]:
    """A step curve beside the main one, of another view of the same courses."""
    kept = [(day, value) for day, value in zip(days, values, strict=True) if day <= end]
    shown = {"width": 1.6, "shape": "hv", "color": colour("muted"), "dash": "dot"}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [day for day, _ in kept],
        "y": [value for _, value in kept],
        "name": name,
        "line": shown,
        "hovertemplate": f"Day %{{x:.3~g}}: %{{y:.0%}}<extra>{name}</extra>",
    }


def _until(curve: IntervalCurve, end: float) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    """Its rows up to a day, and one at that day."""
    kept = curve.times <= end
    columns = [curve.times[kept]] + [of[kept] for of in (curve.share, curve.low, curve.high)]
    if kept.all() or columns[0][-1] == end:
        return columns
    last = [np.array([end])] + [np.interp([end], curve.times, of) for of in (curve.share, curve.low, curve.high)]
    return [np.concatenate(pair) for pair in zip(columns, last, strict=True)]


def _at_risk(curve: IntervalCurve, at: Sequence[float]) -> list[int]:
    """At risk at each day: of the first row from it on; 0 after the last."""
    place = np.searchsorted(curve.times, np.asarray(at, dtype=float), side="left")
    return [int(curve.at_risk[i]) if i < curve.times.size else 0 for i in place.tolist()]
