"""Sentences of the Records page: rows that were imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_models.intake.readers.file_formats import FORMATS

SOURCES = {one.source: one.name for one in FORMATS.values()} | {"xlsx": "Workbook", "one_sheet": "One sheet"}
_NOUNS = {
    "patients": ("patient", "patients"),
    "sessions": ("session", "sessions"),
    "assessments": ("assessment", "assessments"),
    "side_effects": ("side effect", "side effects"),
}

_FACTS = {"first_session_year": "year of the first session", "observed_until_weeks": "end of observation"}


def changes(counts: Mapping[str, int]) -> str:
    """ "age band of 12 patients and clinic of 1 patient": which facts of known patients change; empty for none."""
    return listed(
        [
            f"{_FACTS.get(column, column.replace('_', ' '))} of {count:,} {_NOUNS['patients'][count != 1]}"
            for column, count in counts.items()
        ]
    )


def listed(parts: Sequence[str]) -> str:
    """ "one, two and three"."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def rows(counts: Mapping[str, int], *, of: str = "") -> str:
    """ "2 new patients, 3 sessions, 6 assessments and 1 side effect": the tables that have rows."""
    parts = [
        f"{counts[t]:,} {of if t == 'patients' else ''}{_NOUNS[t][counts[t] != 1]}" for t in _NOUNS if counts.get(t)
    ]
    return listed(parts) or "no rows"
