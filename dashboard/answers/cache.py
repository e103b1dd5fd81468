"""The cache of answers: what is remembered, for whom, and until when. All of it is told on this page.

What is remembered
    - *The answer to a question about cohorts*, in the memory of the worker that gave it. One that took
      `shared_answers.FROM_SECONDS` is also stored beside the records, for every worker of every machine; of those
      that share a PostgreSQL database and are asked at once, one works it out.
    - *The answer of a callback as it was sent*, bytes and encoding, in the memory of the worker that sent it. What is
      asked again then costs a look at the store's state.

    What each buys, in time of the processor on the sample clinic: a page of figures drawn from remembered answers
    takes 7 ms, worked out anew 19 ms, sent again 0.6 ms (`tests/benchmarks/load.py` counts answers a second). A
    cohort's figures that another worker stored take under a fiftieth of the first view (`table.py --rows again`).

    Rows, lists and charts of single patients are not remembered as answers; a callback's bytes may show them. An
    answer of None and an error are not remembered at all.

For whom
    For whoever would be answered the same: an answer is found under its `Key` alone, which holds the asker's scope,
    of a callback the roles too. The guard stands before a remembered answer as before any other, and the audit trail
    hears of the patients that it shows as it did the first time. People from whom small counts are hidden are sent
    every answer anew: their tables name the day on which they were made.

Until when
    Until the store changes. Its state is a random mark that each change of records, rules or name replaces within
    its own transaction; the state is part of every `Key`, so a stale answer is never found. Nothing else decides on
    freshness: there is no clock and nothing is called off. What is no longer asked for is forgotten when there is too
    much: above `MOST_BYTES` a worker, `shared_answers.MOST_BYTES` in the store. What a request reads is of one
    version of the store, and its answers are looked up under that version.

Nothing else of the store outlasts a request, but for what `access` knows: whether anybody has an account, for a
second, and which patients the trail has just been told of, for ten minutes.
"""

from __future__ import annotations

import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from dash import Dash
from flask import Flask, Response, current_app, g, request
from sqlalchemy import Engine

from dashboard.access import callbacks, state, trail
from data_models.database.engine import StoreError
from data_models.definitions.scope import Scope
from data_models.store.shared_answers import shared

_KEY: Final = "ketamine_outcomes_cache"
MOST_BYTES: Final = 64_000_000  # a worker's; a patient's chart takes about 10 kB, a cohort's figures 10 to 500 kB
LARGEST: Final = 16_000_000  # bytes of one answer: a larger one would push out hundreds of others
_LONGEST_CALL: Final = 4_000


class Key(NamedTuple):
    """What an answer follows from: it is given again to the very same alone.

    Attributes
    ----------
    state : mark of the version of the store that the answer is of.
    scope : of the asker.
    roles : of the asker, for the answer of a callback; a question is told the scope and no roles.
    question : module and name of the question, or encoding of the answer.
    arguments : of the question, or the call as it came.
    """

    state: str
    scope: Scope
    roles: frozenset[str]
    question: Hashable
    arguments: Hashable


class Sent(NamedTuple):
    """A callback's answer as it was sent: its bytes, how they are encoded, and the patients that it shows."""

    content: bytes
    encoding: str | None
    shown: tuple[trail.Shown, ...]


