"""The list of patients as the grid shows it: every word and shape decided here, none in the browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dashboard.figures.sparkline import sparkline
from dashboard.questions.patient import not_scored_words
from dashboard.theme import STATES
from dashboard.words.courses import STATUS
from dashboard.words.numbers import MISSING, count, days, number, percent, quantity
from data_models.definitions.instruments import Instrument, with_item9
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.vocabulary import label
from data_models.outcomes.scores import NOT_SCORED
from data_models.questions.worklist import URGENCY, ListedPatient, Worklist, lists_on

_WORST = {1: "mild", 2: "moderate", 3: "severe"}
LISTS = {
    "fading": "Fading",
    "response_lost": "Response lost",
    "worse": "Worse than baseline",
    "item9_raised": "Item 9 raised",
    "no_score_since_session": "Not scored since session",
}


def rows(
    listed: Worklist,
    scores: Mapping[int, Sequence[tuple[float, float]]],
    scale: Instrument,
    rules: OutcomeRules,
    patient_url: str,
    query: str,
) -> list[dict[str, Any]]:
    """Grid rows of one page of the list.

    Parameters
    ----------
    scores : days and scores of each one's latest course by patient_id. patient_url : path before the code.
    query : query string of the list ("?" first), so that a patient's page knows its neighbours.
    """
    return [_row(one, scores.get(one.patient_id, ()), scale, rules, patient_url, query) for one in listed.patients]


def _row(
    one: ListedPatient,
    scores: Sequence[tuple[float, float]],
    scale: Instrument,
    rules: OutcomeRules,
    patient_url: str,
    query: str,
) -> dict[str, Any]:
    token, shape, word = STATES[one.state]
    return {
        "code": {"text": one.patient_code, "href": patient_url + quote(one.patient_code, safe="") + query},
        "state": {"token": token, "shape": shape, "text": word, "why": why(one)},
        "spark": sparkline(scores, scale, response_line(one, scale, rules)),
        "last": last_score(one, scale),
        "baseline": number(one.baseline),
        "improvement": improvement(one.improvement),
        "last_days": since_session(one),
        "sessions": {
            "text": f"{one.sessions} {label(one.route)}",
            "course": f"course {one.course}, {STATUS[one.status]}" if one.course > 1 else STATUS[one.status],
        },
        "diagnosis": label(one.diagnosis),
        "phase": label(one.phase),
        "item9": item9(one),
        "flags": flags(one, rules),
    }


def why(one: ListedPatient) -> str:
    """Why a patient stands where he stands on the list of what needs a look first."""
    reason, n = URGENCY[one.urgency], one.sessions_since or 0
    if one.last is None and reason == NOT_SCORED:
        return "no score since the course began"
    if reason in (NOT_SCORED, "treated_since"):
        return not_scored_words(one.state_before, n)
    if reason == "none":
        return "nothing to look at first"
    item9 = f"item 9 {'risen to' if (one.item9_change or 0) > 0 else 'at'} {one.item9_last}"
    said = {"item9_raised": item9, "worse": "worse than at baseline", "fading": "fading", "response_lost": "lost"}
    return f"{said[reason]}, {count(n, 'session')} since"


def response_line(one: ListedPatient, scale: Instrument, rules: OutcomeRules) -> float | None:
    """The highest score in response (points); None without a baseline above the scale's minimum."""
    if one.baseline is None or one.baseline <= scale.minimum:
        return None
    return scale.improved_to(one.baseline, rules.response_improvement)


def last_score(one: ListedPatient, scale: Instrument) -> dict[str, str]:
    """Latest score of the course and its severity band."""
    return {"score": number(one.last), "band": "" if one.last is None else scale.band(one.last)}


def improvement(share: float | None) -> str:
    """Improvement from baseline as a percentage; a rise is said as a rise."""
    if share is None:
        return MISSING
    return percent(share, down=True) if share >= 0 else f"{percent(-share, down=True)} worse"


def since_session(one: ListedPatient) -> str:
    """How long after the latest session the latest score was taken."""
    if one.last is None:
        return "no score"
    value = one.days_since_session
    return "not yet" if value is None or value <= 0 else days(value if value < 2 else round(value))


def item9(one: ListedPatient) -> dict[str, Any] | None:
    """Latest answer to item 9 and its change; `raised` as in the ready list."""
    if one.item9_last is None:
        return None
    moved = one.item9_change or 0
    sign = "+" if moved > 0 else "−"
    text = f"{one.item9_last}" + (f" ({sign}{abs(moved)})" if moved else "")
    return {"text": text, "raised": one.item9_last >= 2 or moved > 0}


def flags(one: ListedPatient, rules: OutcomeRules) -> list[dict[str, str]]:
    """What went wrong in the chair: raised pressure before a dose, worst side effect of the course."""
    found: list[dict[str, str]] = []
    if one.predose_high:
        limit = f"{number(rules.predose_systolic_mmhg)}/{number(rules.predose_diastolic_mmhg)}"
        found.append({"token": "loss", "text": "high BP", "title": f"Pressure before a dose above {limit} mmHg"})
    if one.worst:
        grade = _WORST[one.worst]
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
    return f"{quantity(total, 'patient')}{' ' + what if what else ''}, latest course, {scale.name}.{within}"
