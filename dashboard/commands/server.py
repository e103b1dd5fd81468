"""Serving: gunicorn with threads, or waitress where gunicorn does not run (Windows).

A process opens its own store and makes its own app, after the fork: database connections must not be
shared between processes.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from dashboard.settings import Settings


def make_server(settings: Settings) -> Any:
    """The WSGI callable of one worker process."""
    from dashboard.app import create_app
    from data_models.store import Store

    return create_app(settings, Store.open(settings.database)).server


def serve(settings: Settings) -> None:
    """Serve until stopped."""
    from dashboard.access.setup import require_owner

    require_owner(settings)
    if sys.platform == "win32":
        _serve_with_waitress(settings)
    else:
        _serve_with_gunicorn(settings)


def _serve_with_waitress(settings: Settings) -> None:
    import waitress

    waitress.serve(make_server(settings), host=settings.host, port=settings.port, threads=settings.threads)


def _serve_with_gunicorn(settings: Settings) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        """gunicorn told by `Settings` alone: neither its command line nor its files are read."""

        def load_config(self) -> None:
            options = {
                "bind": f"[{settings.host}]:{settings.port}"
                if ":" in settings.host
                else f"{settings.host}:{settings.port}",
                "workers": settings.workers,
                "threads": settings.threads,
                "worker_class": "gthread",
                "timeout": 120,
                "keepalive": 130,  # longer than a proxy keeps an idle connection (Caddy: two minutes): it closes first
                "accesslog": None,  # URLs name patients' codes: they are not logged
                "errorlog": "-",
                "loglevel": "warning",
                "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,
                "proc_name": "ketamine-outcomes",
                "control_socket_disable": True,
                "forwarded_allow_ips": "",  # who is believed about forwarding is settled in access/proxies.py
            }
            for name, value in options.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            logging.getLogger("dashboard").setLevel(logging.INFO)
            return make_server(settings)

    Application().run()
