"""Derivation in parts: identical to the plain one, restartable, all or nothing, and never of two states."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import delete, func, inspect, select

from data_models.database.engine import StoreError
from data_models.database.image_join import CannotJoin
from data_models.database.tables import Base
from data_models.definitions.rules import DEFAULT_RULES
from data_models.store import Store
from data_models.store import cluster as store_cluster
from data_models.store.derivation import FACTS, LISTED

RULES = DEFAULT_RULES.changed({"course_gap_days": 30, "loss_rule": "half_lost", "response_improvement": 0.3})


def quiet(step: str, share: float) -> None:
    """No progress."""


class Here(Executor):
    """Carries tasks out at once in this process; counts them."""

    def __init__(self, fails_after: int = 1000) -> None:
        self.done: list[Any] = []
        self.fails_after = fails_after

    def submit(self, task: Any, /, *given: Any, **named: Any) -> Future:  # type: ignore[override]
        future: Future = Future()
        try:
            if len(self.done) >= self.fails_after:
                raise RuntimeError("the machine went away")
            future.set_result(task(*given, **named))
            self.done.append(given[0])
        except Exception as error:
            future.set_exception(error)
        return future


def facts(store: Store) -> dict[str, pd.DataFrame]:
    """Every table that a derivation fills, in the order of its key."""
    with store.connect() as connection:
        tables = {name: Base.metadata.tables[name] for name in (*FACTS, *LISTED, "worklist_counts")}
        return {
            name: pd.DataFrame(connection.execute(select(table).order_by(*table.primary_key)).mappings().all())
            for name, table in tables.items()
        }


def left(store: Store) -> list[str]:
    """What of the staging is still there."""
    if store.engine.dialect.name == "sqlite":
        return [path.name for path in Path(f"{store.engine.url.database}.derive").glob("*")]
    return [name for name in inspect(store.engine).get_table_names() if name.startswith("staged_")]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_cluster, "SMALLEST_PART", 1)
    monkeypatch.setitem(store_cluster._MOST_PARTS, "postgresql", 5)


@pytest.fixture
def filled(store: Store, small_records: Path) -> Store:
    """Two patients, so three parts: ids from 0 on, and 0 is nobody's."""
    store.import_path(small_records)
    return store


@pytest.fixture
def clinic(store: Store, sample_folder: Path) -> Store:
    store.import_path(sample_folder)
    return store


def test_parts_give_what_the_plain_derivation_gives_to_the_bit(clinic: Store) -> None:
    clinic.derive(RULES)
    plain, version = facts(clinic), clinic.version()
    clinic.derive(DEFAULT_RULES)
    assert not facts(clinic)["courses"].equals(plain["courses"])
    pool = Here()
    store_cluster.derive_in_parts(clinic, RULES, pool, quiet)
    assert len(pool.done) >= 5
    assert clinic.rules() == RULES
    assert clinic.version() > version
    for name, frame in facts(clinic).items():
        pd.testing.assert_frame_equal(frame, plain[name], check_exact=True)
    assert left(clinic) == []


