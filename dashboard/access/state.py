"""What one app knows about access: its store, its key, who may call which callback, and who asks now.

A dashboard is *open* in two cases, both on this computer alone: the demo, which holds the sample, and a
store in which nobody has an account yet. In every other case each person signs in.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, g, has_request_context

from dashboard.access.roles import EVERYONE
from data_models.database.access_tables import Person
from data_models.store.accounts import trail_kept

if TYPE_CHECKING:
    from data_models.store import Store

_KEY = "ketamine_outcomes_access"
_LOOK_AGAIN = 1.0  # seconds after which an open dashboard asks once more whether there are accounts now
LOCAL = Person("this computer", EVERYONE, None)


@dataclass(slots=True)
class Access:
    """The access of one app.

    Attributes
    ----------
    loopback : it listens on this computer alone.
    key : signs cookies and forms.
    demo : it shows the sample and stays open; the header offers a role to look through.
    callbacks : roles that may call each callback, by the callback's output as Dash names it.
    single_sign_on : OpenID Connect client, where one is configured.
    noted : what this worker has told the trail of lately, and when (see `trail`).
    """

    store: Store
    loopback: bool
    key: bytes
    demo: bool = False
    callbacks: dict[str, frozenset[str]] = field(default_factory=dict)
    single_sign_on: Any = None
    noted: dict[tuple[int, str, str], float] = field(default_factory=dict)
    _shut: bool = False  # others than the sample's records, or accounts, were seen
    _looked: float = float("-inf")

    def is_open(self) -> bool:
        """Whether one may look without signing in."""
        if not (self.demo or self.loopback):
            return False
        now = time.monotonic()
        if now - self._looked > _LOOK_AGAIN and not self._shut:
            # Raises where accounts were lost: then nothing is shown.
            self._shut = not self.store.synthetic() if self.demo else trail_kept(self.store.engine)
            self._looked = now
        return not self._shut


def attach(server: Flask, access: Access) -> None:
    """Give an app its access."""
    server.extensions[_KEY] = access


def access() -> Access:
    """The access of the app that answers the current request."""
    of: Access = current_app.extensions[_KEY]
    return of


def person() -> Person | None:
    """Who asks, as the guard has found out; None for nobody."""
    return g.get("person") if has_request_context() else None
