"""Signing in and out, changing one's password, and the second factor: plain forms, no script, no data."""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, g, redirect, request

from dashboard.access import forms, guard, passwords, second_factor, sessions, state, throttle
from data_models.questions import accounts as queries
from data_models.store import accounts as store_accounts
from data_models.store.accounts import Attempt

log = logging.getLogger("dashboard")

WRONG = "This name and password do not belong together, or the account is disabled."
_LONGEST_NAME = 64
_CURRENT = {"name": "current", "label": "Current password", "type": "password", "autocomplete": "current-password"}


def register_routes(server: Flask) -> None:
    """Add the routes of these forms to an app's server."""
    for path, view in (
        (guard.SIGN_IN, sign_in),
        (guard.SIGN_OUT, sign_out),
        (guard.PASSWORD, change_password),
        (guard.SECOND_FACTOR, give_second_factor),
    ):
        server.add_url_rule(path, f"access{path}", view, methods=["GET", "POST"])


def local_target(text: str | None) -> str:
    """Where to go after signing in: a path of this server, whatever was sent."""
    target = text or "/"
    if any(ord(letter) <= 32 or letter == "\\" for letter in target) or not target.startswith("/"):
        return "/"
    parts = urlsplit(target)
    if target.startswith("//") or parts.scheme or parts.netloc or parts.path.startswith(("/_dash", "/sign-")):
        return "/"
    return target


def _open() -> Any:
    """What an open dashboard answers here: nobody signs in to it."""
    return redirect("/", 303) if state.access().is_open() else None


# --- name and password ---------------------------------------------------------------------------


def sign_in() -> Any:
    """The form, and what comes of it."""
    if (answer := _open()) is not None:
        return answer
    target = local_target(request.values.get("next"))
    if request.method == "GET":
        if g.web_session is not None and g.web_session.ready:
            return redirect(target, 303)
        return forms.ask_to_sign_in(200, target=target)
    name, password = request.form.get("name", "").strip().casefold(), request.form.get("password", "")
    here = state.access()
    with here.store.connect_access() as connection:
        account = queries.account(connection, name) if 0 < len(name) <= _LONGEST_NAME else None
        device = sessions.device_of(_key(), account.account_id) if account is not None else None
    counted_for = throttle.sources(name, request.remote_addr, device)
    attempt = _attempt(counted_for)
    if attempt.wait > 0:
        return _too_often(attempt.wait, target, name)
    right = passwords.matches(password, account.password_hash if account is not None else None)
    if account is None or not right or account.disabled:
        # A name that nobody has is not written down: people type passwords into the wrong field.
        _failed(account.name if account is not None else "")
        return forms.ask_to_sign_in(401, error=WRONG, name=name[:_LONGEST_NAME], target=target)
    forget = _forgive(counted_for, attempt)
    if passwords.needs_new_hash(account.password_hash):
        store_accounts.replace_hash(here.store.engine, account.account_id, passwords.hashed(password))
    return enter(account, target, how="password", forget=forget)


def enter(account: Any, target: str, *, how: str, forget: list[str], second: bool = False) -> Any:
    """Begin the web session of somebody who has proved to be this account's person; then on to the target.

    `second`: the second factor was given too, or the provider that vouches for the person asks for its own.
    """
    here = state.access()
    complete = second or not account.second_factor
    told = {"how": how, "address": request.remote_addr}
    token = sessions.begin(here, account.name, account.account_id, complete=complete, forget=forget, **told)
    response = redirect(target if complete else f"{guard.SECOND_FACTOR}?next={_quoted(target)}", 303)
    sessions.give(response, sessions.SESSION, token)
    if complete:
        sessions.give_device(response, _key(), account.account_id)
    return response


def _attempt(counted_for: list[throttle.Source]) -> Attempt:
    """Count a guess before it is looked at: of many made at once no more are looked at than one by one."""
    keys = [source.key for source in counted_for]
    engine = state.access().store.engine
    attempt = store_accounts.count_attempt(
        engine, keys, throttle.WINDOW, lambda counted: throttle.wait(counted, counted_for, time.time())
    )
    if attempt.wait > 0:  # the log, not the trail: as many as somebody likes to send
        log.warning("an attempt to sign in from %s was not looked at: too many", request.remote_addr)
    return attempt


def _failed(known_name: str) -> None:
    store_accounts.record(state.access().store.engine, "", "sign_in_failed", known_name, address=request.remote_addr)


def _forgive(counted_for: list[throttle.Source], attempt: Attempt) -> list[str]:
    """Count a right guess no longer; the source whose earlier failures are forgotten when the sign-in is complete."""
    keys = [source.key for source in counted_for]
    store_accounts.forgive_attempt(state.access().store.engine, keys, attempt)
    return keys[:1]  # other sources keep counting: their failures were not ours


def _too_often(wait: float, target: str, name: str) -> Any:
    seconds = int(wait) + 1
    told = f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
    response = forms.ask_to_sign_in(
        429, error=f"Too many attempts. Try again in {told}.", name=name[:_LONGEST_NAME], target=target
    )
    response.headers["Retry-After"] = str(seconds)
    return response


def sign_out() -> Any:
    """End the web session, here and in the store."""
    if (answer := _open()) is not None:
        return answer
    if request.method == "GET":
        return forms.page(200, "Sign out", action=guard.SIGN_OUT, button="Sign out", links=[("/", "Stay signed in")])
    found = g.web_session
    store_accounts.end_session(state.access().store.engine, found.token_hash, found.person.name)
    response = redirect(guard.SIGN_IN, 303)
    sessions.take_back(response, sessions.SESSION)
    # Whatever the browser keeps of the pages goes too.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


