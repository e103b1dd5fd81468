"""Answers about cohorts that all server processes share, on one machine or several: stored beside what they are of.

An answer is filed under what was asked, by which scope, of which state of the store, by which code. The
state is a random mark that each change of the store replaces within its own transaction, so an answer
about another state is never found, not even after a backup was put back. Sharing is a convenience:
whatever goes wrong with it, the answer is worked out as if nothing had been stored.
"""

from __future__ import annotations

import logging
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from data_models.database.engine import writing_soon
from data_models.database.tables import KeptAnswer
from data_models.store.answer_codec import CannotPack, digest, pack, unpack

FROM_SECONDS = 0.05  # what is worked out sooner than this is not worth a write
MOST_BYTES_AN_ANSWER = 2_000_000
MOST_BYTES = 64_000_000  # of all answers; the oldest are forgotten
_WAIT_MS = 150  # an import that holds the store is not waited for
TURN_MS = 20_000  # longer than a cohort's figures take at 100,000 patients
_TURNS = 0x6B6574  # any number, the same in every process: the kind of these locks
_TRY = text("SELECT pg_try_advisory_xact_lock(:kind, :number)")
_WAIT = text("SELECT pg_advisory_xact_lock(:kind, :number)")

log = logging.getLogger("dashboard")


def shared(engine: Engine, state: str, question: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """The answer that some process has stored, else `make()`'s, then stored if it took `FROM_SECONDS`.

    Parameters
    ----------
    state : mark of the version of the store that the answer is of.
    question : all that the answer depends on, this state and the asker's scope with it.
    """
    try:
        key = digest(*question)
    except CannotPack:
        return make()
    answer = find(engine, key)
    if answer is not None:
        return answer
    with taking_turns(engine, key) as waited:
        answer = find(engine, key) if waited else None
        if answer is None:
            began = time.perf_counter()
            answer = make()
            if time.perf_counter() - began >= FROM_SECONDS:
                put(engine, key, state, answer)
    return answer


def find(engine: Engine, key: str) -> Any:
    """The answer stored under a key; None where there is none that can be read."""
    try:
        with engine.connect() as connection:
            found = connection.execute(select(KeptAnswer.answer).where(KeptAnswer.key == key)).first()
        return None if found is None else unpack(bytes(found.answer))
    except (SQLAlchemyError, sqlite3.Error, zlib.error, ValueError, TypeError, KeyError, OSError) as error:
        log.warning("a stored answer could not be read: %s", type(error).__name__)
        return None


@contextmanager
def taking_turns(engine: Engine, key: str) -> Iterator[bool]:
    """Within, other processes of a PostgreSQL store that would work out the same answer wait, to find it stored.

    Gives whether this one has waited: then the answer may be there now. Who has waited `TURN_MS` goes on all
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


def put(engine: Engine, key: str, state: str, answer: Any) -> bool:
    """Store an answer about a state of the store; False where it was not (too large, of another kind, busy)."""
    try:
        content = pack(answer)
    except CannotPack:
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
        return False  # the store is read-only, busy or gone; or another process stored the same answer first
    return True
