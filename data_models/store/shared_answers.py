"""Answers about cohorts that all server processes share, on one machine or several: kept in the store itself.

An answer is filed under what was asked, by which scope, of which state of the store, by which code. The
state is a random mark that each change of the store replaces within its own transaction, so an answer
about another state is never found, not even after a backup was put back. Keeping is a convenience:
whatever goes wrong with it, the answer is worked out as if nothing had been kept.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from data_models.database.engine import writing_soon
from data_models.database.tables import KeptAnswer
from data_models.store.answer_codec import NotKept, pack, unpack

MOST_BYTES_AN_ANSWER = 2_000_000
MOST_BYTES = 64_000_000  # of all answers; the oldest are forgotten
_WAIT_MS = 150  # an import that holds the store is not waited for
TURN_MS = 20_000  # longer than a cohort's figures take at 100,000 patients
_TURNS = 0x6B6574  # any number, the same in every process: the kind of these locks
_TRY = text("SELECT pg_try_advisory_xact_lock(:kind, :number)")
_WAIT = text("SELECT pg_advisory_xact_lock(:kind, :number)")

log = logging.getLogger("dashboard")


class Nothing(Exception):
    """No such answer is kept."""


def kept(engine: Engine, key: str) -> Any:
    """The answer kept under a key. Raises Nothing where there is none that can be read."""
    try:
        with engine.connect() as connection:
            found = connection.execute(select(KeptAnswer.answer).where(KeptAnswer.key == key)).first()
        if found is None:
            raise Nothing
        return unpack(bytes(found.answer))
    except (SQLAlchemyError, sqlite3.Error, zlib.error, ValueError, TypeError, KeyError, OSError) as error:
        log.warning("a kept answer could not be read: %s", type(error).__name__)
        raise Nothing from error


@contextmanager
def taking_turns(engine: Engine, key: str) -> Iterator[bool]:
    """Within, other processes of a PostgreSQL store that would work out the same answer wait, to find it kept.

    Gives whether this one has waited: then the answer may be kept now. Who has waited `TURN_MS` goes on all
    the same, as does everybody where the lock cannot be had or the store is SQLite, which has no such lock.
    """
    waited = False
    with ExitStack() as stack:
        if engine.dialect.name == "postgresql":
            number = {"kind": _TURNS, "number": int(key[:7], 16)}
            with suppress(SQLAlchemyError):
                # A connection of its own: the lock is let go with its transaction, before the reader's ends.
                connection = stack.enter_context(engine.connect())
                if not connection.execute(_TRY, number).scalar_one():
                    waited = True
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {TURN_MS}")
                    connection.execute(_WAIT, number)
        yield waited


def keep(engine: Engine, key: str, state: str, answer: Any) -> bool:
    """Keep an answer about a state of the store; False where it was not (too large, of another kind, busy)."""
    try:
        content = pack(answer)
    except NotKept:
        return False
    if len(content) > MOST_BYTES_AN_ANSWER:
        return False
    a = KeptAnswer
    try:
        with writing_soon(engine, _WAIT_MS) as connection:
            connection.execute(delete(a).where((a.key == key) | (a.state != state)))
            number = connection.execute(select(func.coalesce(func.max(a.number), 0))).scalar_one() + 1
            connection.execute(insert(a).values(key=key, state=state, number=number, size=len(content), answer=content))
            held = 0
            for place, size in connection.execute(select(a.number, a.size).order_by(a.number.desc())).all():
                held += size
                if held > MOST_BYTES:
                    connection.execute(delete(a).where(a.number <= place))
                    break
    except (SQLAlchemyError, sqlite3.Error):
        return False  # the store is read-only, busy or gone; or another process kept the same answer first
    return True
