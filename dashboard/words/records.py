"""Sentences of the Records page: rows that were imported."""

from __future__ import annotations

from collections.abc import Mapping

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
