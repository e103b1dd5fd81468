"""Serving: gunicorn where it runs, waitress elsewhere, this computer alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.commands import server
from dashboard.settings import Settings


def test_windows_is_served_by_waitress(monkeypatch: pytest.MonkeyPatch, sample_database: str) -> None:
    import waitress

    served: dict[str, Any] = {}
    monkeypatch.setattr(server, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(waitress, "serve", lambda app, **options: served.update(options, app=app))
    server.serve(Settings(database=sample_database, port=8051, threads=3))
    assert served["host"] == "127.0.0.1"
    assert (served["port"], served["threads"]) == (8051, 3)
    assert served["app"].test_client().get("/").status_code == 200


def test_elsewhere_gunicorn_serves_with_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from gunicorn.app.base import BaseApplication

    seen: dict[str, Any] = {}

    def run(application: Any) -> None:
        seen.update({name: setting.get() for name, setting in application.cfg.settings.items()})

    monkeypatch.setattr(server, "sys", SimpleNamespace(platform="linux"))
    monkeypatch.setattr(BaseApplication, "run", run)
    server.serve(Settings(database="sqlite://", host="::1", port=8052, workers=2))
    assert seen["bind"] == ["[::1]:8052"]
    assert (seen["workers"], seen["worker_class"], seen["accesslog"]) == (2, "gthread", None)
