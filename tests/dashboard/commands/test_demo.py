"""The demo and its parts: a port that is taken, a browser that is not there, a server that stops when told."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from dashboard.commands import demonstration
from dashboard.commands.terminal import CommandError, Progress
from dashboard.settings import Settings


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_named_with_another_to_try(taken_port: int) -> None:
    with pytest.raises(CommandError, match=rf"port {taken_port} is taken .*--port {taken_port + 10}"):
        demonstration.require_free_port(Settings(database="sqlite:///x.db", port=taken_port))


def test_a_port_that_was_just_left_can_be_taken_again(taken_port: int) -> None:
    with socket.create_connection(("127.0.0.1", taken_port)):
        pass
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    demonstration.require_free_port(Settings(database="sqlite:///x.db", port=free))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these always have a browser")
def test_without_a_display_no_browser_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not demonstration.has_browser()
    monkeypatch.setenv("DISPLAY", ":0")
    assert demonstration.has_browser()


def test_the_browser_opens_once_the_server_answers(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(demonstration.webbrowser, "open", opened.append)
    demonstration.open_browser_when_ready(Settings(database="sqlite:///x.db", port=taken_port))
    end = time.monotonic() + 5
    while not opened and time.monotonic() < end:
        time.sleep(0.02)
    assert opened == [f"http://127.0.0.1:{taken_port}/"]


def test_databases_of_earlier_versions_are_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    current = Path(demonstration.database().removeprefix("sqlite:///"))
    old = current.with_name("demo-0123456789abcdef.db")
    for path in (current, old):
        path.touch()
    demonstration.database()
    assert current.exists()
    assert not old.exists()


class Screen:
    """Standard error as a person would watch it."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_progress_shows_after_its_delay_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with Progress(after=60) as progress:
        progress("reading", 0.5)
    assert screen.text == ""
    with Progress(after=0) as progress:
        progress("deriving [outcomes]", 0.5)
        progress("deriving [outcomes]", 1.5)
    assert "deriving [outcomes]" in screen.text


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_the_demo_answers_and_stops_when_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [
        sys.executable,
        "-c",
        "from dashboard.cli import main; main()",
        "demo",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    demo = subprocess.Popen(
        line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        status, end = None, time.monotonic() + 60
        while status is None and time.monotonic() < end and demo.poll() is None:
            with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                status = answer.status
            time.sleep(0.1)
    finally:
        demo.send_signal(signal.SIGINT)
        out, error = demo.communicate(timeout=30)
    assert status == 200
    assert f"http://127.0.0.1:{port}/" in out
    assert demo.returncode == 0
    assert error == ""
