"""What an owner does to accounts on the Accounts page; each deed and its entry in the trail are one."""

from __future__ import annotations

import re

from dashboard.access import passwords, state
from data_models.database.access_tables import ADMINISTRATOR, CLINICIAN, DATA_MANAGER
from data_models.questions import accounts as queries
from data_models.store import accounts as store_accounts

CHANGE, DISABLE, ENABLE, PASSWORD = "change", "disable", "enable", "password"
REQUIRE_FACTOR, RESET_FACTOR = "require-factor", "reset-factor"
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


class Refused(Exception):
    """This cannot be done; the message says why, for the owner."""


def save(actor: str, name: str, roles: frozenset[str], clinics: frozenset[str] | None) -> tuple[str, str | None]:
    """Add a person, or set an account's roles and clinics.

    Returns
    -------
    A sentence, and the one-time password of a new account.
    """
    _require(actor)
    name = name.strip().casefold()
    if not NAME.fullmatch(name):
        raise Refused("a name has up to 64 letters, digits and . _ - @, and begins with a letter or digit")
    if not roles:
        raise Refused("choose at least one role")
    if clinics is not None and any(";" in clinic for clinic in clinics):
        raise Refused("a clinic's name holds no semicolon")
    if clinics == frozenset() and roles & {CLINICIAN, ADMINISTRATOR, DATA_MANAGER}:
        raise Refused("choose the clinics that the person may see")
    store = state.access().store
    with store.connect_access() as connection:
        known = queries.account(connection, name) is not None
    if known:
        store_accounts.change_account(store.engine, actor, name, "account_changed", roles=roles, clinics=clinics)
        return f"Changed {name}, who has to sign in again.", None
    secret = passwords.one_time()
    store_accounts.add_account(
        store.engine, actor, name, roles, clinics, password_hash=passwords.hashed(secret), must_change=True
    )
    return f"Added {name}.", secret


def act(actor: str, name: str, do: str) -> tuple[str, str | None]:
    """What one of the buttons of a person's row does: a sentence, and a new one-time password."""
    _require(actor)
    engine = state.access().store.engine
    if do == DISABLE:
        if name == actor:
            raise Refused("nobody disables their own account; another owner can")
        store_accounts.change_account(engine, actor, name, "account_disabled", disabled=1)
        return f"Disabled {name}, who is signed out everywhere.", None
    if do == ENABLE:
        store_accounts.change_account(engine, actor, name, "account_enabled", disabled=0)
        return f"Enabled {name}.", None
    if do == PASSWORD:
        secret = passwords.one_time()
        values = {"password_hash": passwords.hashed(secret), "must_change_password": 1}
        store_accounts.change_account(engine, actor, name, "password_changed", **values)
        return f"{name} has a new password.", secret
    if do == REQUIRE_FACTOR:
        store_accounts.change_account(engine, actor, name, "account_changed", second_factor_required=1)
        return f"{name} sets up a second factor at the next sign-in.", None
    if do == RESET_FACTOR:
        store_accounts.change_account(engine, actor, name, "second_factor_reset", second_factor=None)
        return f"The second factor of {name} is forgotten.", None
    raise Refused("there is no such button")


def _require(actor: str) -> None:
    if not actor:
        raise Refused("accounts are changed by owners who have signed in")
