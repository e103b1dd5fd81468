"""The plain pages outside the dashboard: forms for signing in, and refusals. They need no script."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from flask_wtf.csrf import generate_csrf
from jinja2 import Environment, PackageLoader

from dashboard.access import state


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("dashboard.access", "templates"), autoescape=True, trim_blocks=True)


def page(status: int, title: str, **values: Any) -> Response:
    """A form or message as a page; values are escaped."""
    values.setdefault("fields", ())
    if values["fields"] or values.get("button"):
        values["csrf_token"] = generate_csrf()
    text = _templates().get_template("form.html").render(title=title, **values)
    return Response(text, status, mimetype="text/html")


def refusal(status: int, sentence: str, *, link: bool = False) -> Response:
    """A refusal: a page for those who look, one line for scripts."""
    if "text/html" in request.headers.get("Accept", ""):
        links = [("/", "To the first page")] if link else []
        title = {404: "Not found", 413: "Too large"}.get(status, "Not allowed" if status < 500 else "Not now")
        return page(status, title, lead=sentence, links=links)
    return Response(sentence + "\n", status, mimetype="text/plain")


def ask_to_sign_in(status: int, *, error: str = "", name: str = "", target: str | None = None) -> Response:
    """The sign-in form, at whatever address was asked for; one line for scripts."""
    if "text/html" not in request.headers.get("Accept", "") and status == 401 and request.path != "/sign-in":
        return Response("Sign in first.\n", status, mimetype="text/plain")
    if target is None:
        target = request.full_path.rstrip("?") if request.method == "GET" else "/"
    way = "/single-sign-on?" + urlencode({"next": target})
    links = [(way, "Sign in with your organisation")] if state.access().single_sign_on else []
    fields = [
        {"name": "name", "label": "Name", "type": "text", "autocomplete": "username", "value": name},
        {"name": "password", "label": "Password", "type": "password", "autocomplete": "current-password"},
    ]
    hidden = {"next": target}
    return page(
        status, "Sign in", action="/sign-in", fields=fields, hidden=hidden, button="Sign in", error=error, links=links
    )
