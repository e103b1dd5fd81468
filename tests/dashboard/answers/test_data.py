"""Answers are shared, kept until the store changes, and never shared between scopes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine

from dashboard.access import trail
from dashboard.answers import data
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions import Shows, shows
from data_models.store import StoreError


class FakeStore:
    """Counts how often it was connected to, and how often it was asked."""

    def __init__(self) -> None:
        self.connections, self.reads, self.at = 0, 0, 1
        self.engine = create_engine("sqlite://")  # without a table of answers: what cannot be shared is still answered

    def about(self, connection: FakeStore) -> tuple[str, Any]:
        return f"state {connection.at}", DEFAULT_RULES

    @contextlib.contextmanager
    def connect(self) -> Iterator[FakeStore]:
        self.connections += 1
        yield self


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def request_of(store: FakeStore) -> Callable[[], Any]:
    """A request to an app that reads from the store."""
    server = Flask("test")
    data.attach(server, store)  # type: ignore[arg-type]
    return server.app_context


@shows(Shows.COHORT)
def answer(connection: FakeStore, scope: Scope, x: int) -> tuple[Scope, int]:
    connection.reads += 1
    return scope, x


def test_all_that_a_request_asks_is_read_through_one_connection(
    request_of: Callable[[], Any], store: FakeStore
) -> None:
    with request_of():
        assert store.connections == 0
        for x in range(3):
            data.ask(answer, x)
        assert data.rules() == DEFAULT_RULES
        assert (store.connections, store.reads) == (1, 3)
    with request_of():
        data.ask(answer, 0)
    assert (store.connections, store.reads) == (2, 3)


def test_a_request_holds_to_the_version_that_it_began_with(request_of: Callable[[], Any], store: FakeStore) -> None:
    with request_of():
        assert data.reading().state == "state 1"
        store.at += 1  # an import ends
        assert data.reading().state == "state 1"
        with request_of():
            assert data.reading().state == "state 2"


def test_the_same_question_reads_the_store_once(request_of: Callable[[], Any], store: FakeStore) -> None:
    for x in (1, 1, 2):
        with request_of():
            assert data.ask(answer, x)[1] == x
    assert store.reads == 2


def test_a_changed_store_is_asked_again(request_of: Callable[[], Any], store: FakeStore) -> None:
    with request_of():
        data.ask(answer, 1)
    store.at += 1
    with request_of():
        data.ask(answer, 1)
    assert store.reads == 2


def test_scopes_do_not_share_answers(
    request_of: Callable[[], Any], store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with request_of():
        everything = data.ask(answer, 1)
        narrow = Scope(clinics=frozenset({"north"}))
        monkeypatch.setattr(data, "scope", lambda: narrow)
        assert data.ask(answer, 1) == (narrow, 1) != everything
    assert store.reads == 2


def test_an_error_is_not_kept(request_of: Callable[[], Any]) -> None:
    calls = []

    @shows(Shows.COHORT)
    def sometimes(connection: None, scope: Scope) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first")
        return 7

    with request_of():
        with pytest.raises(ValueError, match="first"):
            data.ask(sometimes)
        assert data.ask(sometimes) == 7


def test_a_question_that_does_not_say_what_its_answer_shows_is_refused(request_of: Callable[[], Any]) -> None:
    def silent(connection: None, scope: Scope) -> int:
        raise AssertionError("asked")

    with request_of(), pytest.raises(TypeError, match=r"silent does not say what its answer shows"):
        data.ask(silent)


@pytest.mark.parametrize("what, noted", [(Shows.PATIENT, "A1"), (Shows.LIST, None)])
def test_what_shows_patients_is_noted_each_time_and_not_remembered(
    request_of: Callable[[], Any], store: FakeStore, what: Shows, noted: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str | None] = []
    monkeypatch.setattr(trail, "note_shown", lambda *shown: heard.extend(shown))

    @shows(what)
    def patients(connection: FakeStore, scope: Scope, code: str) -> str | None:
        connection.reads += 1
        return code if code == "A1" else None

    for code in ("A1", "A1", "unknown"):
        with request_of():
            data.ask(patients, code)
    assert heard == [noted, noted]
    assert store.reads == 3


def test_what_the_trail_cannot_be_told_of_is_not_answered(
    request_of: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(trail, "note_shown", full)
    with request_of(), pytest.raises(StoreError, match="disk is full"):
        data.ask(shows(Shows.LIST)(lambda connection, scope: ["A1"]))


def test_rules_are_those_of_the_version_that_answers(request_of: Callable[[], Any]) -> None:
    @shows(Shows.COHORT)
    def under(connection: None, scope: Scope, first: Any, *, second: Any) -> tuple[Any, Any]:
        return first, second

    with request_of():
        assert data.ask(under, data.RULES, second=data.RULES) == (DEFAULT_RULES, DEFAULT_RULES)
        assert data.ask(under, data.RULES, second=1) == (DEFAULT_RULES, 1)


# One worker process: answers each line with the cohort's courses and how often it worked rates out.
WORKER = """
import functools, json, sys
from flask import Flask, g
from dashboard.answers import data
from dashboard.access.state import LOCAL
from data_models.questions import rates as question
from data_models.database.access_tables import Person
from data_models.definitions.filters import CohortFilter
from data_models.store import Store, shared_answers
shared_answers.FROM_SECONDS = 0
made, rates = [], question.rates
@functools.wraps(rates)
def counted(*arguments):
    made.append(1)
    return rates(*arguments)
question.rates = counted
server = Flask("worker")
data.attach(server, Store.open(sys.argv[1]))
for line in sys.stdin:
    with server.test_request_context():
        clinic = json.loads(line)
        g.person = LOCAL if clinic is None else Person("c", frozenset({"clinician"}), frozenset({clinic}))
        found = data.figures(CohortFilter())
        found.rates
        print(json.dumps([found.funnel.courses, len(made)]), flush=True)
"""


def test_worker_processes_share_answers_and_both_see_a_change(
    small_records: Path, tmp_path: Path, project_root: Path
) -> None:
    from data_models.store import Store

    file = tmp_path / "shared.db"
    store = Store.open(f"sqlite:///{file.as_posix()}")
    store.import_path(small_records)
    line = [sys.executable, "-c", WORKER, f"sqlite:///{file.as_posix()}"]
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(line, cwd=project_root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]

        def asked(worker: subprocess.Popen[str], clinic: str | None = None) -> list[int]:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(json.dumps(clinic) + "\n")
            worker.stdin.flush()
            return json.loads(worker.stdout.readline())

        first, second = workers
        assert asked(first) == [2, 1]
        assert asked(second) == [2, 0]  # worked out by the first
        assert asked(second, "north") == [1, 1]  # never across scopes
        assert asked(first, "north") == [1, 1]

        more = tmp_path / "more"
        more.mkdir()
        for name, rows in {
            "patients": "patient_code,clinic\nC3,north\n",
            "sessions": "patient_code,hours\nC3,0\n",
        }.items():
            (more / f"{name}.csv").write_text(rows)
        store.import_path(more)
        assert asked(first) == [3, 2]
        assert asked(second) == [3, 1]
        assert asked(second, "north") == [2, 2]
        store.close()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.close()


def test_what_the_database_refuses_is_told_plainly(request_of: Callable[[], Any]) -> None:
    from sqlalchemy.exc import OperationalError

    from data_models.store import StoreError

    @shows(Shows.COHORT)
    def lost(connection: object, scope: Scope) -> None:
        raise OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))

    with request_of(), pytest.raises(StoreError, match="cannot be reached"):
        data.ask(lost)
