"""Spreading a PostgreSQL store over machines with the Citus extension.

Every table that grows is distributed by `patient_id` and co-located with `patients`, so that each join,
window and group of one patient stays on one machine. Facts about the store are copied to every machine.
Accounts, web sessions, the audit trail and kept answers stay on the coordinator, where everybody signs in:
they are written with each page, and their order hangs on a lock that one machine holds.

Source: docs.citusdata.com, "SQL Support and Workarounds" and "Citus Utility Functions" (version 13).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from data_models.database.engine import StoreError, plain, writing
from data_models.database.tables import Base

COLUMN = "patient_id"
# `patients` first: the others are co-located with it.
DISTRIBUTED = (
    "patients",
    *(name for name, table in Base.metadata.tables.items() if COLUMN in table.columns and name != "patients"),
)
REFERENCE = ("imports", "store_info")
COORDINATOR = (
    "accounts", "web_sessions", "sign_in_failures", "audit_entries", "audit_seal", "kept_answers", "alembic_version",
)  # fmt: skip
OLDEST = (11, 0)  # the first whose open edition moves shards, and joins local with distributed tables
_NO_RIGHT = "42501"  # SQLSTATE insufficient_privilege

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Distribution:
    """What was done: tables made distributed, tables made reference tables, machines that hold them."""

    distributed: tuple[str, ...]
    reference: tuple[str, ...]
    machines: int


def distribute(engine: Engine, progress: Progress | None = None) -> Distribution:
    """Distribute the tables of a store, empty or filled, in one transaction; those that are already stay.

    Raises
    ------
    StoreError : it is not PostgreSQL, the server lacks Citus or has an old one, the extension is not made
        in this database, or the user may not do this. Nothing was changed.
    """
    if engine.dialect.name != "postgresql":
        raise StoreError(
            "only a PostgreSQL store can be distributed, and this one is SQLite; copy it to a server first: "
            "ketamine-outcomes database copy FROM TO"
        )
    try:
        with writing(engine) as connection, connection.begin():
            _require_citus(connection)
            done = _distribute(connection, progress)
        # The rows are on their machines; the coordinator's own copies of them are of no use to anybody.
        with writing(engine) as connection, connection.begin():
            for table in (*done.distributed, *done.reference):
                connection.execute(
                    text("SELECT truncate_local_data_after_distributing_table(CAST(:name AS regclass))"),
                    {"name": table},
                )
        return done
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _NO_RIGHT:
            raise StoreError(
                "this database user may not distribute tables: connect as the owner of the store's tables "
                f"({_first_line(error)})"
            ) from error
        raise plain(error) from error
    except SQLAlchemyError as error:
        raise plain(error) from error


def _require_citus(connection: Connection) -> None:
    version = _value(connection, "SELECT extversion FROM pg_extension WHERE extname = 'citus'")
    if version is None:
        offered = _value(connection, "SELECT default_version FROM pg_available_extensions WHERE name = 'citus'")
        if offered is None:
            raise StoreError(
                "this PostgreSQL server has no Citus: install Citus 11 or newer on it and on every worker, add citus "
                "to shared_preload_libraries, restart, and run CREATE EXTENSION citus in this database"
            )
        raise StoreError(
            f"Citus {offered} is installed on the server and not in this database: run CREATE EXTENSION citus in it "
            "as a superuser, here and on every worker, and add the workers with SELECT citus_add_node('HOST', 5432)"
        )
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < OLDEST:
        raise StoreError(f"Citus {version} is too old: update it to 11.0 or newer, here and on every worker")


def _distribute(connection: Connection, progress: Progress | None) -> Distribution:
    known = {str(row[0]) for row in connection.execute(text("SELECT logicalrelid::text FROM pg_dist_partition"))}
    made: dict[str, list[str]] = {"distributed": [], "reference": []}
    wanted = [(table, "distributed") for table in DISTRIBUTED] + [(table, "reference") for table in REFERENCE]
    for place, (table, kind) in enumerate(wanted):
        if table in known:
            continue
        if progress:
            progress(f"moving {table}", place / len(wanted))
        if kind == "distributed":
            first = table == DISTRIBUTED[0]
            statement = "SELECT create_distributed_table(CAST(:name AS regclass), :column, colocate_with => :with)"
            values = {"name": table, "column": COLUMN, "with": "none" if first else DISTRIBUTED[0]}
        else:
            statement, values = "SELECT create_reference_table(CAST(:name AS regclass))", {"name": table}
        connection.execute(text(statement), values)
        made[kind].append(table)
    machines = _value(connection, "SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards")
    return Distribution(tuple(made["distributed"]), tuple(made["reference"]), int(machines or 0))


def _value(connection: Connection, statement: str) -> Any:
    return connection.execute(text(statement)).scalar_one_or_none()


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).splitlines()[0][:200]
