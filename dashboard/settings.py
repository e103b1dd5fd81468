"""What can be set about a running dashboard: one frozen value, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_models.definitions.rules import OutcomeRules

VARIABLE = "KETAMINE_OUTCOMES_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8050


class SettingsError(Exception):
    """A setting cannot be used; the message is one sentence for the user."""


def data_folder() -> Path:
    """Where the default database lies: the user's data folder of this system."""
    import platformdirs

    return Path(platformdirs.user_data_dir("ketamine-outcomes", appauthor=False))


def database_url(text: str | os.PathLike[str] | None) -> str:
    """The SQLAlchemy URL that a `--database` names: a URL as it is, a path as its SQLite file.

    None or an empty text is the default file; its folder is made when it is missing.
    """
    if not text or not str(text).strip():
        folder = data_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"{folder}: the folder of the default database cannot be made ({error.strerror}); "
                "name a database with --database"
            ) from None
        return f"sqlite:///{(folder / 'outcomes.db').as_posix()}"
    name = str(text).strip()
    if "://" in name:
        return name
    path = Path(name).expanduser().absolute()
    if path.is_dir():
        raise SettingsError(f"{path}: is a folder; name the database's file in it, for example outcomes.db")
    if not path.parent.is_dir():
        raise SettingsError(f"{path.parent}: there is no such folder; make it first, or name another database")
    return f"sqlite:///{path.as_posix()}"


def sqlite_file(url: str) -> Path | None:
    """The file that a SQLite URL names; None for any other URL."""
    prefix = "sqlite:///"
    return Path(url.removeprefix(prefix).partition("?")[0]) if url.startswith(prefix) else None


def _whole(name: str, text: str | int, low: int, high: int) -> int:
    try:
        value = int(str(text).strip())
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise SettingsError(f"{name} is {str(text)!r}; it must be a whole number from {low} to {high}")
    return value


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one dashboard.

    Attributes
    ----------
    database : SQLAlchemy URL of the store.
    host, port : where it listens; until an owner has an account, this computer alone.
    workers : server processes.
    threads : threads of each of them.
    rules : rules that replace the store's; None keeps those of the store.
    demo : it shows the sample, open to whoever sits at this computer.
    trusted_proxies : addresses and networks whose word on who asked, and how, is taken.
    secret_key : file with the key that signs cookies; None: beside the database.
    openid_issuer, openid_client, openid_secret_file : OpenID Connect provider, this client's id there, and the
        file with its secret; none: people sign in with a name and password.
    """

    database: str
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    workers: int = field(default_factory=available_cores)
    threads: int = 4
    rules: OutcomeRules | None = None
    demo: bool = False
    trusted_proxies: tuple[str, ...] = ()
    secret_key: Path | None = None
    openid_issuer: str = ""
    openid_client: str = ""
    openid_secret_file: Path | None = None

    def __post_init__(self) -> None:
        _whole("port", self.port, 1, 65535)
        _whole("workers", self.workers, 1, 256)
        _whole("threads", self.threads, 1, 256)

    @property
    def address(self) -> str:
        """What to type into a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
        """Settings from KETAMINE_OUTCOMES_DATABASE, _HOST, _PORT, _WORKERS, _THREADS, _RULES,
        _TRUSTED_PROXIES, _SECRET_KEY, _OPENID_ISSUER, _OPENID_CLIENT and _OPENID_SECRET_FILE.

        `overrides` (None = not given) win over the environment. _RULES is NAME=VALUE,NAME=VALUE,
        _TRUSTED_PROXIES is ADDRESS,NETWORK and _SECRET_KEY a file.
        Raises SettingsError.
        """
        environ = os.environ if environ is None else environ
        given = {name: value for name, value in overrides.items() if value is not None}
        values: dict[str, Any] = {}
        for name in cls.__dataclass_fields__:
            # Whether this is the demo is for the command to say, not for the environment.
            text = "" if name == "demo" else environ.get(VARIABLE + name.upper(), "").strip()
            if name in given:
                values[name] = given[name]
            elif text:
                values[name] = text
        unknown = set(given) - set(cls.__dataclass_fields__)
        if unknown:
            raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
        values["database"] = database_url(values.get("database"))
        for name, high in (("port", 65535), ("workers", 256), ("threads", 256)):
            if name in values:
                values[name] = _whole(name, values[name], 1, high)
        if isinstance(values.get("rules"), str):
            try:
                values["rules"] = OutcomeRules().with_assignments(values["rules"].split(","))
            except ValueError as error:
                raise SettingsError(f"{VARIABLE}RULES: {error}") from None
        if isinstance(values.get("trusted_proxies"), str):
            values["trusted_proxies"] = tuple(name for name in values["trusted_proxies"].split(",") if name.strip())
        for name in ("secret_key", "openid_secret_file"):
            if values.get(name):
                values[name] = Path(values[name]).expanduser()
        return cls(**values)
