"""Tables that several cards share: curves, and rates of side effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.figures.steps import daily
from dashboard.pages.card import Table
from data_models.vocabulary import label

_CURVE_COLUMNS = (
    ("at_risk", "At risk"),
    ("events", "Events"),
    ("censored", "Censored"),
    ("survival", "Share without the event"),
    ("low", "95% low"),
    ("high", "95% high"),
)
SHARE_COLUMNS = (
    ("events", "With it"),
    ("n", "Of"),
    ("share", "Share"),
    ("low", "95% low"),
    ("high", "95% high"),
    ("method", "Interval"),
)


def share_table(effects: Mapping[str, Any]) -> Table:
    """Per patient and per session, one row each a term."""
    rows = [
        {"term": label(row["term"]), "per": per} | {key: row[key] for key, _ in SHARE_COLUMNS}
        for per, name in (("patients", "per_patient"), ("sessions", "per_session"))
        for row in effects[name]
    ]
    return Table((("term", "Side effect"), ("per", "Per"), *SHARE_COLUMNS), rows)


def curve_table(km: Mapping[str, Any], first: str) -> Table:
    """A Kaplan-Meier curve, one row a time."""
    return Table((("days", first), *_CURVE_COLUMNS), daily(km["curve"]))


def onset_table(km: Mapping[str, Any], turnbull: Mapping[str, Any] | None) -> Table:
    """Kaplan-Meier and Turnbull under one another: the two curves of the onset card."""
    rows = [{"estimator": "Kaplan-Meier", **row} for row in daily(km["curve"])]
    left = 1.0
    for start, end, mass in (turnbull or {}).get("mass") or []:
        left -= mass
        rows.append({"estimator": "Turnbull", "left": start, "days": end, "survival": max(left, 0.0)})
    columns = (("estimator", "Estimator"), ("left", "After day"), ("days", "Day"), *_CURVE_COLUMNS)
    return Table(columns, rows)
