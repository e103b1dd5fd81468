"""Sentences of the Records page: rows that were imported, how complete the records are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.words import numbers
from data_models.intake.readers.file_formats import FORMATS

SOURCES = {one.source: one.name for one in FORMATS.values()} | {"xlsx": "Workbook", "one_sheet": "One sheet"}
_NOUNS = {
    "patients": ("patient", "patients"),
    "sessions": ("session", "sessions"),
    "assessments": ("assessment", "assessments"),
    "side_effects": ("side effect", "side effects"),
}


def rows(counts: Mapping[str, int], *, of: str = "") -> str:
    """ "2 new patients, 3 sessions, 6 assessments and 1 side effect": the tables that have rows."""
    parts = [
        f"{counts[t]:,} {of if t == 'patients' else ''}{_NOUNS[t][counts[t] != 1]}" for t in _NOUNS if counts.get(t)
    ]
    if not parts:
        return "no rows"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


# Key, heading, counted, of how many, what the denominator is called, whether more is better.
MEASURES: tuple[tuple[str, str, str, str, str, bool], ...] = (
    ("asked", "Side effects asked", "asked", "sessions", "sessions", True),
    ("before", "Score ≤ 7 days before", "scored_before", "sessions", "sessions", True),
    ("after", "Score ≤ 7 days after", "scored_after", "sessions", "sessions", True),
    ("recall", "Scores with a recall flag", "recall", "scores_after_session", "scores", False),
    ("no_baseline", "Courses with no baseline", "no_baseline", "courses", "courses", False),
)


def share(row: Mapping[str, Any], counted: str, of: str) -> float | None:
    """A share of a row of counts; None without a denominator."""
    return row[counted] / row[of] if row[of] else None


def total(by_clinic: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of all clinics together."""
    keys = {key for row in by_clinic for key in row if key != "clinic"}
    return {"clinic": "All clinics"} | {key: sum(row[key] for row in by_clinic) for key in sorted(keys)}


def completeness(by_clinic: Sequence[Mapping[str, Any]]) -> str:
    """The sentence over the completeness table: the figures of all clinics, and the clinic that asks least."""
    every = total(by_clinic)
    if not every.get("sessions"):
        return "No session is stored yet."
    asked = numbers.percent(share(every, "asked", "sessions"))
    sentence = f"Side effects were asked about in {asked} of {numbers.count(every['sessions'], 'session')}"
    named = [row for row in by_clinic if row["sessions"]]
    if len(named) > 1:
        least = min(named, key=lambda row: row["asked"] / row["sessions"])
        sentence += f" (least: {least['clinic']}, {numbers.percent(share(least, 'asked', 'sessions'))})"
    before, after = (numbers.percent(share(every, key, "sessions")) for key in ("scored_before", "scored_after"))
    sentence += f"; {before} have a score in the 7 days before and {after} within 7 days after."
    missing = every["no_baseline"]
    if not missing:
        return f"{sentence} Every course has a baseline."
    without = numbers.percent(share(every, "no_baseline", "courses"))
    return f"{sentence} {missing:,} of {numbers.count(every['courses'], 'course')} ({without}) have no baseline."
