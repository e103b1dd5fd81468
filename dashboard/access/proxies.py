"""Which proxies are believed when they say who asked and how.

X-Forwarded-For, -Proto and -Host are taken from the trusted proxies named in the settings alone; from
anyone else they are removed before the application sees them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix

from dashboard.settings import SettingsError

_FORWARDED = ("FORWARDED", "X_FORWARDED_", "X_REAL_IP", "X_SCRIPT_NAME", "X_CLIENT_IP", "TRUE_CLIENT_IP")
WAS_FORWARDED = "ketamine_outcomes.was_forwarded"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(names: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as the settings name them. Raises SettingsError."""
    found: list[Network] = []
    for name in names:
        try:
            found.append(ipaddress.ip_network(name.strip()))
        except ValueError:
            raise SettingsError(
                f"trusted proxies: {name.strip()!r} is no address or network; write for example 10.0.0.0/24"
            ) from None
    return tuple(found)


def asked_host() -> str:
    """The name or address of this server as the current request has it."""
    return urlsplit(f"//{request.host}").hostname or ""


class TrustedProxies:
    """WSGI middleware: one hop of forwarding headers, from trusted addresses."""

    def __init__(self, application: Callable[..., Any], trusted: tuple[Network, ...]) -> None:
        self._application = application
        self._fixed = ProxyFix(application, x_for=1, x_proto=1, x_host=1, x_port=0, x_prefix=0)
        self._trusted = trusted

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        told = [name for name in environ if name.startswith("HTTP_") and name[5:].startswith(_FORWARDED)]
        environ[WAS_FORWARDED] = bool(told or "HTTP_VIA" in environ)
        if self._trusts(environ.get("REMOTE_ADDR", "")):
            return self._fixed(environ, start_response)
        for name in told:
            del environ[name]
        return self._application(environ, start_response)

    def _trusts(self, address: str) -> bool:
        try:
            peer = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return any(peer in network for network in self._trusted)
