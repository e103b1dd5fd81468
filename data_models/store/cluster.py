"""Derivation by the workers of a Dask cluster, on this machine or on many.

A task is a range of patients: a worker reads their records from the database itself and derives their facts by the same
pure functions as an import. The caller, who holds the store's write lock from the start, stores what comes, in one
transaction: readers see the outcomes before or after, never between.
"""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select

from data_models.database.engine import StoreError, open_engine, plainly, reading
from data_models.database.tables import Base
from data_models.definitions.rules import DEFAULT_RULES, OutcomeRules
from data_models.intake.threads import ahead
from data_models.outcomes.derive import Facts, derive
from data_models.store import Store
from data_models.store.derivation import PATIENTS_AT_ONCE, Progress, record_slices, replace_facts
from data_models.store.open import set_rules

TASKS_A_WORKER = 2  # one is derived while the other's facts are on their way


def derive_on_cluster(store: Store, rules: OutcomeRules, address: str, progress: Progress) -> None:
    """Derive every patient's outcomes anew by the workers of a Dask scheduler.

    Raises
    ------
    StoreError : Dask is not installed, the scheduler cannot be reached or has no worker, a worker does not see the
        database, or as `Store.derive`.
    """
    try:
        from distributed import Client
    except ImportError:
        raise StoreError(
            "--cluster needs Dask: pip install 'ketamine-outcomes[cluster]', here and on the workers"
        ) from None
    try:
        client = Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = type(error).__name__
        raise StoreError(f"{address}: no Dask scheduler answers here ({reason}); check the address") from None
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise StoreError(f"{address}: the scheduler has no worker; start one with: dask worker {address}")
        derive_by(store, rules, client.get_executor(pure=False), TASKS_A_WORKER * workers, progress)


def derive_by(store: Store, rules: OutcomeRules, pool: Executor, tasks: int, progress: Progress) -> None:
    """Derive every patient's outcomes anew by whatever carries out tasks, at most so many of them at a time.

    Raises
    ------
    StoreError : as `Store.derive`, or a worker does not see the database.
    """
    patient_id = Base.metadata.tables["patients"].c.patient_id
    url, values = store.engine.url.render_as_string(hide_password=False), rules.as_dict()
    with store.writing() as connection:
        last = connection.execute(select(func.coalesce(func.max(patient_id), 0))).scalar_one()
        ranges = (partial(facts_of, url, first, values) for first in range(1, last + 1, PATIENTS_AT_ONCE))
        replace_facts(connection, (facts for found in ahead(pool, ranges, tasks) for facts in found), progress)
        set_rules(connection, rules)


def facts_of(url: str, first: int, rules: dict[str, Any]) -> list[Facts]:
    """The facts of the patients with the `PATIENTS_AT_ONCE` ids from `first` on; none where there are none.

    Parameters
    ----------
    url : the store's, with its password: a worker elsewhere opens it too.
    rules : every rule by its name.

    Raises
    ------
    StoreError : the store cannot be seen from here.
    """
    file = make_url(url)
    if file.get_backend_name() == "sqlite" and not Path(str(file.database)).exists():
        raise StoreError(
            f"{file.database}: a worker does not see this file; run workers on its machine, or use PostgreSQL"
        )
    engine = open_engine(url)
    try:
        with plainly(), reading(engine) as connection:
            slices = record_slices(connection, first, first + PATIENTS_AT_ONCE)
            return [derive(**records, rules=DEFAULT_RULES.changed(rules)) for records in slices]
    finally:
        engine.dispose()
