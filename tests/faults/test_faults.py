"""The faults of `tests/benchmarks/faults.py` on a few patients, read in blocks of some 50 rows: nothing is lost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

from data_models.database.engine import access_engine
from data_models.store import Store
from tests.benchmarks import faults
from tests.benchmarks.databases import Databases, databases
from tests.benchmarks.fault_steps import Found, Step, lost_of, state_of, steps_of
from tests.benchmarks.faults import SMALL

PATIENTS = 20


class Place(NamedTuple):
    """Databases of an engine, and the imports that are disturbed in them."""

    databases: Databases
    steps: list[Step]


def _place(engine: str) -> Iterator[Place]:
    with databases(engine) as found, tempfile.TemporaryDirectory() as folder:
        yield Place(found, steps_of(found, Path(folder) / "records", PATIENTS, SMALL))


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Place]:
    yield from _place("sqlite")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Place]:
    """On a server of its own: it is killed."""
    yield from _place("postgresql")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


def nothing_lost(found: Found, *seen: str) -> None:
    """Nothing was lost, and the fault was one: each of these was seen."""
    assert found.lost == []
    assert found.runs
    assert [what for what in seen if not found.seen[what]] == []


def test_the_import_is_read_in_blocks_of_several_parts(sqlite: Place) -> None:
    assert [step.calls >= 6 for step in sqlite.steps] == [True, True]
    assert [bool(step.result.sessions) for step in sqlite.steps] == [True, True]


def test_an_import_that_is_killed(place: Place) -> None:
    nothing_lost(faults.killed_imports(*place, SMALL, 3), "before its end")


def test_backups_during_an_import(place: Place) -> None:
    nothing_lost(faults.backups_during_imports(*place, SMALL, 2), "of before")


def test_a_server_that_is_killed_in_an_import(postgresql: Place) -> None:
    nothing_lost(faults.killed_servers(*postgresql, SMALL, 2), "refused plainly", "before its end")


def test_a_server_that_is_restarted_under_readers(postgresql: Place) -> None:
    nothing_lost(faults.restarts_under_readers(*postgresql, SMALL, 3, 1), "answers")


def test_an_import_while_people_read(sqlite: Place) -> None:
    nothing_lost(faults.import_while_serving(*sqlite, SMALL, 2, 4), "answers", "questions that changed")


def test_a_disk_that_fills_while_accounts_or_records_are_written(sqlite: Place) -> None:
    found = faults.full_disks(*sqlite, SMALL, 2)
    nothing_lost(found, "accounts: refused plainly", "records: refused plainly")


def test_a_clock_that_goes_back(sqlite: Place) -> None:
    nothing_lost(faults.clocks_put_back(*sqlite, SMALL, 1), "entries of the trail", "out of the order of time")


@pytest.mark.parametrize(
    "statement, said",
    [
        ("DELETE FROM assessments WHERE patient_id = 1", "assessments has"),
        ("DELETE FROM score_facts WHERE patient_id = 1", "between two states"),
        ("UPDATE course_outcomes SET last = last + 1 WHERE patient_id = 1", "between two states"),
        ("DELETE FROM audit_entries", "the trail is empty"),
    ],
)
def test_what_is_lost_is_seen(sqlite: Place, statement: str, said: str) -> None:
    """Else the tests above would show nothing."""
    url = sqlite.databases.copy("last", "spoilt")
    with closing(Store.open(url)) as store:
        whole = state_of(store)
        assert lost_of(store, whole, whole) == []
        where = access_engine(store.engine) if "audit" in statement else store.engine
        with where.begin() as connection:
            connection.execute(text(statement))
        assert any(said in lost for lost in lost_of(store, state_of(store), whole))
    sqlite.databases.drop("spoilt")