# --- one's own password --------------------------------------------------------------------------


def change_password() -> Any:
    """A form for a new password; whoever was given a one-time password comes here first."""
    if (answer := _open()) is not None:
        return answer
    found = g.web_session
    if not found.complete:
        return forms.ask_to_sign_in(401)
    if request.method == "GET":
        return _password_form(200)
    here = state.access()
    with here.store.connect_access() as connection:
        account = queries.account(connection, found.person.name)
    counted_for = throttle.sources(account.name, request.remote_addr, f"session {found.token_hash}")
    attempt = _attempt(counted_for)
    if attempt.wait > 0:
        return _password_form(429, "Too many attempts. Try again in some minutes.")
    new = request.form.get("new", "")
    if not passwords.matches(request.form.get("current", ""), account.password_hash):
        _failed(account.name)
        return _password_form(403, "The current password is not right.")
    _forgive(counted_for, attempt)
    refused = passwords.problem(new, account.name)
    if refused is None and new != request.form.get("again", ""):
        refused = "The two new passwords differ."
    if refused is None and passwords.matches(new, account.password_hash):
        refused = "The new password is the current one; choose another."
    if refused is not None:
        return _password_form(400, refused)
    values = {"password_hash": passwords.hashed(new), "must_change_password": 0}
    store_accounts.change_account(here.store.engine, account.name, account.name, "password_changed", **values)
    # Every web session of the account has ended; this browser's goes on under a new token.
    return enter(account, "/", how="new password", forget=[], second=True)


def _password_form(status: int, error: str = "") -> Any:
    fields = [
        _CURRENT,
        {"name": "new", "label": "New password", "type": "password", "autocomplete": "new-password"},
        {"name": "again", "label": "New password again", "type": "password", "autocomplete": "new-password"},
    ]
    lead = (
        f"At least {passwords.SHORTEST} characters; {passwords.ADVISED} or more are advised, "
        "for example four random words."
    )
    more: dict[str, Any] = {"lead": lead, "action": guard.PASSWORD, "fields": fields, "button": "Change the password"}
    links = [("/", "Back")] if g.web_session.ready else [(guard.SIGN_OUT, "Sign out")]
    return forms.page(status, "Change your password", error=error, links=links, **more)


# --- the second factor ---------------------------------------------------------------------------


def give_second_factor() -> Any:
    """Enter the code of one's authenticator; or set one up, by choice or because an owner asks for it."""
    if (answer := _open()) is not None:
        return answer
    found = g.web_session
    here = state.access()
    with here.store.connect_access() as connection:
        account = queries.account(connection, found.person.name)
    if found.complete and (account.second_factor or found.must_change_password):
        return redirect("/", 303)
    target = local_target(request.values.get("next"))
    # A second factor that is being set up travels in the form, signed: nothing is stored until it works.
    secret = account.second_factor or second_factor.offered(_key(), account.account_id, request.form.get("offer"))
    if request.method == "GET" or secret is None:
        return _second_factor_form(200, account, target)
    device = sessions.device_of(_key(), account.account_id)
    counted_for = throttle.sources(account.name, request.remote_addr, device, second_factor=True)
    attempt = _attempt(counted_for)
    if attempt.wait > 0:
        return _second_factor_form(429, account, target, "Too many attempts. Try again in some minutes.")
    if _by_choice(account) and not passwords.matches(request.form.get("current", ""), account.password_hash):
        _failed(account.name)
        return _second_factor_form(403, account, target, "The current password is not right.")
    step = second_factor.step_of(secret, request.form.get("code", ""))
    if step is None or not store_accounts.use_second_factor_step(here.store.engine, account.account_id, step):
        _failed(account.name)
        return _second_factor_form(
            401, account, target, "This code is not right, or was used before. Wait for the next."
        )
    forget = _forgive(counted_for, attempt)
    if not account.second_factor:
        store_accounts.change_account(
            here.store.engine, account.name, account.name, "second_factor_set", second_factor=secret
        )
    return enter(account, target, how="second factor", forget=forget, second=True)


def _by_choice(account: Any) -> bool:
    """Whether a second factor is set up some time after the sign-in: the password is then asked for once more."""
    return not account.second_factor and not account.second_factor_required


def _second_factor_form(status: int, account: Any, target: str, error: str = "") -> Any:
    hidden = {"next": target}
    lead, code = "Enter the six figures that your authenticator shows for Ketamine outcomes.", ""
    title = "Second factor"
    if not account.second_factor:
        secret = second_factor.offered(_key(), account.account_id, request.form.get("offer")) or second_factor.new()
        hidden["offer"] = second_factor.offer(_key(), account.account_id, secret)
        title, code = "Set up your second factor", secret
        lead = "Add this key to an authenticator app (time-based, six figures), then enter the code that it shows."
    fields = [{"name": "code", "label": "Code", "type": "text", "autocomplete": "one-time-code"}]
    if _by_choice(account):
        fields.append(_CURRENT)
    more: dict[str, Any] = {"action": guard.SECOND_FACTOR, "fields": fields, "hidden": hidden, "button": "Continue"}
    links = [(guard.SIGN_OUT, "Sign out")]
    return forms.page(status, title, lead=lead, code=code, error=error, links=links, **more)


def _key() -> bytes:
    return state.access().key


def _quoted(target: str) -> str:
    from urllib.parse import quote

    return quote(target, safe="/")
