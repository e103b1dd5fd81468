"""How complete each clinic's records are, protected as every release: counts in, counts or marks out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from dashboard.exports.counts import Counts
from dashboard.exports.document import Column, Section, Table
from dashboard.exports.suppression import HIDDEN, suppress
from data_models.definitions.scope import Scope
from data_models.questions.completeness import COUNTS, completeness

ALL = "All"
# (counted, of which): each is shown as a share of what it is counted in.
_SHARES = (
    ("asked", "sessions", "Sessions in which side effects were asked about"),
    ("scored_before", "sessions", "Sessions with a score in the 7 days before"),
    ("scored_after", "sessions", "Sessions with a score within 7 days after, before the next"),
    ("recall", "scores_after_session", "Scores after a session that look back past it"),
    ("no_baseline", "courses", "Courses without a baseline"),
)
# Numbers that go with a count: hiding what others are counted in hides their shares too.
_NUMBERS = {"sessions": 8, "courses": 4, "scores_after_session": 3}
# Patients are not among what is shown: beside other files they would tell how many were never asked.
_SHOWN = (
    "sessions",
    "asked",
    "scored_before",
    "scored_after",
    "scores_after_session",
    "recall",
    "courses",
    "no_baseline",
)


def records(connection: Connection, scope: Scope, least: int) -> list[dict[str, Any]]:
    """One row a clinic, and one of all: its name ("clinic") and its counts, small ones hidden."""
    found = completeness(connection, scope)
    rows = [{"clinic": one.clinic or "Not recorded"} | asdict(one.counts) for one in found.clinics]
    total: dict[str, Any] = {"clinic": ALL} | asdict(found.every)
    return protected([total, *rows], least) if least > 1 else [total, *rows]


def protected(rows: Sequence[dict[str, Any]], least: int) -> list[dict[str, Any]]:
    """The rows with small counts, and those that give one away, replaced by marks; the first row is the total."""
    counts = Counts()
    forced = set()
    for place, row in enumerate(rows):
        for key in COUNTS:
            counts.add((place, key), row[key], shown=key in _SHOWN, numbers=_NUMBERS.get(key, 2))
            if 1 <= row["patients"] < least and row[key]:
                forced.add((place, key))
        for part, whole, _ in _SHARES:
            counts.total((place, whole), [(place, part)], (place, part, "others"))
    for key in _SHOWN:
        counts.total((0, key), [(place, key) for place in range(1, len(rows))])
    marks = suppress(counts, least, forced).marks
    return [row | {key: marks[place, key] for key in _SHOWN if (place, key) in marks} for place, row in enumerate(rows)]


def section(rows: Sequence[dict[str, Any]]) -> Section:
    """The section of a file: what is there, of what ought to be, by clinic."""
    made = []
    for row in rows:
        for part, whole, words in _SHARES:
            events, n = row[part], row[whole]
            share = HIDDEN if isinstance(events, str) or isinstance(n, str) else (events / n if n else None)
            made.append({"clinic": row["clinic"], "measure": words, "events": events, "n": n, "share": share})
    columns = (
        Column("clinic", "Clinic", "text"),
        Column("measure", "Records", "text"),
        Column("events", "There", "count"),
        Column("n", "Of", "count"),
        Column("share", "Share", "share"),
    )
    sizes = (
        Column("clinic", "Clinic", "text"),
        *(Column(key, key.capitalize(), "count") for key in ("sessions", "courses")),
    )
    return Section(
        "How complete are the records?",
        "All scales and all records of each clinic; the filters do not apply here.",
        tables=[
            Table("clinics", "Clinics", sizes, rows),
            Table("completeness", "Completeness of records", columns, made, keys=2),
        ],
    )
