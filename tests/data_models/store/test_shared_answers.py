"""Stored answers: found by the same question about the same state alone, bounded, and never in the way."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

import data_models.questions
from data_models.database.engine import writing
from data_models.database.tables import KeptAnswer
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions import Shows
from data_models.store import Store, shared_answers
from data_models.store.answer_codec import CannotPack, pack, unpack
from data_models.store.shared_answers import find, put, shared, taking_turns


def _state(store: Store) -> str:
    with store.connect() as connection:
        return store.about(connection)[0]


def _rows(store: Store) -> int:
    with store.connect() as connection:
        return connection.execute(select(func.count()).select_from(KeptAnswer)).scalar_one()


def test_an_answer_is_found_again_by_another_opener(store: Store) -> None:
    assert put(store.engine, "k", _state(store), {"share": 0.1})
    url = store.engine.url.render_as_string(hide_password=False)
    other = Store.open(url)
    assert find(other.engine, "k") == {"share": 0.1}
    other.close()
    assert find(store.engine, "l") is None


def test_each_change_of_the_store_gives_it_another_state(store: Store, small_records: Path) -> None:
    states = [_state(store)]
    store.import_path(small_records)
    states.append(_state(store))
    store.set_name("north", synthetic=False)
    states.append(_state(store))
    store.derive(store.rules().changed({"state_hold_days": 20}))
    states.append(_state(store))
    store.import_path(small_records)  # the same content again changes nothing
    assert len(set(states)) == 4
    assert _state(store) == states[-1]


def test_answers_about_an_earlier_state_make_room(store: Store) -> None:
    put(store.engine, "old", _state(store), 1)
    store.set_name("north", synthetic=False)
    put(store.engine, "new", _state(store), 2)
    assert _rows(store) == 1


def test_answers_are_bounded_and_the_oldest_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = list(os.urandom(300))
    monkeypatch.setattr(shared_answers, "MOST_BYTES", 3000)
    for number in range(8):
        assert put(store.engine, f"k{number}", "state", answer)
    assert 1 < _rows(store) < 8
    assert find(store.engine, "k7") == answer
    assert find(store.engine, "k0") is None
    monkeypatch.setattr(shared_answers, "MOST_BYTES_AN_ANSWER", 10)
    assert not put(store.engine, "large", "state", answer)


def test_an_answer_that_cannot_be_read_is_no_answer(store: Store) -> None:
    put(store.engine, "k", "state", 1)
    with store.engine.begin() as connection:
        connection.execute(KeptAnswer.__table__.update().values(answer=b"\x80\x04."))  # a pickle
    assert find(store.engine, "k") is None


def test_an_import_is_not_waited_for(sqlite_store: Store) -> None:
    with writing(sqlite_store.engine) as connection, connection.begin():
        assert not put(sqlite_store.engine, "k", "state", 1)
    assert put(sqlite_store.engine, "k", "state", 1)


def test_a_backup_put_back_does_not_bring_back_its_answers_to_newer_questions(
    sqlite_store: Store, small_records: Path, tmp_path: Path
) -> None:
    """Two stores with one version number and other content are of different states."""
    twin = Store.open(f"sqlite:///{(tmp_path / 'twin.db').as_posix()}")
    sqlite_store.import_path(small_records)
    twin.set_name("another", synthetic=True)
    assert twin.version() == sqlite_store.version()
    assert _state(twin) != _state(sqlite_store)
    twin.close()


def test_who_asks_while_another_process_works_it_out_waits_and_finds_it(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    other, state, key = Store.open(url), _state(store), "0" * 64
    found: list[object] = []

    def ask() -> None:
        with taking_turns(other.engine, key) as waited:
            found.append(waited)
            found.append(find(other.engine, key))

    with taking_turns(store.engine, key) as waited:
        assert not waited
        if store.engine.dialect.name == "postgresql":
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()
            assert not found
            with taking_turns(other.engine, "1" * 64) as held_up:  # another question is not held up
                assert not held_up
        assert put(store.engine, key, state, "worked out once")
    if store.engine.dialect.name == "postgresql":
        thread.join(10)
        assert found == [True, "worked out once"]
    other.close()


def test_nobody_waits_for_long(postgresql_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_answers, "TURN_MS", 50)
    key = "0" * 64
    with taking_turns(postgresql_store.engine, key), taking_turns(postgresql_store.engine, key) as waited:
        assert waited
        assert put(postgresql_store.engine, key, _state(postgresql_store), 1)


def test_what_took_long_is_worked_out_once_for_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make() -> tuple[int, ...]:
        made.append(1)
        return (len(made),)

    state = _state(store)
    assert shared(store.engine, state, ("quick",), make) == (1,)
    assert shared(store.engine, state, ("quick",), make) == (2,)
    monkeypatch.setattr(shared_answers, "FROM_SECONDS", 0.0)
    assert [shared(store.engine, state, ("slow",), make) for _ in range(2)] == [(3,), (3,)]
    assert shared(store.engine, state, (object(),), make) == (4,)  # a question without a name


def questions() -> dict[str, Any]:
    """Every question that declares what its answer shows, by module and name."""
    found = {}
    for module in pkgutil.iter_modules(data_models.questions.__path__):
        for name, function in vars(importlib.import_module(f"data_models.questions.{module.name}")).items():
            if callable(function) and function.__module__.endswith(f".{module.name}") and hasattr(function, "shows"):
                found[f"{module.name}.{name}"] = function
    return found


GIVEN: dict[str, Any] = {"cohort": CohortFilter(), "by": "route", "rules": DEFAULT_RULES}
GIVEN |= {"key": "route", "route": "iv", "instrument": "phq9"}


@pytest.mark.parametrize("name", [name for name, one in questions().items() if one.shows is Shows.COHORT])
def test_each_answer_about_a_cohort_is_the_same_in_another_process(sample_database: str, name: str) -> None:
    question = questions()[name]
    wanted = list(inspect.signature(question).parameters.values())[2:]
    given = [GIVEN[one.name] for one in wanted if one.default is one.empty]
    store = Store.open(sample_database)
    with store.connect() as connection:
        answer = question(connection, Scope.everything(), *given)
    store.close()
    if isinstance(answer, pd.DataFrame):  # quickly read: each process reads it itself
        with pytest.raises(CannotPack):
            pack(answer)
    else:
        assert pack(unpack(pack(answer))) == pack(answer)
        assert type(unpack(pack(answer))) is type(answer)
