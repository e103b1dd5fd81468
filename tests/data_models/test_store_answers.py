"""Kept answers: found by the same question about the same state alone, bounded, and never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import func, select

from data_models import store_answers
from data_models.engine import writing
from data_models.store import Store
from data_models.store_answers import Nothing, keep, kept
from data_models.tables import KeptAnswer


def _state(store: Store) -> str:
    with store.connect() as connection:
        return store.about(connection)[0]


def _rows(store: Store) -> int:
    with store.connect() as connection:
        return connection.execute(select(func.count()).select_from(KeptAnswer)).scalar_one()


def test_an_answer_is_found_again_by_another_opener(store: Store) -> None:
    assert keep(store.engine, "k", _state(store), {"share": 0.1})
    url = store.engine.url.render_as_string(hide_password=False)
    other = Store.open(url)
    assert kept(other.engine, "k") == {"share": 0.1}
    other.close()
    with pytest.raises(Nothing):
        kept(store.engine, "l")


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
    keep(store.engine, "old", _state(store), 1)
    store.set_name("north", synthetic=False)
    keep(store.engine, "new", _state(store), 2)
    assert _rows(store) == 1


def test_answers_are_bounded_and_the_oldest_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = list(os.urandom(300))
    monkeypatch.setattr(store_answers, "MOST_BYTES", 3000)
    for number in range(8):
        assert keep(store.engine, f"k{number}", "state", answer)
    assert 1 < _rows(store) < 8
    assert kept(store.engine, "k7") == answer
    with pytest.raises(Nothing):
        kept(store.engine, "k0")
    monkeypatch.setattr(store_answers, "MOST_BYTES_AN_ANSWER", 10)
    assert not keep(store.engine, "large", "state", answer)


def test_an_answer_that_cannot_be_read_is_no_answer(store: Store) -> None:
    keep(store.engine, "k", "state", 1)
    with store.engine.begin() as connection:
        connection.execute(KeptAnswer.__table__.update().values(answer=b"\x80\x04."))  # a pickle
    with pytest.raises(Nothing):
        kept(store.engine, "k")


def test_an_import_is_not_waited_for(sqlite_store: Store) -> None:
    with writing(sqlite_store.engine) as connection, connection.begin():
        assert not keep(sqlite_store.engine, "k", "state", 1)
    assert keep(sqlite_store.engine, "k", "state", 1)


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
