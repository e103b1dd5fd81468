"""The second factor: codes of an authenticator app (TOTP, RFC 6238), each of which serves once."""

from __future__ import annotations

import hmac
import time

from itsdangerous import BadData

from dashboard.access.signed import signed

SECONDS = 30
_OFFER_LASTS = 15 * 60
_OFFER = "second factor"


def new() -> str:
    """A new secret, 160 bits in base 32."""
    import pyotp

    return pyotp.random_base32()


def step_of(secret: str, code: str, now: float | None = None) -> int | None:
    """The time step whose code this is: the current one or a neighbour, for clocks that differ; else None."""
    import pyotp

    code = "".join(code.split())
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        return None
    generator = pyotp.TOTP(secret, interval=SECONDS)
    current = int((time.time() if now is None else now) // SECONDS)
    steps = (current, current - 1, current + 1)
    return next((step for step in steps if hmac.compare_digest(generator.at(step * SECONDS), code)), None)


def offer(key: bytes, account_id: int, secret: str) -> str:
    """A secret that is being set up, signed for the form that carries it."""
    return str(signed(key, _OFFER).dumps([account_id, secret]))


def offered(key: bytes, account_id: int, text: str | None) -> str | None:
    """The secret that a form carried, when this account was offered it lately."""
    try:
        number, secret = signed(key, _OFFER).loads(text or "", max_age=_OFFER_LASTS)
    except (BadData, TypeError, ValueError):
        return None
    return str(secret) if number == account_id else None
