"""How complete each clinic's records are, of rounded counts as every release is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection

from dashboard.exports.document import Section, with_marks
from dashboard.exports.rounding import count
from dashboard.questions.completeness import MEASURES
from dashboard.questions.view import Column, Table
from data_models.definitions.scope import Scope
from data_models.questions.completeness import ClinicRecords, RecordCounts, completeness

ALL = "All"


def records(connection: Connection, scope: Scope, *, exact: bool = False) -> tuple[ClinicRecords, ...]:
    """All clinics together, then each; where counts are rounded a clinic of few patients is not listed."""
    found = completeness(connection, scope)
    every = ClinicRecords(ALL, _rounded(found.every, exact, zero=True))
    named = ((one.clinic or "Not recorded", one.counts) for one in found.clinics)
    rows = (ClinicRecords(name, _rounded(counts, exact, zero=False)) for name, counts in named)
    return (every, *(row for row in rows if row.counts.patients is not None))


def _rounded(counts: RecordCounts, exact: bool, *, zero: bool) -> RecordCounts:
    if exact:
        return counts
    return RecordCounts(*(count(getattr(counts, of.name) or 0, zero=zero) for of in fields(RecordCounts)))


def section(rows: Sequence[ClinicRecords]) -> Section:
    """The section of a file: what is there, of what ought to be, by clinic."""
    made = []
    for row in rows:
        for measure in MEASURES:
            part = measure.part(row.counts)
            counts = {"events": part.n, "n": part.of, "share": part.share}
            made.append({"clinic": row.clinic, "measure": measure.in_full, **counts})
    columns = (
        Column("clinic", "Clinic", "text"),
        Column("measure", "Records", "text"),
        Column("events", "There", "count"),
        Column("n", "Of", "count"),
        Column("share", "Share", "share"),
    )
    of_size = ("sessions", "courses")
    sizes = [{"clinic": row.clinic, **{key: getattr(row.counts, key) for key in of_size}} for row in rows]
    named = (Column("clinic", "Clinic", "text"), *(Column(key, key.capitalize(), "count") for key in of_size))
    return Section(
        "How complete are the records?",
        "All scales and all records of each clinic; the filters do not apply here.",
        tables=[
            with_marks(Table(named, sizes, name="clinics", title="Clinics")),
            with_marks(Table(columns, made, name="completeness", title="Completeness of records", keys=2)),
        ],
    )
