"""The guard before every route, Dash's own included: who asks, from where, and may they.

It runs before anything else of the application and decides on its own: a route, page or callback that it
does not know of is shut. It leaves the person in `flask.g.person`; the scope of every query comes from
there, so that what it lets through by mistake still finds no rows.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from dash import Dash
from dash.exceptions import DependencyException, InvalidResourceError, PreventUpdate
from flask import Flask, Response, g, redirect, request
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from wtforms.validators import ValidationError

from dashboard.access import callbacks, forms, roles, sessions, state, trail
from dashboard.access.proxies import WAS_FORWARDED, asked_host
from dashboard.settings import LOOPBACK
from data_models.database.access_tables import DATA_MANAGER, Person
from data_models.database.engine import StoreError

log = logging.getLogger("dashboard")

PageAt = Callable[[str], str | None]  # path of a URL -> the path by which roles know the page that it shows
SIGN_IN, SIGN_OUT, PASSWORD, SECOND_FACTOR = "/sign-in", "/sign-out", "/password", "/second-factor"
SINGLE_SIGN_ON = "/single-sign-on"
ROLE_COOKIE = "demo_role"
_FORM_BYTES = 16_000
_CALL_BYTES = 1_000_000
_UPLOAD_BYTES = 60_000_000  # dropped records, base64
# What anybody may have: the product's own style sheets and scripts, and the way in.
_PUBLIC = (SIGN_IN, SINGLE_SIGN_ON, SINGLE_SIGN_ON + "/answer")
_UNFINISHED = (SIGN_OUT, PASSWORD, SECOND_FACTOR)  # for a session that has something to do first


def install(app: Dash, page_at: PageAt) -> None:
    """Put the guard before everything that the app's server does."""
    server: Flask = app.server
    server.before_request_funcs.setdefault(None, []).insert(0, lambda: _guard(app, page_at))
    server.after_request(_give_csrf_token)
    _name_csrf_cookie(app)
    callbacks.wrap_view(server, _answer_calls)
    server.register_error_handler(StoreError, _store_fails)
    server.register_error_handler(HTTPException, _plainly)
    for unknown_file in (DependencyException, InvalidResourceError):
        server.register_error_handler(unknown_file, lambda _: forms.refusal(404, "There is nothing here."))
    server.log_exception = _log_place  # type: ignore[assignment, method-assign]


def _guard(app: Dash, page_at: PageAt) -> Any:
    g.person = None
    request.max_content_length = _FORM_BYTES
    path = request.path
    if request.method not in ("GET", "HEAD", "POST"):
        return forms.refusal(405, "This is not offered here.")
    if path.startswith("/assets/"):
        return None
    here = state.access()
    refused = _guard_open(here) if here.is_open() else _guard_signed_in(here, path)
    if refused is not None:
        return refused
    if path == callbacks.CALL:
        return _guard_call(app, here)
    return _guard_page(page_at(path), path)


# --- who asks ------------------------------------------------------------------------------------


def _guard_open(here: state.Access) -> Any:
    """An open dashboard answers this computer alone: no other name for it, and no proxy in between."""
    # A page elsewhere may point a name of its own at 127.0.0.1; its requests then carry that name.
    if asked_host() not in LOOPBACK or request.environ.get(WAS_FORWARDED):
        return forms.refusal(
            403,
            "Without accounts the dashboard answers this computer alone, at 127.0.0.1. To serve others, "
            "add an owner first: ketamine-outcomes user add NAME --role owner.",
        )
    if request.method == "POST" and not _same_origin():
        return _refuse_forged(403, "This request came from another site.")
    g.person = _demo_person() if here.demo else state.LOCAL
    return None


def _guard_signed_in(here: state.Access, path: str) -> Any:
    if not request.is_secure and asked_host() not in LOOPBACK:
        return forms.refusal(
            403, "This connection is not encrypted. Put TLS in front of the dashboard and open its https address."
        )
    found = sessions.find(here)
    if request.method == "POST":
        if not _same_origin():
            return _refuse_forged(403, "This request came from another site.")
        try:
            validate_csrf(request.headers.get("X-CSRFToken") or request.form.get("csrf_token"))
        except ValidationError:
            if path in (*_PUBLIC, *_UNFINISHED):
                return _refuse_forged(
                    400, "This form was open for too long, or cookies are off. Go back and reload it."
                )
            return _refuse_forged(400 if found else 401, "Reload the page: its token is missing or out of date.")
    if path in _PUBLIC:
        g.web_session = found
        return None
    if found is None:
        return forms.ask_to_sign_in(401)
    g.web_session = found
    if path in _UNFINISHED:
        return None
    if not found.complete:
        return forms.ask_to_sign_in(401)
    if not found.ready:
        target = PASSWORD if found.must_change_password else SECOND_FACTOR
        if _wants_page():
            return redirect(target, 303)
        return forms.refusal(403, "Something is to be done first: reload the page.")
    g.person = found.person
    return None


