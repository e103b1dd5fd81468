"""Sentences of the Records page: rows that were imported."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.words.numbers import count, listing
from data_models.intake.readers.file_formats import FORMATS

SOURCES = {one.source: one.name for one in FORMATS.values()} | {"xlsx": "Workbook", "one_sheet": "One sheet"}
_NOUNS = {"sessions": "session", "assessments": "assessment", "side_effects": "side effect"}
_FACTS = {"first_session_year": "year of the first session", "observed_until_weeks": "end of observation"}


def changes(counts: Mapping[str, int]) -> str:
    """ "age band of 12 patients and clinic of 1 patient": which facts of known patients change; empty for none."""
    named = {column: _FACTS.get(column, column.replace("_", " ")) for column in counts}
    return listing(f"{named[column]} of {count(n, 'patient')}" for column, n in counts.items())


def rows(counts: Mapping[str, int], *, of: str = "") -> str:
    """ "2 new patients, 3 sessions, 6 assessments and 1 side effect": the tables that have rows."""
    nouns = {"patients": f"{of}patient"} | _NOUNS
    return listing(count(counts[table], noun) for table, noun in nouns.items() if counts.get(table)) or "no rows"
