"""How often, when, with what, how bad, how soon over: side effects with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dashboard.figures.base import Figure, axis, empty, layout, line
from dashboard.figures.steps import Curve, no_curve, survival_figure
from dashboard.theme import LIGHT, ROUTE_SYMBOLS, colour, series_colour
from dashboard.words.numbers import FEW
from data_models.definitions.vocabulary import SOURCE_SIDE_EFFECTS, label
from data_models.outcomes.survival import SurvivalCurve

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "hexagon", "triangle-down", "cross", "x")
LONGEST_HOURS = 6.0
GRADES = ("mild", "moderate", "severe")
Rows = Sequence[Mapping[str, Any]]


def shown_terms(per_patient: Rows) -> list[str]:
    """Terms with an occurrence, and the seven of the source document always; most frequent first."""
    kept = [row for row in per_patient if row["events"] or row["term"] in SOURCE_SIDE_EFFECTS]
    return [row["term"] for row in sorted(kept, key=lambda row: -(row["share"] or 0))]


def most_frequent(groups: Sequence[Rows]) -> list[str]:
    """Terms by their share of all the groups' sessions together, most frequent first."""
    pooled: dict[str, list[float]] = {}
    for rows in groups:
        for row in rows:
            found = pooled.setdefault(row["term"], [0.0, 0.0])
            found[0] += row["events"]
            found[1] += row["n"]
    return shown_terms([{"term": t, "events": e, "share": e / n if n else None} for t, (e, n) in pooled.items()])


def how_often(per_patient: Rows, per_session: Rows, most: int | None = None, row: int = 30) -> Figure:
    """Dot plot: share of patients (filled) and of sessions (open), with 95% intervals; of the `most` frequent."""
    terms = shown_terms(per_patient)[:most]
    if not terms or not any(row["n"] for row in per_patient):
        return empty("Side effects were not asked about in any session here.")
    place = {term: i for i, term in enumerate(terms)}
    data = _dots("Patients", per_patient, place, -0.17, {"color": colour("text"), "symbol": "circle", "size": 9})
    data += _dots(
        "Sessions",
        per_session,
        place,
        0.17,
        {
            "color": colour("accent"),
            "symbol": "diamond-open",
            "size": 9,
            "line": {"width": 2, "color": colour("accent")},
        },
    )
    return {"data": data, "layout": _rows_layout(terms, "Share, 95% interval", row)}


def by_group(groups: Sequence[tuple[str, Rows]], terms: Sequence[str], key: str, names: Mapping[str, str]) -> Figure:
    """Dot plot of per-session shares, one mark a group (route, drug, dose band, phase)."""
    terms = [t for t in terms if any(r["term"] == t and r["n"] for _, rows in groups for r in rows)]
    if not terms or not groups:
        return empty("Side effects were not asked about in any session here.")
    place = {term: i for i, term in enumerate(terms)}
    data: list[dict[str, Any]] = []
    width = 0.62 / max(len(groups), 1)
    for position, (value, rows) in enumerate(groups):
        mark = {
            "color": series_colour(key, value, position),
            "symbol": group_symbol(key, value, position),
            "size": 8,
        }
        data += _dots(names.get(value, value), rows, place, width * (position - (len(groups) - 1) / 2), mark)
    return {"data": data, "layout": _rows_layout(terms, "Share of sessions, 95% interval", 20 + 8 * len(groups))}


def group_symbol(key: str, value: str, position: int) -> str:
    """Marker of a group: a route keeps its own."""
    return ROUTE_SYMBOLS.get(value if key == "route" else "", SYMBOLS[position % len(SYMBOLS)])


def by_number(groups: Sequence[tuple[int, Rows]], terms: Sequence[str], most: int = 5) -> Figure:
    """Per-session share against session number, for the most frequent terms; thin points are left out."""
    data: list[dict[str, Any]] = []
    for position, term in enumerate(terms[:most]):
        points = [(number, row) for number, rows in groups for row in rows if row["term"] == term and row["n"] >= FEW]
        if not points:
            continue
        token = f"series_{position % 6 + 1}"
        data.append(
            line(
                [n for n, _ in points],
                [row["share"] for _, row in points],
                label(term),
                token,
                mode="lines+markers",
                marker={"size": 6, "symbol": SYMBOLS[position], "color": colour(token)},
                customdata=[[row["events"], row["n"], _span(row)] for _, row in points],
                hovertemplate="Session %{x}: %{y:.0%} (%{customdata[0]} of %{customdata[1]})%{customdata[2]}<extra>"
                + label(term)
                + "</extra>",
            )
        )
    if not data:
        return empty(f"No session number has {FEW} sessions in which side effects were asked about.")
    top = max(max(trace["y"]) for trace in data)
    return {
        "data": data,
        "layout": layout(
            300,
            x=axis("Session number in the course", showgrid=False, dtick=1 if len(groups) <= 14 else None),
            y=axis("Share of sessions", range=[0, min(1, top * 1.12 + 0.02)], tickformat=".0%"),
        ),
    }


