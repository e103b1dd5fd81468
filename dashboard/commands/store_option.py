"""How a command comes by its store: which database is meant, and what is said when it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.commands.terminal import COMMAND, CommandError, Progress
from dashboard.settings import database_url, sqlite_file

if TYPE_CHECKING:
    from data_models.store import Store

Database = Annotated[
    str | None,
    typer.Option(
        "--database", envvar="KETAMINE_OUTCOMES_DATABASE", metavar="URL", show_default="a file in your data folder",
        help="Database: a URL such as sqlite:///clinic.db, or a file.",
    ),
]  # fmt: skip


def open_store(url: str, upgrade: bool | None = None) -> Store:
    """The store at a URL, made where there is none; a failure names its file."""
    from data_models.store import Store, StoreError

    try:
        with Progress() as progress:
            return Store.open(url, upgrade=upgrade, progress=progress)
    except StoreError as error:
        path = sqlite_file(url)
        if path is None or str(path) in str(error):
            raise
        raise CommandError(f"{path}: {error}") from None


def open_existing(database: str | None) -> Store:
    """The store, which must be there already: reading from a mistyped path makes no new database."""
    url = database_url(database)
    if missing(url):
        raise CommandError(
            f"{sqlite_file(url) or 'this server'}: there is no database here; "
            f"import records first ({COMMAND} import PATH) or name another with --database"
        )
    return open_store(url)


def missing(url: str) -> bool:
    """Whether a URL names a file that is not there, or a server's database that holds nothing."""
    path = sqlite_file(url)
    if path is not None:
        return not path.exists()
    from data_models.store import Store

    return Store.missing(url)
