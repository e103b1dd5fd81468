"""A server in a process of its own, for what is tried from outside: a free port, the process, the wait for it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
PORT = "{port}"  # stands for the free port in a command
_SERVE = (
    "import sys; from dashboard.commands.server import serve; from dashboard.settings import Settings; serve(Settings("
    "database=sys.argv[1], port=int(sys.argv[2]), workers=int(sys.argv[3]), threads=int(sys.argv[4])))"
)


class NotStarted(Exception):
    """The server ended, or did not answer in time."""


def product(database: str, *, workers: int = 1, threads: int = 4) -> list[str]:
    """The command that serves a store as `serve` does."""
    return [sys.executable, "-c", _SERVE, database, PORT, str(workers), str(threads)]


@contextlib.contextmanager
def running(
    command: Sequence[str],
    *,
    path: str = "/",
    seconds: float = 90.0,
    environment: Mapping[str, str] | None = None,
    quiet: bool = True,
) -> Iterator[str]:
    """A server in a process of its own, ended with the block; its address, "http://127.0.0.1:PORT".

    Parameters
    ----------
    command : its command line; `PORT` in any part of it is replaced by a free port.
    path : what is asked for until it answers, whatever the answer is.
    seconds : how long it may take.
    environment : variables beside those of this process.
    quiet : what it prints is thrown away.

    Raises
    ------
    NotStarted : it ended, or did not answer in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [part.replace(PORT, str(port)) for part in command]
    out = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(line, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=out)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + seconds
        while not _answers(address + path):
            if process.poll() is not None:
                raise NotStarted(f"the server ended with status {process.returncode} before it answered")
            if time.monotonic() > deadline:
                raise NotStarted(f"the server did not answer within {seconds:g} s")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=10):
            return True
    except HTTPError:
        return True
    except OSError:
        return False