def test_the_parts_of_a_sqlite_store_are_taken_over_as_one_file(
    sqlite_store: Store, sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_store.import_path(sample_folder)
    sqlite_store.derive(RULES)
    plain = facts(sqlite_store)
    sqlite_store.derive(DEFAULT_RULES)
    monkeypatch.setattr(store_cluster, "_taking_over", None)  # not called: no row is taken over by itself
    store_cluster.derive_in_parts(sqlite_store, RULES, Here(), quiet)
    for name, frame in facts(sqlite_store).items():
        pd.testing.assert_frame_equal(frame, plain[name], check_exact=True)
    assert left(sqlite_store) == []


def test_a_scale_that_some_parts_have_no_score_on_lists_everybody(
    sqlite_store: Store, sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_store.import_path(sample_folder)
    with sqlite_store._writing() as connection:
        scores = Base.metadata.tables["assessments"]
        rare = scores.c.instrument == "madrs"
        first = connection.execute(select(func.min(scores.c.patient_id)).where(rare)).scalar_one()
        connection.execute(delete(scores).where(rare, scores.c.patient_id > first))
    sqlite_store.derive()
    plain = facts(sqlite_store)
    assert (plain["worklist_facts"]["instrument"] == "madrs").sum() > 1
    monkeypatch.setattr(store_cluster, "_taking_over", None)
    store_cluster.derive_in_parts(sqlite_store, DEFAULT_RULES, Here(), quiet)
    for name, frame in facts(sqlite_store).items():
        pd.testing.assert_frame_equal(frame, plain[name], check_exact=True)


@pytest.mark.parametrize("error", [CannotJoin(), OSError("no room")])
def test_parts_that_cannot_be_put_together_are_taken_over_one_by_one(
    sqlite_store: Store, sample_folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    sqlite_store.import_path(sample_folder)
    before = facts(sqlite_store)

    def refused(path: Path, *_: object) -> None:
        path.write_bytes(b"begun")
        raise error

    monkeypatch.setattr(store_cluster, "join", refused)
    store_cluster.derive_in_parts(sqlite_store, DEFAULT_RULES, Here(), quiet)
    for name, frame in facts(sqlite_store).items():
        pd.testing.assert_frame_equal(frame, before[name], check_exact=True)
    assert left(sqlite_store) == []


def test_a_derivation_that_was_stopped_goes_on_where_it_ended(filled: Store) -> None:
    before, rules = facts(filled), filled.rules()
    with pytest.raises(RuntimeError, match="went away"):
        store_cluster.derive_in_parts(filled, RULES, Here(fails_after=2), quiet)
    assert filled.rules() == rules
    for name, frame in facts(filled).items():
        pd.testing.assert_frame_equal(frame, before[name], check_exact=True)
    again = Here()
    store_cluster.derive_in_parts(filled, RULES, again, quiet)
    assert [part.number for part in again.done] == [2]
    filled.derive(RULES)
    assert left(filled) == []


def test_what_was_staged_for_other_records_or_rules_is_not_taken(filled: Store) -> None:
    with pytest.raises(RuntimeError, match="went away"):
        store_cluster.derive_in_parts(filled, RULES, Here(fails_after=1), quiet)
    assert left(filled)
    pool = Here()
    store_cluster.derive_in_parts(filled, DEFAULT_RULES, pool, quiet)
    assert pool.done[0].number == 0
    assert left(filled) == []


def test_records_that_change_meanwhile_stop_it(filled: Store) -> None:
    class Changing(Here):
        def submit(self, task: Any, /, *given: Any, **named: Any) -> Future:  # type: ignore[override]
            if len(self.done) == 1:
                filled.set_name("other", synthetic=True)  # any change draws a new mark of the state
            return super().submit(task, *given, **named)

    with pytest.raises(StoreError, match="were changed while"):
        store_cluster.derive_in_parts(filled, RULES, Changing(), quiet)
    assert filled.rules() == DEFAULT_RULES


def test_a_part_staged_twice_is_staged_once(filled: Store) -> None:
    part = store_cluster._parts(filled, RULES)[0]
    store_cluster.stage(part)
    once = left(filled)
    store_cluster.stage(part)
    assert left(filled) == once


def test_an_empty_store_is_derived_too(store: Store) -> None:
    store_cluster.derive_in_parts(store, RULES, Here(), quiet)
    assert store.rules() == RULES


def test_a_worker_that_does_not_see_the_file_makes_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    with pytest.raises(StoreError, match="a worker does not see this file"):
        store_cluster.stage(store_cluster.Part(url, "", "k", 0, 0, 1, {}))
    assert not list(tmp_path.iterdir())


def test_processes_of_this_machine_give_the_same(
    sqlite_store: Store, sample_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_store.import_path(sample_folder)
    before = facts(sqlite_store)
    monkeypatch.setattr(store_cluster, "FEW_PATIENTS", 1)
    store_cluster.derive_on_cores(sqlite_store, DEFAULT_RULES, 2, quiet)
    for name, frame in facts(sqlite_store).items():
        pd.testing.assert_frame_equal(frame, before[name], check_exact=True)


@pytest.fixture
def scheduler() -> Iterator[str]:
    """Address of a Dask scheduler with one worker in this process."""
    distributed = pytest.importorskip("distributed", reason="the test extra brings distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


def test_the_workers_of_a_dask_cluster_give_the_same(filled: Store, scheduler: str) -> None:
    before = facts(filled)
    store_cluster.derive_on_cluster(filled, filled.rules(), scheduler, quiet)
    for name, frame in facts(filled).items():
        pd.testing.assert_frame_equal(frame, before[name], check_exact=True)


def test_a_scheduler_that_does_not_answer_is_said(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import distributed

    def silent(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(distributed, "Client", silent)
    with pytest.raises(StoreError, match="no Dask scheduler answers here"):
        store_cluster.derive_on_cluster(sqlite_store, DEFAULT_RULES, "tcp://127.0.0.1:9", quiet)