def _demo_person() -> Person:
    role = request.cookies.get(ROLE_COOKIE, "")
    return Person("demo", frozenset({role}), None) if role in roles.EVERYONE else state.LOCAL


def _same_origin() -> bool:
    """Whether a request that may change something comes from a page of ours, as the browser tells."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.host}"


# --- what for ------------------------------------------------------------------------------------


def _guard_page(page: str | None, path: str) -> Any:
    """A page's address is shut to roles that do not see it; the first address leads to one's own first page."""
    if path.startswith("/_") or path in (*_PUBLIC, *_UNFINISHED):
        return None
    if page is None or roles.may_see(g.person, page):
        return None
    if page == "/" and request.method != "POST":
        return redirect(roles.home(g.person), 303)
    trail.note_denied(page)
    return forms.refusal(403, "Your account does not show this page.", link=True)


def _guard_call(app: Dash, here: state.Access) -> Any:
    request.max_content_length = _UPLOAD_BYTES if DATA_MANAGER in g.person.roles else _CALL_BYTES
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        return _refuse_forged(400, "This request could not be read.")
    output = body.get("output")
    allowed = here.callbacks.get(output) if isinstance(output, str) else None
    if not allowed or not allowed & g.person.roles:
        trail.note_denied("a callback")
        return forms.refusal(403, "Your account does not show this.")
    if not callbacks.fits(app, body):
        return _refuse_forged(400, "This request could not be read.")
    return None


def _refuse_forged(status: int, sentence: str) -> Response:
    """Refuse what none of our pages sends; the log is told, without what was sent."""
    log.warning("a request of %s was refused: %s", request.remote_addr, sentence)
    return forms.refusal(status, sentence)


# --- answers -------------------------------------------------------------------------------------


def csrf_cookie() -> str:
    """The cookie that Dash's script reads and sends back as the header X-CSRFToken."""
    return sessions.cookie_name("csrf")


def _name_csrf_cookie(app: Dash) -> None:
    """Tell each page under which name its cookie lies: with TLS another than without."""
    of_dash = app._config
    app._config = lambda: of_dash() | {"csrf_token_name": csrf_cookie()}


def _give_csrf_token(response: Response) -> Response:
    """Pages carry the CSRF token in a cookie that Dash's script reads."""
    if g.get("person") is not None and g.person.account_id and response.mimetype == "text/html":
        response.set_cookie(
            csrf_cookie(), generate_csrf(), path="/", secure=request.is_secure, httponly=False, samesite="Strict"
        )
    return response


def _answer_calls(view: Any) -> Any:
    """Dash's view; a call that it cannot take apart is refused, not a failure of the server."""

    def answer(*arguments: Any, **named: Any) -> Any:
        try:
            return view(*arguments, **named)
        except (PreventUpdate, HTTPException, StoreError):
            raise
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            log.warning("a call was refused: %s", type(error).__name__)
            return forms.refusal(400, "This request could not be read.")

    return answer


def _store_fails(error: StoreError) -> Any:
    log.error("the store failed: %s", error)
    return forms.refusal(503, "The store does not answer now. Try again in a minute.")


def _plainly(error: HTTPException) -> Any:
    """Errors say little: a sentence and a status, without what was asked for."""
    if error.response is not None:
        return error.response
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        return forms.refusal(413, "This is too large.")
    return forms.refusal(status, "There is nothing here." if status == 404 else "This request could not be answered.")


def _log_place(error: Any) -> None:
    """The log has the kind of an error and its place; its text may hold records."""
    kind, _, trace = error
    places = [f"{part.filename.rpartition('/')[2]}:{part.lineno}" for part in traceback.extract_tb(trace)[-3:]]
    log.error("a request failed: %s at %s", getattr(kind, "__name__", kind), " < ".join(reversed(places)))


def _wants_page() -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")