@dataclass(slots=True)
class Memory:
    """The latest answers of one worker, the least used forgotten first.

    Attributes
    ----------
    most : bytes, as `pickle` would write the answers; in memory numbers take up to four times as much.
    callbacks : those whose answers may be remembered, by their output as Dash names it.
    """

    most: int = MOST_BYTES
    callbacks: set[str] = field(default_factory=set)
    _answers: OrderedDict[Key, tuple[Any, int]] = field(default_factory=OrderedDict)
    _making: dict[Key, Future[Any]] = field(default_factory=dict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, key: Key) -> Any:
        """The answer under a key; None where there is none."""
        with self._lock:
            return self._found(key)

    def put(self, key: Key, answer: Any) -> None:
        """Remember an answer; forget the least used beyond `most`."""
        try:
            size = len(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))  # for its length alone: it is never read back
        except (pickle.PicklingError, TypeError, AttributeError):
            return
        if answer is None or size > LARGEST:
            return
        with self._lock:
            self._bytes += size - self._answers.pop(key, (None, 0))[1]
            self._answers[key] = (answer, size)
            while self._bytes > self.most:
                _, (_, gone) = self._answers.popitem(last=False)
                self._bytes -= gone

    def get(self, key: Key, make: Callable[[], Any]) -> Any:
        """The answer under a key, else `make()`'s, remembered. Two who ask at once share one computation."""
        with self._lock:
            answer = self._found(key)
            if answer is not None:
                return answer
            made = self._making.get(key)
            mine = made is None
            if made is None:
                made = self._making[key] = Future()
        if mine:
            try:
                answer = make()
                self.put(key, answer)
                made.set_result(answer)
            except BaseException as error:
                made.set_exception(error)
            finally:
                with self._lock:
                    del self._making[key]
        return made.result()

    def _found(self, key: Key) -> Any:
        if key not in self._answers:
            return None
        self._answers.move_to_end(key)
        return self._answers[key][0]


def attach(server: Flask) -> None:
    """Give an app's worker its memory."""
    server.extensions[_KEY] = Memory()


def remembered(engine: Engine, key: Key, make: Callable[[], Any]) -> Any:
    """The answer to a question about cohorts: this worker's, else that which some worker stored, else `make()`'s."""
    return _memory().get(key, partial(shared, engine, key.state, key, make))


# --- answers of callbacks as they were sent --------------------------------------------------------


def remember_calls(app: Dash, state_now: Callable[[], str]) -> None:
    """Let an app give answers of its callbacks again. Call it before anything else waits for its answers.

    `state_now` : the state of the version of the store that the current request reads.
    """
    server: Flask = app.server
    callbacks.wrap_view(server, lambda view: lambda **named: _again(state_now) or view(**named))
    # Flask runs these from the last to the first: this one must see the bytes that are sent, compressed.
    server.after_request_funcs.setdefault(None, []).insert(0, _remember)


def callback(app: Dash, *dependencies: Any, **options: Any) -> Callable[[Any], Any]:
    """`app.callback` for an answer that follows from the store, the asker's roles and scope and the call alone."""
    before = set(app.callback_map)
    decorate = app.callback(*dependencies, **options)

    def registered(function: Callable[..., Any]) -> Any:
        made = decorate(function)
        app.server.extensions[_KEY].callbacks.update(set(app.callback_map) - before)
        return made

    return registered


def failing() -> None:
    """The current answer says that something failed: it is not remembered."""
    g.pop("remember_as", None)


def _again(state_now: Callable[[], str]) -> Response | None:
    """The remembered answer to the current call, once the audit trail knows of it; None where there is none."""
    call = request.get_data()
    if len(call) > _LONGEST_CALL or request.get_json()["output"] not in _memory().callbacks:
        return None
    who = state.person()
    if who is None or who.suppressed:
        return None
    try:
        key = Key(state_now(), who.scope, who.roles, request.headers.get("Accept-Encoding"), call)
        sent: Sent | None = _memory().find(key)
        if sent is None:
            g.remember_as = key
            return None
        trail.note_shown(*sent.shown)
    except StoreError:  # the callback will meet it too, and say so where its answer would have stood
        return None
    answer = Response(sent.content, mimetype="application/json")
    if sent.encoding is not None:
        answer.headers["Content-Encoding"] = sent.encoding
    return answer


def _remember(response: Response) -> Response:
    key = g.pop("remember_as", None)
    if key is not None and response.status_code == 200 and not response.is_streamed:
        _memory().put(key, Sent(response.get_data(), response.headers.get("Content-Encoding"), trail.shown()))
    return response


def _memory() -> Memory:
    here: Memory = current_app.extensions[_KEY]
    return here
