"""PostgreSQL's primary keys and indexes, dropped while many rows come into empty tables.

Keeping a key while rows come costs more than the rows themselves: one search, one lock and one entry of
the log each. Built once at the end it is a sort (PostgreSQL's manual, "Populating a Database"). Nobody can
read a table meanwhile, so this is for stores that hold no patient yet; of others the keys stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError

# Fewer rows are stored with their keys as fast as the keys are built.
ROWS_WORTH_IT = 20_000
# Shorter than the server takes to find a deadlock (1 s), so that a reader is never the one to give way.
_WAIT_MS = 500
_MEMORY = "256MB"  # for sorting; the server's own 64 MB sort a million rows on the disk
# Constraints that stand on an index, indexes that stand alone, and whether any is not to be touched:
# others depend on it, or its place or use was chosen by whoever runs the server.
_INDEXES = text("""
    SELECT c.relname AS "table", i.relname AS name, pg_get_indexdef(x.indexrelid) AS made_by, k.contype AS kind,
           c.relkind <> 'r' OR i.reltablespace <> 0 OR x.indisclustered OR x.indisreplident OR x.indisexclusion
           OR NOT x.indisvalid OR COALESCE(k.condeferrable, false) OR obj_description(k.oid, 'pg_constraint') <> ''
           OR obj_description(i.oid, 'pg_class') <> '' AS special
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid
    WHERE x.indrelid = to_regclass(:name) ORDER BY i.relname
""")
_CITUS = text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")


class _Index(NamedTuple):
    """What makes an index anew, one statement after the other."""

    table: str
    statements: tuple[str, ...]


class DroppedKeys:
    """Keys and indexes that are gone until they are put back; a transaction that ends before has them still."""

    def __init__(self, connection: Connection, indexes: Sequence[_Index] = ()) -> None:
        self._connection = connection
        self._indexes = list(indexes)

    def __bool__(self) -> bool:
        return bool(self._indexes)

    def rebuild(self, tables: Sequence[str]) -> None:
        """Build the keys and indexes of the tables of these names."""
        wanted = [index for index in self._indexes if index.table in tables]
        self._indexes = [index for index in self._indexes if index.table not in tables]
        if wanted:
            self._connection.exec_driver_sql(f"SET LOCAL maintenance_work_mem = '{_MEMORY}'")
        for index in wanted:
            for statement in index.statements:
                self._connection.exec_driver_sql(statement)


def drop_keys(connection: Connection, tables: Sequence[Table], rows: int, worth_it: int | None = None) -> DroppedKeys:
    """Take the keys and indexes off some tables, where they are empty, PostgreSQL's and nobody reads them.

    It buys a fifth of the time of a first import of a million scores (6.0 s in place of 7.6 s, and so the bound of four
    times a bare COPY; `tests/benchmarks/import_records.py --engine postgresql`).

    Otherwise nothing is done: rows come into the tables all the same, only slower. To be called in a
    transaction that holds the import's lock, so that empty tables stay so.

    Parameters
    ----------
    rows : how many will come.
    worth_it : in place of `ROWS_WORTH_IT`.
    """
    worth_it = worth_it or ROWS_WORTH_IT
    if (
        connection.dialect.name != "postgresql"
        or rows < (worth_it or ROWS_WORTH_IT)
        or connection.execute(_CITUS).first()
    ):
        return DroppedKeys(connection)
    if any(connection.execute(table.select().limit(1)).first() is not None for table in tables):
        return DroppedKeys(connection)
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(table.name) for table in tables)
    before = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
    try:
        # Whoever may not alter the tables, or finds them in use, goes on with their keys.
        with connection.begin_nested():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_WAIT_MS}")
            connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{before}'")
            indexes = []
            for table in tables:
                indexes += _taken_off(connection, table)
    except (DBAPIError, _NotOurs):
        return DroppedKeys(connection)
    return DroppedKeys(connection, indexes)


class _NotOurs(Exception):
    """The keys are to stay as they are."""


def _taken_off(connection: Connection, table: Table) -> list[_Index]:
    quote = connection.dialect.identifier_preparer.quote
    found = connection.execute(_INDEXES, {"name": quote(table.name)}).all()
    if any(row.special or row.kind not in (None, "p", "u") for row in found):
        raise _NotOurs
    made = []
    for row in found:
        statements = [row.made_by]
        if row.kind is None:
            connection.exec_driver_sql(f"DROP INDEX {quote(row.name)}")
        else:
            kind = "PRIMARY KEY" if row.kind == "p" else "UNIQUE"
            alter, name = f"ALTER TABLE {quote(row.table)}", quote(row.name)
            connection.exec_driver_sql(f"{alter} DROP CONSTRAINT {name}")
            statements.append(f"{alter} ADD CONSTRAINT {name} {kind} USING INDEX {name}")
        made.append(_Index(table.name, tuple(statements)))
    return made
