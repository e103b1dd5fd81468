"""Web sessions: a random token in the browser, its hash and its times in the store.

Signing out, disabling an account and changing its rights or password remove the row: the cookie is then
worth nothing, wherever a copy of it lies. Cookies carry the `__Host-` prefix and `Secure` behind TLS; on
this computer, over http, browsers take neither.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any

from flask import Flask, Request, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadData
from werkzeug import Response

from dashboard.access.signed import signed
from dashboard.access.state import Access
from data_models.database.access_tables import Person, unpack
from data_models.questions import accounts as queries
from data_models.store import accounts as store_accounts

IDLE = 30 * 60  # seconds without a request
ABSOLUTE = 12 * 3600  # seconds after the sign-in
PENDING = 10 * 60  # seconds to enter the second factor
AHEAD = 60  # seconds that the clocks of several computers may differ; later times are of a clock that was put back
_TOUCH = 60  # seconds after which the use of a session is noted again
_DEVICE_LASTS = 180 * 24 * 3600
SESSION = "session"
DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Found:
    """A web session that holds: whose it is and what is still to be done before anything is shown."""

    person: Person
    token_hash: str
    complete: bool
    must_change_password: bool
    must_set_second_factor: bool

    @property
    def ready(self) -> bool:
        """Whether the person may see pages now."""
        return self.complete and not self.must_change_password and not self.must_set_second_factor


def cookie_name(base: str, of: Request | None = None) -> str:
    """A cookie's name: with the prefix that binds it to host, path and TLS wherever there is TLS."""
    return f"__Host-{base}" if (of or request).is_secure else f"ketamine_outcomes_{base}"


class CookieSessions(SecureCookieSessionInterface):
    """Flask's own signed cookie, which holds the CSRF token alone, named, marked and signed as the others are."""

    digest_method = staticmethod(hashlib.sha256)

    def get_cookie_name(self, app: Flask) -> str:
        return cookie_name("form")

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_domain(self, app: Flask) -> str | None:
        return None

    def get_cookie_path(self, app: Flask) -> str:
        return "/"

    def get_cookie_samesite(self, app: Flask) -> str | None:
        return "Lax"


def hash_of(token: str) -> str:
    """What the store keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find(access: Access) -> Found | None:
    """The web session of the current request, if it holds; its use is noted once a minute."""
    token = request.cookies.get(cookie_name(SESSION))
    if not token:
        return None
    token_hash, now = hash_of(token), time.time()
    with access.store.connect_access() as connection:
        row = queries.web_session(connection, token_hash)
    if row is None or row.disabled:
        return None
    longest = ABSOLUTE if row.complete else PENDING
    if now - row.started > longest or now - row.seen > IDLE or max(row.started, row.seen) > now + AHEAD:
        return None  # how old one is that began ahead of the clock nobody knows
    if row.complete and now - row.seen > _TOUCH:
        store_accounts.touch_session(access.store.engine, token_hash)
    person = Person(row.name, unpack(row.roles) or frozenset(), unpack(row.clinics), row.account_id)
    return Found(
        person,
        token_hash,
        bool(row.complete),
        bool(row.must_change_password),
        bool(row.second_factor_required and not row.second_factor),
    )


def begin(access: Access, name: str, account_id: int, *, complete: bool, forget: list[str], **details: Any) -> str:
    """Start a web session under a new token, and end the one that the browser had."""
    now = time.time()
    engine = access.store.engine
    store_accounts.remove_sessions(engine, now - ABSOLUTE, now - IDLE, now + AHEAD)
    old = request.cookies.get(cookie_name(SESSION))
    if old:
        store_accounts.end_session(engine, hash_of(old))
    token = secrets.token_urlsafe(32)
    store_accounts.start_session(engine, name, account_id, hash_of(token), complete=complete, forget=forget, **details)
    return token


def give(response: Response, base: str, value: str, *, lasts: int | None = None, readable: bool = False) -> None:
    """Set a cookie for this host alone; `readable`: scripts of this server may read it."""
    secure, name = request.is_secure, cookie_name(base)
    response.set_cookie(name, value, max_age=lasts, path="/", secure=secure, httponly=not readable, samesite="Lax")


def take_back(response: Response, base: str) -> None:
    """Remove a cookie."""
    response.delete_cookie(cookie_name(base), path="/", secure=request.is_secure, httponly=True, samesite="Lax")


def device_of(key: bytes, account_id: int) -> str | None:
    """The browser's device cookie, when it was given out for this account."""
    try:
        number, device = signed(key, DEVICE).loads(request.cookies.get(cookie_name(DEVICE), ""), max_age=_DEVICE_LASTS)
    except (BadData, TypeError, ValueError):
        return None
    return str(device) if number == account_id else None


def give_device(response: Response, key: bytes, account_id: int) -> None:
    """Mark the browser as one that has signed in to this account."""
    value = signed(key, DEVICE).dumps([account_id, secrets.token_urlsafe(16)])
    give(response, DEVICE, str(value), lasts=_DEVICE_LASTS)
