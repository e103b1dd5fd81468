"""How long do effects last after induction? Kaplan-Meier, and lost against re-treated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures.base import DAY_TITLE, LEGEND, Figure, axis, empty, layout
from dashboard.figures.steps import (
    FEW,
    MOST_ROWS,
    Group,
    area_labels,
    drawn,
    horizon,
    median_label,
    stacked,
    survival_figure,
    ticks,
)
from dashboard.theme import colour

LONGEST_DAYS = 182.0
_DAYS = "Days since the last induction session"


def durability(km: Mapping[str, Any]) -> Figure:
    """Share still in response, with at-risk, lost and censored rows."""
    if km["n"] < FEW or not drawn(km["curve"]):
        return empty(f"Fewer than {FEW} courses at risk: no curve is drawn.")
    figure = survival_figure(
        [Group("Kaplan-Meier", km["curve"], km["n"], "response")],
        rising=False,
        limit=LONGEST_DAYS,
        x_title=_DAYS,
        y_title="Still in response",
        events="Lost",
    )
    if km["median"] is not None and km["median"] <= LONGEST_DAYS:
        end = figure["layout"]["xaxis"]["range"][1]
        figure["layout"]["annotations"] = [median_label(km["median"], end, rising=False)]
    return figure


def durability_groups(groups: Sequence[Group]) -> Figure:
    """Share still in response, of several groups."""
    kept = [g for g in groups if g.n >= FEW and drawn(g.curve)]
    if not kept:
        return empty(f"No group has {FEW} courses at risk.")
    return survival_figure(kept, rising=False, limit=LONGEST_DAYS, x_title=_DAYS, y_title="Still in response")


def thinned(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The competing-event rows, read at the end of each whole day where there are very many."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    last_of_day = {math.ceil(row["days"]): row for row in rows}
    return [{**row, "days": float(day)} for day, row in last_of_day.items()]


def competing(rows: Sequence[Mapping[str, Any]], km: Mapping[str, Any]) -> Figure:
    """Lost, re-treated, still in response without another session (Aalen-Johansen), stacked to 100%."""
    if km["n"] < FEW or not rows:
        return empty(f"Fewer than {FEW} courses in response at the end of induction: nothing is drawn.")
    end = horizon([Group("", km["curve"], km["n"], "response")], LONGEST_DAYS)
    if not end:
        return empty(f"Fewer than {FEW} courses at risk: nothing is drawn.")
    kept = [row for row in thinned(rows) if row["days"] <= end]
    if not kept:
        return empty("No loss of response and no re-treatment within the days followed.")
    days = [0.0, *(float(row["days"]) for row in kept), end]
    layers = [
        (name, token, [first, *(row[key] for row in kept), kept[-1][key]])
        for name, token, key, first in (
            ("In response", "response", "in_response", 1.0),
            ("Re-treated", "retreated", "retreated", 0.0),
            ("Lost", "loss", "loss", 0.0),
        )
    ]
    labels, thin = area_labels(days, layers)
    data = stacked(days, layers, shape="hv")
    for trace in data:
        trace["showlegend"] = trace["name"] in thin
    return {
        "data": data,
        "layout": layout(
            313,
            x=axis(
                _DAYS, range=[0, end], tickvals=ticks(end), showgrid=False, ticks="outside", tickcolor=colour("axis"),
                unifiedhovertitle=DAY_TITLE,
            ),
            y=axis("Courses", range=[0, 1], tickformat=".0%", dtick=0.25),
            hovermode="x unified",
            annotations=labels,
            showlegend=bool(thin),
            legend=LEGEND,
        ),
    }  # fmt: skip
