"""The key that signs cookies: a file beside the database, made at the first start, for its owner's eyes only."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
import tempfile
from pathlib import Path

from dashboard.settings import SettingsError, data_folder, sqlite_file

LENGTH = 32


def path_for(database: str) -> Path:
    """Where a database's key lies: beside a SQLite file, else in the user's data folder."""
    file = sqlite_file(database)
    return file.with_name(file.name + ".key") if file is not None else data_folder() / "secret.key"


def load(path: Path) -> bytes:
    """The key in a file, made where there is none.

    Raises
    ------
    SettingsError : others may read the file, it is too short, or it cannot be read or made.
    """
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        if sys.platform != "win32" and stat.S_IMODE(mode) & 0o077:
            raise SettingsError(f"{path}: others may read this secret key; run: chmod 600 {path}")
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path}: the secret key cannot be read or made ({error.strerror}); check the rights of its folder"
        ) from None
    if len(key) < LENGTH:
        raise SettingsError(f"{path}: is too short for a secret key; remove it and start again to have one made")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, and never over another's: several workers may start at once.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".key-")  # mkstemp's mode is 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(secrets.token_bytes(LENGTH))
        with contextlib.suppress(FileExistsError):
            os.link(name, path) if hasattr(os, "link") else os.replace(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
