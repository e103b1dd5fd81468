"""The sample clinic on this computer: a database of its own, filled once, and a browser on it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
import tempfile
import threading
import time
import webbrowser
from pathlib import Path

from dashboard.commands.terminal import CommandError, Progress
from dashboard.settings import Settings

SAMPLE_NAME = "Synthetic sample data"


def sample_folder() -> Path:
    """The sample clinic's session records, as they ship."""
    import sample_data

    folder = Path(sample_data.__file__).parent / "clinic"
    if not (folder / "patients.csv").is_file():
        raise CommandError(f"{folder}: the sample clinic is missing; install the product again")
    return folder


def digest() -> str:
    """Names what the demo database is made of: the sample's content and the code that derives from it."""
    import data_models

    files = [*sample_folder().glob("*.csv"), *Path(data_models.__file__).parent.rglob("*.py")]
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def database() -> str:
    """URL of the demo's database; those of earlier versions are removed."""
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("ketamine-outcomes", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"ketamine-outcomes-{os.getuid() if hasattr(os, 'getuid') else 'demo'}"
        folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"demo-{digest()}.db"
    for old in folder.glob("demo-*.db*"):
        if not old.name.startswith(path.name):
            with contextlib.suppress(OSError):  # another demo of an older version may be running
                old.unlink()
    return f"sqlite:///{path.as_posix()}"


def fill(settings: Settings) -> None:
    """Import the sample clinic unless an earlier start did."""
    from data_models.definitions.scope import Scope
    from data_models.questions.import_history import imports
    from data_models.store import Store

    store = Store.open(settings.database)
    try:
        if store.name() != SAMPLE_NAME:
            with Progress() as progress:
                store.import_path(sample_folder(), progress=progress)
            with store.connect() as connection:
                alone = len(imports(connection, Scope.everything())) == 1
            if not alone:
                raise CommandError(
                    f"{settings.database.removeprefix('sqlite:///')}: holds other records than the sample, which the "
                    "demo does not show; remove this file, or look at it with `serve --database FILE`"
                )
            # Named last: a start that was cut short imports again and is told that it has.
            store.set_name(SAMPLE_NAME, synthetic=True)
    finally:
        store.close()


def require_free_port(settings: Settings) -> None:
    """Refuse in one sentence when something listens on the port already."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # there the option would let two servers share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise CommandError(
                f"port {settings.port} is taken or not allowed; choose another, for example --port {settings.port + 10}"
            ) from None


def has_browser() -> bool:
    """Whether a window can open here; a text browser would take over the terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_browser_when_ready(settings: Settings, patience: float = 60.0) -> None:
    """Open the browser from a thread once the server answers."""
    if not has_browser():
        return

    def wait_and_open() -> None:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection((settings.host, settings.port), timeout=1):
                with contextlib.suppress(webbrowser.Error):
                    webbrowser.open(settings.address)
                return
            time.sleep(0.2)

    threading.Thread(target=wait_and_open, daemon=True).start()