def severity(rows: Rows) -> Figure:
    """Shares of the worst grade per term: `rows` have term, mild, moderate, severe, not_graded (counts)."""
    kept = [r for r in rows if sum(r.get(g) or 0 for g in (*GRADES, "not_graded"))]
    if not kept:
        return empty("No side effect was recorded here.")
    kept = sorted(kept, key=lambda r: sum(r.get(g) or 0 for g in (*GRADES, "not_graded")))
    data = []
    for grade in (*GRADES, "not_graded"):
        totals = [sum(r.get(g) or 0 for g in (*GRADES, "not_graded")) for r in kept]
        counts = [r.get(grade) or 0 for r in kept]
        if not any(counts):
            continue
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": [_wrapped(label(r["term"])) for r in kept],
                "x": [c / t for c, t in zip(counts, totals, strict=True)],
                "name": "Not graded" if grade == "not_graded" else grade.capitalize(),
                "marker": {"color": LIGHT["ungraded" if grade == "not_graded" else grade], "line": {"width": 0}},
                "customdata": [[c, t] for c, t in zip(counts, totals, strict=True)],
                "hovertemplate": "%{y}: %{x:.0%} (%{customdata[0]} of %{customdata[1]})<extra>%{fullData.name}</extra>",
            }
        )
    return {
        "data": data,
        "layout": layout(
            58 + 35 * len(kept),
            x=axis("Share of occurrences", range=[0, 1.001], tickformat=".0%", dtick=0.25),
            y=axis("", showgrid=False, tickfont={"size": 12, "color": colour("text")}),
            barmode="stack",
            bargap=0.35,
        ),
    }


def resolution(minutes: SurvivalCurve) -> Figure:
    """Share not yet over, by hours since it began (Kaplan-Meier over occurrences, in minutes)."""
    curve = hours_curve(minutes)
    why_not = no_curve(curve, "occurrences with an onset and an end")
    if why_not:
        return empty(why_not)
    return survival_figure(
        [Curve("Kaplan-Meier", curve, "accent")],
        rising=False,
        x_title="Hours since it began",
        y_title="Not yet over",
        events="Over",
        unit="hour",
        limit=LONGEST_HOURS,
    )


def hours_curve(minutes: SurvivalCurve) -> SurvivalCurve:
    """The hours drawn, and the time after them: more would be read once an hour."""
    hours = minutes.times / 60
    shown = slice(int(np.searchsorted(hours, LONGEST_HOURS, side="right")) + 1)
    names = ("at_risk", "events", "censored", "survival", "log_variance", "low", "high")
    return replace(minutes, times=hours[shown], **{name: getattr(minutes, name)[shown] for name in names})


def _span(row: Mapping[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        return ""
    return f"<br>95% interval {100 * row['low']:.0f} to {100 * row['high']:.0f}%"


def _dots(
    name: str, rows: Rows, place: Mapping[str, int], shift: float, mark: Mapping[str, Any]
) -> list[dict[str, Any]]:
    kept = [row for row in rows if row["term"] in place and row["n"] and row["share"] is not None]
    x = [row["share"] for row in kept]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": x,
            "y": [place[row["term"]] + shift for row in kept],
            "name": name,
            "marker": dict(mark),
            "cliponaxis": False,
            "error_x": {
                "type": "data",
                "symmetric": False,
                "thickness": 1.6,
                "width": 0,
                "color": mark["color"],
                "array": [0 if r["high"] is None else max(r["high"] - r["share"], 0) for r in kept],
                "arrayminus": [0 if r["low"] is None else max(r["share"] - r["low"], 0) for r in kept],
            },
            "customdata": [[label(r["term"]), r["events"], r["n"], _span(r)] for r in kept],
            "hovertemplate": "%{customdata[0]}: %{x:.1%} (%{customdata[1]:,} of %{customdata[2]:,})%{customdata[3]}"
            "<extra>" + name + "</extra>",
        }
    ]


def _rows_layout(terms: Sequence[str], title: str, row: int = 30) -> dict[str, Any]:
    return layout(
        62 + row * len(terms),
        x=axis(title, rangemode="tozero", tickformat=".0%"),
        y=axis(
            "",
            range=[len(terms) - 0.5, -0.5],
            tickvals=list(range(len(terms))),
            ticktext=[_wrapped(label(t)) for t in terms],
            showgrid=True,
            tickfont={"size": 12, "color": colour("text")},
            ticks="outside",
            ticklen=8,
            tickcolor="rgba(0,0,0,0)",
        ),
    )


def _wrapped(text: str) -> str:
    """Long names on two lines, broken at the space nearest the middle: a phone keeps room for the plot."""
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    if len(text) <= 16 or not spaces:
        return text
    at = min(spaces, key=lambda i: abs(i - len(text) / 2))
    return f"{text[:at]}<br>{text[at + 1 :]}"
