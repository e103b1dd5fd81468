"""Security headers that every answer carries, and how long a browser may keep it.

The content security policy admits scripts of this server alone, plus Dash's one inline line by its
hash; styles may stand inline because React writes them so. No answer names another host.
"""

from __future__ import annotations

import dash
from flask import Flask, Response, request

_STATIC = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_YEAR = "public, max-age=31536000, immutable"


def content_security_policy(app: dash.Dash) -> str:
    """The policy for one app; call it when all its callbacks are registered."""
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *app.csp_hashes()],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items())


def add_headers(app: dash.Dash) -> None:
    """Make every answer of the app's server carry the headers."""
    server: Flask = app.server
    policy = content_security_policy(app)

    @server.after_request
    def _headers(response: Response) -> Response:
        for name, value in _STATIC.items():
            response.headers.setdefault(name, value)
        response.headers["Content-Security-Policy"] = policy
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if response.status_code == 200 and _is_fingerprinted():
            response.headers["Cache-Control"] = _YEAR
        elif not request.path.startswith(("/assets/", "/_dash-component-suites/")):
            # Answers hold patients' data: no browser and no proxy keeps them.
            response.headers["Cache-Control"] = "no-store"
        return response


def _is_fingerprinted() -> bool:
    # Dash names its own files by version and time, and asks for assets with ?m=<time of change>.
    path = request.path
    return (path.startswith("/_dash-component-suites/") and ".v" in path) or (
        path.startswith("/assets/") and "m" in request.args
    )
