"""Between sessions: what each session did to the score, a row a session; a table, not a drawing.

Times in days since the course's first session. Nothing here is carried over from one row to the next:
a cell without a score in its own span stays empty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from dashboard.figures.panel import Rows, or_none
from dashboard.words import numbers
from dashboard.words import patient as words
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import label

GRADES = {0: "none", 1: "mild", 2: "moderate", 3: "severe"}


def between_sessions(sessions: Rows, scores: Rows, rules: OutcomeRules) -> list[dict[str, Any]]:
    """One row a session of one course.

    Parameters
    ----------
    sessions : rows of one course. scores : rows of one course and instrument.

    Returns
    -------
    Per session: number, day, phase, given (dose, drug and route in words), before (the last score at or
    before its start, at most `fade_pre_session_days` old), lowest, days_to_lowest, scores (between this
    start and the next), before_next (the last of them), worst (grade in words), systolic, diastolic (highest,
    mmHg). The first of equal lowest scores counts.
    """
    ordered = sorted(sessions, key=lambda row: row["hours"])
    starts = [float(row["hours"]) for row in ordered]
    seen = sorted(((float(row["at_hours"]), float(row["score"])) for row in scores), key=lambda pair: pair[0])
    oldest = rules.fade_pre_session_days * 24.0
    rows: list[dict[str, Any]] = []
    for row, start, end in zip(ordered, starts, [*starts[1:], math.inf], strict=True):
        earlier = [value for at, value in seen if start - oldest <= at <= start]
        later = [(at, value) for at, value in seen if start < at <= end]
        low = min(later, key=lambda pair: pair[1], default=None)
        rows.append(
            {
                "number": int(row["number"]),
                "day": float(row["days"]),
                "phase": row["phase"],
                "given": _given(row),
                "before": earlier[-1] if earlier else None,
                "lowest": low[1] if low else None,
                "days_to_lowest": (low[0] - start) / 24.0 if low else None,
                "scores": len(later),
                "before_next": later[-1][1] if later and end < math.inf else None,
                "worst": _worst(row),
                "systolic": or_none(row["systolic_highest"]),
                "diastolic": or_none(row["diastolic_highest"]),
            }
        )
    return rows


def _given(row: Mapping[str, Any]) -> str:
    route = label(row["route"])
    if words.missing(row["dose"]):
        return f"{route}, dose not recorded"
    return f"{row['dose']:g} {'mg/kg' if row['dose_unit'] == 'mg_per_kg' else 'mg'} {route}"


def _worst(row: Mapping[str, Any]) -> str:
    """Worst grade of the session; "not asked" and "not graded" are not "none"."""
    if row["asked"] != 1:
        return "not asked"
    return "not graded" if words.missing(row["worst"]) else GRADES[int(row["worst"])]


def between_words(rows: Sequence[Mapping[str, Any]]) -> str:
    """What a session usually does to this course's score, and how much of it is given back by the next."""
    falls = [row["lowest"] - row["before"] for row in rows if row["before"] is not None and row["lowest"] is not None]
    if not falls:
        return "No session has a score both before it and after it, so its effect cannot be told."
    typical = median(falls)
    if typical < 0:
        text = f"After a session the score falls by {_typical(falls)} to its lowest"
    elif typical > 0:
        text = f"After a session the score does not fall: its lowest is {_typical(falls)} higher"
    else:
        text = "After a session the score does not fall: its lowest is the same"
    text += f" ({numbers.quantity(len(falls), 'session')} with a score before and after)"
    back = [row["before_next"] - row["lowest"] for row in rows if row["before_next"] is not None and row["scores"] > 1]
    if back:
        again = " again" if typical < 0 else ""
        rise = f"it has risen{again} by {_typical(back)}" if median(back) > 0 else f"it has not risen{again}"
        text += f"; by the next session {rise} ({numbers.quantity(len(back), 'session')} with scores to tell)"
    return text + "."


def _typical(changes: Sequence[float]) -> str:
    """The median of some changes in points, whatever their direction; one alone is no median."""
    points = numbers.quantity(abs(median(changes)), "point")
    return points if len(changes) == 1 else f"a median of {points}"
