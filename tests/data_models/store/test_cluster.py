"""Derivation by workers elsewhere: identical to the plain one, all or nothing, and of one state of the records."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from data_models.database.engine import _IMPORT_LOCK, StoreError, writing_soon
from data_models.database.tables import Base
from data_models.definitions.rules import DEFAULT_RULES
from data_models.store import Store
from data_models.store import cluster as store_cluster
from data_models.store.derivation import FACTS

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
            self.done.append(task)
        except Exception as error:
            future.set_exception(error)
        return future


def facts(store: Store) -> dict[str, pd.DataFrame]:
    """Every table that a derivation fills, in the order of its key."""
    with store.connect() as connection:
        tables = {name: Base.metadata.tables[name] for name in FACTS}
        return {
            name: pd.DataFrame(connection.execute(select(table).order_by(*table.primary_key)).mappings().all())
            for name, table in tables.items()
        }


@pytest.fixture(autouse=True)
def _small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("derivation", "cluster"):
        monkeypatch.setattr(f"data_models.store.{module}.PATIENTS_AT_ONCE", 70)


@pytest.fixture
def filled(store: Store, small_records: Path) -> Store:
    store.import_path(small_records)
    return store


@pytest.fixture
def clinic(store: Store, sample_folder: Path) -> Store:
    store.import_path(sample_folder)
    return store


def test_workers_give_what_the_plain_derivation_gives_to_the_bit(clinic: Store) -> None:
    clinic.derive(RULES)
    plain, version = facts(clinic), clinic.version()
    clinic.derive(DEFAULT_RULES)
    assert not facts(clinic)["courses"].equals(plain["courses"])
    pool = Here()
    store_cluster.derive_by(clinic, RULES, pool, 2, quiet)
    assert len(pool.done) >= 5
    assert clinic.rules() == RULES
    assert clinic.version() > version
    for name, frame in facts(clinic).items():
        pd.testing.assert_frame_equal(frame, plain[name], check_exact=True)


def test_a_derivation_that_was_stopped_leaves_all_as_it_was(clinic: Store) -> None:
    before, rules = facts(clinic), clinic.rules()
    with pytest.raises(RuntimeError, match="went away"):
        store_cluster.derive_by(clinic, RULES, Here(fails_after=2), 2, quiet)
    assert clinic.rules() == rules
    for name, frame in facts(clinic).items():
        pd.testing.assert_frame_equal(frame, before[name], check_exact=True)
    store_cluster.derive_by(clinic, RULES, Here(), 2, quiet)
    assert clinic.rules() == RULES


def _locked(store: Store) -> bool:
    """Whether some writer holds the store."""
    if store.engine.dialect.name == "postgresql":
        with store.connect() as connection:
            return not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_IMPORT_LOCK})").scalar_one()
    try:
        with writing_soon(store.engine, 1):
            return False
    except OperationalError:
        return True


def test_records_cannot_change_meanwhile(filled: Store) -> None:
    class Watching(Here):
        def submit(self, task: Any, /, *given: Any, **named: Any) -> Future:  # type: ignore[override]
            assert _locked(filled)
            return super().submit(task, *given, **named)

    pool = Watching()
    store_cluster.derive_by(filled, RULES, pool, 2, quiet)
    assert pool.done
    assert not _locked(filled)


def test_an_empty_store_is_derived_too(store: Store) -> None:
    store_cluster.derive_by(store, RULES, Here(), 2, quiet)
    assert store.rules() == RULES


def test_a_worker_that_does_not_see_the_file_makes_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a worker does not see this file"):
        store_cluster.facts_of(f"sqlite:///{tmp_path}/elsewhere.db", 1, {})
    assert not list(tmp_path.iterdir())


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
