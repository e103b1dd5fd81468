"""`database distribute`: what it needs is said plainly; with Citus each table goes where it belongs.

A server with Citus is not in the package registries. Tests of the whole thing run where
KETAMINE_OUTCOMES_TEST_CITUS holds the URL of an empty database in which CREATE EXTENSION citus was run;
elsewhere a stand-in extension of that name records what it is asked for.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from data_models.database import access_tables  # noqa: F401  (maps its tables)
from data_models.database.tables import Base
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions.patient import patient
from data_models.questions.summary import summarise
from data_models.questions.worklist import worklist
from data_models.store import Store, StoreError
from data_models.store.distribute import COLUMN, COORDINATOR, DISTRIBUTED, OLDEST, REFERENCE, distribute

CITUS = os.environ.get("KETAMINE_OUTCOMES_TEST_CITUS", "")
TABLES = Base.metadata.tables

STAND_IN = """
CREATE TABLE public.asked (number serial, what text, name text, co text);
CREATE TABLE public.pg_dist_partition (logicalrelid regclass);
CREATE TABLE public.pg_dist_node (isactive boolean, shouldhaveshards boolean);
INSERT INTO public.pg_dist_node VALUES (true, false), (true, true), (true, true);
CREATE TYPE public.distribution_type AS ENUM ('hash', 'range');
CREATE FUNCTION public.create_distributed_table(
    table_name regclass, distribution_column text, distribution_type distribution_type DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.asked (what, name, co) VALUES ('distributed ' || $2, $1::text, $4);
    INSERT INTO public.pg_dist_partition VALUES ($1) $$;
CREATE FUNCTION public.create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.asked (what, name) VALUES ('reference', $1::text);
    INSERT INTO public.pg_dist_partition VALUES ($1) $$;
CREATE FUNCTION public.truncate_local_data_after_distributing_table(table_name regclass) RETURNS void
    LANGUAGE sql AS $$ INSERT INTO public.asked (what, name) VALUES ('truncated', $1::text) $$;
"""


def test_every_table_has_its_place_and_none_two() -> None:
    places = [*DISTRIBUTED, *REFERENCE, *COORDINATOR]
    assert len(places) == len(set(places))
    assert set(places) == {*TABLES, "alembic_version"}
    assert set(DISTRIBUTED) == {name for name, table in TABLES.items() if COLUMN in table.columns}
    assert DISTRIBUTED[0] == "patients"


def test_sqlite_is_told_to_move_to_a_server_first(sqlite_store: Store) -> None:
    with pytest.raises(StoreError, match="copy it to a server first"):
        distribute(sqlite_store.engine)


def test_a_server_without_citus_is_told_what_to_install(postgresql_store: Store) -> None:
    with pytest.raises(StoreError, match=r"has no Citus: install Citus 11 .*shared_preload_libraries"):
        distribute(postgresql_store.engine)


@pytest.fixture
def offered(postgresql_store: Store) -> Iterator[Store]:
    """A store on a server that offers an extension named citus, a stand-in that writes down what it is asked."""
    folder = Path(tempfile.mkdtemp(prefix="citus"))
    folder.chmod(0o755)
    extensions = folder / "extension"
    extensions.mkdir(mode=0o755)
    (extensions / "citus.control").write_text("default_version = '13.0-1'\nrelocatable = false\n")
    for version in ("13.0-1", "10.2-1"):
        (extensions / f"citus--{version}.sql").write_text(STAND_IN)
    name = postgresql_store.engine.url.database
    with postgresql_store.engine.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET extension_control_path = '{folder}:$system'"))
    postgresql_store.engine.dispose()
    yield postgresql_store
    shutil.rmtree(folder)


def _run(store: Store, *statements: str) -> None:
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_an_extension_that_is_not_made_is_asked_for(offered: Store) -> None:
    with pytest.raises(StoreError, match=r"Citus 13\.0-1 is installed .* run CREATE EXTENSION citus"):
        distribute(offered.engine)


def test_an_old_citus_is_told_to_update(offered: Store) -> None:
    _run(offered, "CREATE EXTENSION citus VERSION '10.2-1'")
    with pytest.raises(StoreError, match=r"10\.2-1 is too old: update it to 11\.0"):
        distribute(offered.engine)
    assert OLDEST == (11, 0)


def test_each_table_goes_where_it_belongs_once(offered: Store) -> None:
    _run(offered, "CREATE EXTENSION citus")
    told: list[str] = []
    done = distribute(offered.engine, lambda step, share: told.append(step))
    assert (done.distributed, done.reference, done.machines) == (DISTRIBUTED, REFERENCE, 2)
    assert told[0] == "moving patients"
    with offered.connect() as connection:
        asked = [tuple(row) for row in connection.execute(text("SELECT what, name, co FROM asked ORDER BY number"))]
    assert asked[0] == (f"distributed {COLUMN}", "patients", "none")
    last = len(DISTRIBUTED)
    assert asked[1:last] == [(f"distributed {COLUMN}", table, "patients") for table in DISTRIBUTED[1:]]
    assert asked[last : last + len(REFERENCE)] == [("reference", table, None) for table in REFERENCE]
    assert asked[last + len(REFERENCE) :] == [("truncated", table, None) for table in (*DISTRIBUTED, *REFERENCE)]
    again = distribute(offered.engine)
    assert (again.distributed, again.reference) == ((), ())


def test_a_failure_half_way_changes_nothing(offered: Store) -> None:
    _run(
        offered,
        "CREATE EXTENSION citus",
        "CREATE OR REPLACE FUNCTION public.create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'permission denied' USING ERRCODE = '42501'; END $$",
    )
    with pytest.raises(StoreError, match="may not distribute tables: connect as the owner"):
        distribute(offered.engine)
    with offered.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_dist_partition")).scalar_one() == 0


@pytest.mark.skipif(not CITUS, reason="needs Citus: set KETAMINE_OUTCOMES_TEST_CITUS to an empty database that has it")
def test_a_distributed_store_answers_as_one_machine_does(
    sqlite_store: Store, sample_folder: Path, small_records: Path
) -> None:
    """Filled before and after it is distributed, on a real server."""
    store = Store.open(CITUS, upgrade=True)
    try:
        for each in (sqlite_store, store):
            each.import_path(sample_folder)
        distribute(store.engine)
        for each in (sqlite_store, store):
            each.import_path(small_records)
            each.derive()
        answers = []
        for each in (sqlite_store, store):
            with each.connect() as connection:
                everything = Scope.everything()
                summary = summarise(connection, everything, CohortFilter(route=("iv",)), DEFAULT_RULES).as_json()
                listed = worklist(connection, everything, CohortFilter(), state="fading", sort="last")
                found = patient(connection, everything, "A1")
                assert found is not None
                codes = [one.patient_code for one in listed.patients]
                answers.append((summary["cohort"], summary["occupancy"], listed.total, codes, len(found.scores)))
        assert answers[0] == answers[1]
    finally:
        with store.engine.begin() as connection:
            for table in (*DISTRIBUTED, *REFERENCE, *COORDINATOR):
                connection.execute(text(f"DROP TABLE IF EXISTS {table} CASCADE"))
        store.close()
