"""Signing in through the organisation's OpenID Connect provider: authorisation code flow with PKCE, by Authlib.

The provider says who somebody is; what that person may see is settled by the account here whose external
subject is the provider's `sub`. Nobody is given an account by signing in.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, g, redirect, request, session

from dashboard.access import forms, guard, state
from dashboard.settings import LOOPBACK, Settings, SettingsError
from data_models.questions import accounts as queries
from data_models.store import accounts as store_accounts

log = logging.getLogger("dashboard")

_NEXT = "single_sign_on_next"
_PATIENCE = 10  # seconds that the provider has to answer
NO_ACCOUNT = "Your organisation knows you, but there is no account for you here. Ask the owner of this dashboard."
FAILED = "Signing in with your organisation did not succeed. Try again, or sign in with a name and password."


def client(server: Flask, settings: Settings) -> Any:
    """The client of the provider that the settings name, or None where they name none. Raises SettingsError."""
    if not settings.openid_issuer:
        return None
    if not settings.openid_client or settings.openid_secret_file is None:
        raise SettingsError(
            "OpenID Connect needs three settings: KETAMINE_OUTCOMES_OPENID_ISSUER, _OPENID_CLIENT, _OPENID_SECRET_FILE"
        )
    if not settings.openid_issuer.startswith("https://") and urlsplit(settings.openid_issuer).hostname not in LOOPBACK:
        raise SettingsError(f"OpenID Connect: {settings.openid_issuer!r} is no https address")
    from authlib.integrations.flask_client import OAuth

    issuer = settings.openid_issuer.rstrip("/")
    provider = OAuth(server).register(
        "organisation",
        server_metadata_url=issuer + "/.well-known/openid-configuration",
        client_id=settings.openid_client,
        client_secret=_secret(settings.openid_secret_file),
        # Where the provider lies is settled here: no redirect leads elsewhere, and nobody waits for it for long.
        client_kwargs={
            "scope": "openid",
            "code_challenge_method": "S256",
            "max_redirects": 0,
            "default_timeout": _PATIENCE,
        },
    )
    provider.expected_issuer = issuer
    return provider


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{path}: the OpenID Connect client's secret cannot be read ({error.strerror})") from None


def register_routes(server: Flask) -> None:
    """Add the way to the provider and the way back."""
    server.add_url_rule(guard.SINGLE_SIGN_ON, "access/single-sign-on", leave, methods=["GET"])
    server.add_url_rule(guard.SINGLE_SIGN_ON + "/answer", "access/single-sign-on/answer", come_back, methods=["GET"])


def leave() -> Any:
    """To the provider."""
    from dashboard.access.sign_in import local_target

    here = state.access()
    if here.is_open() or here.single_sign_on is None:
        return redirect("/", 303)
    target = local_target(request.args.get("next"))
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        # Another site led here: whom the provider knows would be signed in without having asked for it.
        return forms.ask_to_sign_in(200, target=target)
    session[_NEXT] = target
    back = f"{request.scheme}://{request.host}{guard.SINGLE_SIGN_ON}/answer"
    try:
        _require_issuer(here.single_sign_on)
        return here.single_sign_on.authorize_redirect(back)
    except Exception as error:  # the provider may be down in any of many ways
        log.error("the OpenID Connect provider does not answer: %s", type(error).__name__)
        return forms.ask_to_sign_in(503, error=FAILED, target=session.pop(_NEXT))


def come_back() -> Any:
    """From the provider: state, nonce, signature, issuer and audience are checked by Authlib."""
    from dashboard.access.sign_in import enter, local_target

    here = state.access()
    if here.is_open() or here.single_sign_on is None:
        return redirect("/", 303)
    target = local_target(session.pop(_NEXT, None))
    try:
        _require_issuer(here.single_sign_on)
        token = here.single_sign_on.authorize_access_token()
        subject = str(token["userinfo"]["sub"])
    except Exception as error:  # refused by the person, forged, replayed, expired, or the provider is down
        log.warning("an OpenID Connect sign-in failed: %s", type(error).__name__)
        return _refused(FAILED, target)
    with here.store.connect_access() as connection:
        account = queries.account_of_subject(connection, subject[:255])
    if account is None or account.disabled:
        return _refused(NO_ACCOUNT, target)
    return enter(account, target, how="organisation", forget=[], second=True)


def _require_issuer(provider: Any) -> None:
    """The provider's own description names the issuer that the settings name; a closing slash may differ."""
    named = str(provider.load_server_metadata().get("issuer", ""))
    if named.rstrip("/") != provider.expected_issuer:
        raise ValueError("the provider calls itself by another name than the settings")


def _refused(sentence: str, target: str) -> Any:
    g.web_session = None
    engine = state.access().store.engine
    store_accounts.record(engine, "", "sign_in_failed", "", how="organisation", address=request.remote_addr)
    return forms.ask_to_sign_in(401, error=sentence, target=target)
