"""A copy of a database to try things on: what happens in it leaves the database itself as it is."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dashboard.commands.terminal import CommandError
from dashboard.settings import sqlite_file
from data_models.store import Store


@contextlib.contextmanager
def copy_of(url: str) -> Iterator[Store]:
    """A store on a copy of a SQLite database, removed at the end. Raises CommandError."""
    path = sqlite_file(url)
    if path is None:
        raise CommandError("this needs a database that is a SQLite file; name one with --database")
    with tempfile.TemporaryDirectory(prefix="ketamine-outcomes-") as folder:
        target = Path(folder) / "copy.db"
        try:
            with (
                contextlib.closing(sqlite3.connect(path)) as stored,
                contextlib.closing(sqlite3.connect(target)) as copy,
            ):
                stored.backup(copy)
        except sqlite3.Error as error:
            raise CommandError(
                f"{path}: cannot be read as a database ({error}); name another with --database"
            ) from None
        store = Store.open(f"sqlite:///{target.as_posix()}")
        try:
            yield store
        finally:
            store.close()
