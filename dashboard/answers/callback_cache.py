"""Callbacks' answers kept as they were sent: what is asked again costs one look at the store's state.

A kept answer is given again only to the same call from somebody with the same roles and scope, while the store is
in the same state. The guard stands before it as before any call, and the audit trail hears of the patients that it
shows as it did the first time. Kept are answers of callbacks registered here: they must follow from the store, the
asker's roles and scope and the call alone. What failed is not kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final

from dash import Dash
from flask import Flask, Response, current_app, g, request

from dashboard.access import state
from dashboard.answers import data
from data_models.database.engine import StoreError

_KEY: Final = "ketamine_outcomes_remembered"
BYTES_KEPT: Final = 32_000_000  # a worker's; a patient's chart takes about 10 kB
_LONGEST: Final = 1_000_000  # bytes of one answer: a longer one would push out a hundred others
_LONGEST_CALL: Final = 4_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was sent: its bytes, how they are encoded, and the patients that it shows."""

    content: bytes
    encoding: str | None
    seen: tuple[data.Seen, ...]


@dataclass(slots=True)
class Remembered:
    """What one worker has sent lately, the least used forgotten first.

    Attributes
    ----------
    outputs : callbacks whose answers may be kept, by their output as Dash names it.
    """

    outputs: set[str] = field(default_factory=set)
    _kept: OrderedDict[Hashable, Kept] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable) -> Kept | None:
        """The answer kept under a key."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, answer: Kept) -> None:
        """Keep an answer; forget the least used beyond `BYTES_KEPT`."""
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = answer
            self._bytes += len(answer.content)
            while self._bytes > BYTES_KEPT:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= len(gone.content)


def install(server: Flask) -> None:
    """Let an app keep answers. Call it before anything else waits for the app's answers."""
    server.extensions[_KEY] = Remembered()
    # Flask runs these from the last to the first: this one must see the bytes that are sent, compressed.
    server.after_request_funcs.setdefault(None, []).insert(0, _keep)


def callback(app: Dash, *dependencies: Any, **options: Any) -> Callable[[Any], Any]:
    """`app.callback` for an answer that follows from the store, the asker's roles and scope and the call alone."""
    before = set(app.callback_map)
    decorate = app.callback(*dependencies, **options)

    def registered(function: Callable[..., Any]) -> Any:
        made = decorate(function)
        app.server.extensions[_KEY].outputs.update(set(app.callback_map) - before)
        return made

    return registered


def again() -> Response | None:
    """The kept answer to the current call, once the audit trail knows of it; None where there is none."""
    call = request.get_data()
    if len(call) > _LONGEST_CALL or request.get_json()["output"] not in _here().outputs:
        return None
    who = state.person()
    if who is None or who.suppressed:  # tables with small counts hidden name the day on which they were made
        return None
    try:
        key = (data.reading().state, who.roles, who.scope, request.headers.get("Accept-Encoding"), call)
        found = _here().get(key)
        if found is None:
            g.remember_as = key
            return None
        data.tell(found.seen)
    except StoreError:  # the callback will meet it too, and say so where its answer would have stood
        return None
    answer = Response(found.content, mimetype="application/json")
    if found.encoding is not None:
        answer.headers["Content-Encoding"] = found.encoding
    return answer


def failing() -> None:
    """The current answer says that something failed: it is not kept."""
    g.pop("remember_as", None)


def _keep(response: Response) -> Response:
    key = g.pop("remember_as", None)
    if key is not None and response.status_code == 200 and not response.is_streamed:
        content = response.get_data()
        if len(content) <= _LONGEST:
            _here().put(key, Kept(content, response.headers.get("Content-Encoding"), data.seen()))
    return response


def _here() -> Remembered:
    here: Remembered = current_app.extensions[_KEY]
    return here
