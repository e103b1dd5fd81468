"""Rows of the worklist as the grid shows them: every word and shape decided here, none in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pandas as pd

from dashboard.figures.panel import records
from dashboard.theme import STATES
from dashboard.words import numbers
from dashboard.words import patient as words
from data_models.definitions.instruments import Instrument, with_item9
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import label
from data_models.questions.worklist import lists_on

NOTHING = "–"
_WORST = {1: "mild", 2: "moderate", 3: "severe"}
LISTS = {
    "fading": "Fading",
    "response_lost": "Response lost",
    "worse": "Worse than baseline",
    "item9_raised": "Item 9 raised",
    "no_score_since_session": "Not scored since session",
}


def rows(
    listed: pd.DataFrame,
    drawn: Mapping[int, Mapping[str, Any]],
    scale: Instrument,
    rules: OutcomeRules,
    patient_url: str,
    query: str,
) -> list[dict[str, Any]]:
    """Grid rows of one page of `worklist`.

    Parameters
    ----------
    drawn : sparkline per patient_id. patient_url : path before the code. query : query string of the
        list ("?" first), so that a patient's page knows its neighbours.
    """
    return [_row(row, drawn.get(int(row["patient_id"])), scale, rules, patient_url, query) for row in records(listed)]


def _row(
    row: Mapping[str, Any],
    drawn: Mapping[str, Any] | None,
    scale: Instrument,
    rules: OutcomeRules,
    patient_url: str,
    query: str,
) -> dict[str, Any]:
    token, shape, word = STATES[row["state"]]
    code = str(row["patient_code"])
    return {
        "code": {"text": code, "href": patient_url + quote(code, safe="") + query},
        "state": {"token": token, "shape": shape, "text": word},
        "spark": drawn,
        "last": last_score(row, scale),
        "baseline": _number(row["baseline"]),
        "improvement": improvement(row["improvement"]),
        "last_days": since_session(row),
        "sessions": {"text": f"{int(row['sessions'])} {label(row['route'])}", "course": _course(row)},
        "diagnosis": label(row["diagnosis"]),
        "phase": label(row["phase"]),
        "item9": item9(row),
        "flags": flags(row, rules),
    }


def responses(listed: pd.DataFrame, scale: Instrument, rules: OutcomeRules) -> dict[int, float]:
    """The highest score in response by patient_id, for those with a baseline above the scale's minimum."""
    known = listed[listed["baseline"].notna() & (listed["baseline"] > scale.minimum)]
    share = rules.response_improvement
    return {int(row["patient_id"]): scale.improved_to(float(row["baseline"]), share) for row in records(known)}


def _number(value: Any) -> str:
    return NOTHING if words.missing(value) else numbers.number(value)


def _course(row: Mapping[str, Any]) -> str:
    return f"course {int(row['course'])}" if row["course"] > 1 else ""


def last_score(row: Mapping[str, Any], scale: Instrument) -> dict[str, str]:
    """Latest score of the course and its severity band."""
    if words.missing(row["last"]):
        return {"score": NOTHING, "band": ""}
    return {"score": numbers.number(row["last"]), "band": scale.band(float(row["last"]))}


def improvement(share: Any) -> str:
    """Improvement from baseline as a percentage; a rise is said as a rise."""
    if words.missing(share):
        return NOTHING
    return numbers.percent(share, down=True) if share >= 0 else f"{numbers.percent(-share, down=True)} worse"


def since_session(row: Mapping[str, Any]) -> str:
    """How long after the latest session the latest score was taken."""
    if words.missing(row["last"]):
        return "no score"
    days = row["days_since_session"]
    return "not yet" if words.missing(days) or days <= 0 else words.duration(days if days < 2 else round(days))


def item9(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Latest answer to item 9 and its change; `raised` as in the ready list."""
    last, change = row["item9_last"], row["item9_change"]
    if words.missing(last):
        return None
    moved = 0 if words.missing(change) else int(change)
    sign = "+" if moved > 0 else "−"
    text = f"{int(last)}" + (f" ({sign}{abs(moved)})" if moved else "")
    return {"text": text, "raised": last >= 2 or moved > 0}


def flags(row: Mapping[str, Any], rules: OutcomeRules) -> list[dict[str, str]]:
    """What went wrong in the chair: raised pressure before a dose, worst side effect of the course."""
    found: list[dict[str, str]] = []
    if row["predose_high"] == 1:
        limit = f"{numbers.number(rules.predose_systolic_mmhg)}/{numbers.number(rules.predose_diastolic_mmhg)}"
        found.append({"token": "loss", "text": "high BP", "title": f"Pressure before a dose above {limit} mmHg"})
    if not words.missing(row["worst"]) and row["worst"] >= 1:
        grade = _WORST[int(row["worst"])]
        found.append({"token": grade, "text": grade, "title": f"Worst side effect: {grade}"})
    return found


def not_on(attention: str | None, scale: Instrument) -> str:
    """Why a scale has no such ready list; "" where it has."""
    if attention is None or attention in lists_on(scale):
        return ""
    if attention == "item9_raised":
        return f"Item 9 is part of the {with_item9().name}: choose that scale"
    return f"No smallest change is agreed on for the {scale.name}, so nobody counts as worse on it"


def sentence(total: int, attention: str | None, state: str | None, search: str, scale: Instrument, filters: str) -> str:
    """What the list holds, in words."""
    if not_on(attention, scale):
        return f"{not_on(attention, scale)}."
    kinds = {
        "fading": "fading, or no longer in response without having met the loss rule",
        "response_lost": "with response lost",
        "worse": "worse than at baseline",
        "item9_raised": "with item 9 raised (2 or more, or higher than at first)",
        "no_score_since_session": "without a score since the latest session",
    }
    parts = [kinds[attention]] if attention else []
    if state:
        parts.append(f"in the state “{STATES[state][2].lower()}”")
    if search:
        parts.append(f"with “{search}” in the code")
    what = " and ".join(parts)
    within = f" Filters: {filters}." if filters else ""
    if total == 0:
        return f"No patient {what or 'matches'} on the {scale.name}.{within} Clear a filter or choose another list."
    return f"{numbers.quantity(total, 'patient')}{' ' + what if what else ''}, latest course, {scale.name}.{within}"
