"""Passwords: kept as argon2id hashes, long ones welcome, guessable ones refused.

Rules after NIST SP 800-63B: a length, a list of what is guessed first, and no rules on kinds of characters.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 8
ADVISED = 15
LONGEST = 256  # far beyond any passphrase; bounds the work of hashing
TELLING = ("esketamine", "ketamine", "outcomes", "clinic", "psychiatry")  # words that this product suggests
_EASY_GUESSES = 1e6  # below it, zxcvbn's estimate of guesses needed is "easily guessed"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for one another


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id with the parameters of RFC 9106 for limited memory


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def _normal(password: str) -> str:
    # The same letters typed on two keyboards may reach us composed or not.
    return unicodedata.normalize("NFC", password)


def hashed(password: str) -> str:
    """The password's argon2id hash, salt and parameters with it."""
    return _hasher().hash(_normal(password))


def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; takes as long where nobody has that name (stored None)."""
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > LONGEST:
        return False
    try:
        return _hasher().verify(stored or _nobodys_hash(), _normal(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_new_hash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher().check_needs_rehash(stored)


def problem(password: str, name: str) -> str | None:
    """Why a new password is refused, as a sentence; None when it is good enough."""
    password = _normal(password)
    if len(password) < SHORTEST:
        return f"The password needs at least {SHORTEST} characters; {ADVISED} or more are advised."
    if len(password) > LONGEST:
        return f"The password may have up to {LONGEST} characters."
    if name and name.casefold() in password.casefold():
        return "The password must not contain the account's name."
    rest = password.casefold()
    for word in TELLING:
        rest = rest.replace(word, "")
    if len(rest) < SHORTEST:
        return f"Beside words such as {TELLING[1]} the password needs at least {SHORTEST} characters more."
    from zxcvbn import zxcvbn

    # The estimate takes time with the length, and its first characters tell.
    found = zxcvbn(password[:64], user_inputs=[name, *TELLING])
    if found["guesses"] < _EASY_GUESSES:
        return (
            "This password is among those that are guessed first; choose a longer one, for example four random words."
        )
    return None


def one_time() -> str:
    """A random password to hand over once: seven groups of four letters, about 139 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(7))
