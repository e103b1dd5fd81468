"""The reader of FHIR exports: one pass over the resources, then persons, sessions and scores are put together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.fhir.entries import looks_like_fhir
from data_models.intake.prepare.fhir.options import options_of
from data_models.intake.prepare.fhir.reading import Reading
from data_models.intake.prepare.fhir.sessions import SESSION_HOURS, session_table, sessions_of
from data_models.intake.prepare.fhir.suggestion import suggestion_of
from data_models.intake.prepare.fhir.values import Clock
from data_models.intake.prepare.source import (
    BIRTH_DATE,
    RECORD_NUMBER,
    TIME,
    Choices,
    Export,
    Suggestion,
    Table,
)
from data_models.intake.readers.problems import Problems

_OFFSET: Final = re.compile(r"T.*(?:Z|[+-]\d{2}:?\d{2})$")


class FhirExport:
    """FHIR as JSON (`source.Source`)."""

    key = "fhir"
    name = "a FHIR export"

    def recognises(self, path: Path) -> bool:
        """Whether a path surely holds FHIR."""
        return looks_like_fhir(path)

    def read(self, path: Path, choices: Choices, problems: Problems) -> Export:
        """The tables of an export; see `source.Source.read`."""
        return _export(Reading(path, options_of(choices), problems), choices)

    def suggest(self, path: Path, choices: Choices) -> Suggestion:
        """A map, from the codes and identifiers that an export has."""
        found = Reading(path, options_of(choices), Problems())
        export = _export(found, choices)
        return suggestion_of(found.seen, found.meanings, found.people.systems, export, offset=_offset(export))


def _export(found: Reading, choices: Choices) -> Export:
    if not found.kinds:
        raise CannotRead("no FHIR resource can be read there; give the export's folder, Bundle or NDJSON file")
    clock, left_out = Clock(choices.zone), found.left_out
    numbers, one = found.people.numbers(), found.people.one()
    sessions = sessions_of(found.doses.ours(), one, clock, left_out)
    found.readings.give(sessions, one, clock, left_out)
    session_rows, several = session_table(sessions, numbers, clock, found.options.route, left_out)
    assessments, ruled = found.scores.table(numbers, one, clock, left_out, published=found.options.published)
    effects, other = found.effects.table(sessions, numbers, one, clock)
    patients = _patients(found, session_rows, assessments)
    notes = []
    if several:
        notes.append(
            f"{several:,} sessions are of several administrations: those of one drug within {SESSION_HOURS:g} hours "
            "are one session, and their doses are added up"
        )
    notes += [f"{rule}: {count:,} times" for rule, count in ruled.items()]
    if other:
        notes.append(f"{other:,} adverse events have a name that no row knows: they are told as other")
    tables = {"patients": patients, "sessions": session_rows, "assessments": assessments, "side_effects": effects}
    return Export(
        {name: table for name, table in tables.items() if len(table) or name != "side_effects"}, left_out, {}, notes
    )


def _patients(found: Reading, *tables: Table) -> Table:
    """Every Patient of the export, and who else has a session or a score."""
    rows = found.people.rows()
    known = {row[0] for row in rows}
    for table in tables:
        for place, number in enumerate(table.columns[RECORD_NUMBER]):
            if number not in known:
                known.add(number)
                rows.append((number, "", "", table.origins[place]))
    columns = {
        RECORD_NUMBER: [row[0] for row in rows],
        BIRTH_DATE: [row[1] for row in rows],
        "sex": [row[2] for row in rows],
        **({"clinic": [found.options.clinic] * len(rows)} if found.options.clinic else {}),
    }
    return Table("FHIR patients", columns, [row[3] for row in rows])


def _offset(export: Export) -> bool:
    """Whether times of an export are written with Z or an offset."""
    return any(_OFFSET.search(text) for table in export.tables.values() for text in table.columns.get(TIME, ()))
