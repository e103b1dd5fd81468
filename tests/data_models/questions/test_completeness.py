"""Completeness of records per clinic, on a small store counted by hand; the history of imports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest
from sqlalchemy import Connection

from data_models.definitions.scope import Scope
from data_models.questions import NotAllowed
from data_models.questions.completeness import Completeness, RecordCounts, completeness
from data_models.questions.import_history import imports
from data_models.store import Store

ALL = Scope.everything()

PATIENTS = "patient_code,clinic,diagnosis\nA1,north,ptsd\nB2,north,anxiety\nC3,south,ptsd\nD4,,ptsd\nE5,east,ptsd\n"
# A1: two courses (the second starts 3000 hours, 125 days, after the first session; 122 after the second).
SESSIONS = """patient_code,hours,drug,route,side_effects_asked
A1,0,ketamine,iv,yes
A1,72,ketamine,iv,no
A1,3000,ketamine,iv,
B2,0,ketamine,im,yes
C3,0,esketamine,intranasal,
C3,240,esketamine,intranasal,
D4,0,ketamine,iv,no
"""
# A1: 0 has a score 24 h before; its next session, 72, has that one too (96 h) and one exactly at its start, which
#     also follows session 0 by 3 days. A GAD-7 follows session 72 by 200 hours, over 7 days. 3000 has none near it.
# B2: its only score is 169 hours before, an hour too early.
# C3: session 0: a score exactly 7 days after it, none before. That score is 72 hours before session 240,
#     which is followed by a score after 8 days.
# D4: a baseline at the session's start and nothing else.
ASSESSMENTS = """patient_code,hours,instrument,score
A1,-24,phq9,20
A1,72,phq9,14
A1,272,gad7,10
B2,-169,phq9,18
C3,168,madrs,30
C3,432,madrs,20
D4,0,phq9,15
"""
EFFECTS = "patient_code,hours,term,severity\nC3,240,nausea,mild\n"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    texts = (PATIENTS, SESSIONS, ASSESSMENTS, EFFECTS)
    for name, text in zip(("patients", "sessions", "assessments", "side_effects"), texts, strict=True):
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.fixture
def connection(store: Store, records: Path) -> Iterator[Connection]:
    store.import_path(records)
    with store.connect() as opened:
        yield opened


def _by_clinic(connection: Connection, scope: Scope = ALL) -> dict[str | None, tuple[int, ...]]:
    return {one.clinic: astuple(one.counts) for one in completeness(connection, scope).clinics}


def test_each_clinics_counts_are_those_counted_by_hand(connection: Connection) -> None:
    # patients, sessions, asked, before, after, scores after a session, recall, courses, no baseline.
    # A PHQ-9 looks back 14 days and a GAD-7 too: A1's scores 3 and 8.3 days after a session are flagged;
    # a MADRS 7 days: C3's, 7 and 8 days after one, are not. B2's baseline lies within 14 days. C3 has none.
    assert _by_clinic(connection) == {
        "east": (1, 0, 0, 0, 0, 0, 0, 0, 0),
        "north": (2, 4, 2, 2, 1, 2, 2, 3, 1),
        "south": (1, 2, 1, 1, 1, 2, 0, 1, 1),
        None: (1, 1, 0, 1, 0, 0, 0, 1, 0),
    }


def test_clinics_come_by_name_and_patients_without_one_last(connection: Connection) -> None:
    assert list(_by_clinic(connection)) == ["east", "north", "south", None]


def test_a_session_with_a_recorded_side_effect_was_asked(connection: Connection) -> None:
    south = next(one for one in completeness(connection, ALL).clinics if one.clinic == "south")
    assert south.counts.asked == 1  # of its two sessions, neither of which says so


def test_all_clinics_are_the_sum_of_each(connection: Connection) -> None:
    found = completeness(connection, ALL)
    assert (found.every.patients, found.every.sessions, found.every.asked) == (5, 7, 3)
    assert astuple(found.every) == tuple(map(sum, zip(*(astuple(one.counts) for one in found.clinics), strict=True)))


def test_a_scope_counts_its_clinics_alone(connection: Connection) -> None:
    assert list(_by_clinic(connection, Scope(clinics=frozenset({"south"})))) == ["south"]
    assert _by_clinic(connection, Scope()) == {}


def test_an_empty_store_has_no_rows(store: Store) -> None:
    with store.connect() as connection:
        assert completeness(connection, ALL) == Completeness(RecordCounts(*[0] * 9), ())
        assert imports(connection, ALL).empty


def test_imports_come_newest_first_with_what_each_added(store: Store, records: Path, tmp_path: Path) -> None:
    store.import_path(records)
    more = tmp_path / "more"
    more.mkdir()
    (more / "assessments.csv").write_text("patient_code,hours,instrument,score\nA1,-24,phq9,20\nA1,100,phq9,9\n")
    store.import_path(more)
    store.import_path(records)  # already stored: no new row
    with store.connect() as connection:
        rows = imports(connection, ALL)
        columns = ["number", "source", "patients", "sessions", "assessments", "side_effects", "repeats"]
        assert rows[columns].to_numpy().tolist() == [[2, "csv", 0, 0, 1, 0, 1], [1, "csv", 5, 7, 7, 1, 0]]
        assert imports(connection, ALL, limit=1)["number"].tolist() == [2]
        with pytest.raises(NotAllowed):
            imports(connection, Scope(clinics=frozenset({"north"})))
