"""Tables that several cards share: curves, and rates of side effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.figures.steps import daily
from dashboard.questions.view import Table
from data_models.definitions.vocabulary import label

_COUNTED = (("at_risk", "At risk"), ("events", "Events"), ("censored", "Censored"))
_INTERVAL = (("low", "95% low"), ("high", "95% high"))
_RESPONDED = (*_COUNTED, ("responded", "Responded so far"), *_INTERVAL)  # the share that the figures of onset draw
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


def curve_table(km: Mapping[str, Any], first: str, share: str) -> Table:
    """A falling Kaplan-Meier curve, one row a time; `share` says what share it is."""
    return Table((("days", first), *_COUNTED, ("survival", share), *_INTERVAL), daily(km["curve"]))


def response_table(km: Mapping[str, Any], first: str) -> Table:
    """A curve of responses so far, one row a time."""
    return Table((("days", first), *_RESPONDED), _responded(km))


def _responded(km: Mapping[str, Any]) -> list[dict[str, Any]]:
    """1 - Kaplan-Meier: the low end of the one is the high end of the other."""
    ends = (("responded", "survival"), ("low", "high"), ("high", "low"))
    return [
        {**row, **{name: None if row[other] is None else 1 - row[other] for name, other in ends}}
        for row in daily(km["curve"])
    ]


def onset_table(km: Mapping[str, Any], turnbull: Mapping[str, Any] | None) -> Table:
    """Kaplan-Meier and Turnbull under one another: the two curves of the onset card."""
    rows = [{"estimator": "Kaplan-Meier", **row} for row in _responded(km)]
    total = 0.0
    for start, end, mass in (turnbull or {}).get("mass") or []:
        # A last mass without an end lies after all scores: of those who have not responded so far.
        total += mass if end is not None else 0.0
        rows.append({"estimator": "Turnbull", "left": start, "days": end, "responded": min(total, 1.0)})
    columns = (("estimator", "Estimator"), ("left", "After day"), ("days", "Day"), *_RESPONDED)
    return Table(columns, rows)
