"""The commands `database ...`: care of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.commands.store_option import Database, open_existing, open_store
from dashboard.commands.terminal import CommandError, Progress, say
from dashboard.commands.user import note, verify
from dashboard.settings import database_url
from dashboard.words.numbers import count

LONGEST_NAME = 60  # characters: the header has one line

database_app = typer.Typer(help="Care of the database.", rich_markup_mode=None)


@database_app.command("upgrade")
def upgrade(database: Database = None) -> None:
    """Bring the database's tables to this version of the product."""
    open_store(database_url(database), upgrade=True).close()
    say("The database is up to date.")


@database_app.command("name")
def name_data_set(
    name: Annotated[str, typer.Argument(metavar="NAME", help="For the header and every file; empty: none.")],
    database: Database = None,
) -> None:
    """Name the data set, for example after the clinic; the header and every file that is taken say it."""
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise CommandError(f"a name has up to {LONGEST_NAME} printable characters; choose a shorter one", 2)
    store = open_existing(database)
    if store.synthetic():
        raise CommandError("this is the synthetic sample, which keeps its name; name the database of your own records")
    note(store, "data_set_named", name)
    store.set_name(name, synthetic=False)
    store.close()
    say(f"The data set is named {name}." if name else "The data set has no name.")


@database_app.command("verify")
def verify_store(database: Database = None) -> None:
    """Check that the records are those that were imported, and the audit trail: what was altered is named.

    Exit code 1 then.
    """
    store = open_existing(database)
    problems = store.verify()
    if problems:
        raise CommandError(
            f"the records are not as they were stored: {'; '.join(problems)}. Keep this database, and put a backup in "
            "its place: ketamine-outcomes database restore FILE --database NEW"
        )
    trail = verify(store)  # of a database whose trail is missing nothing is said to hold
    rows = store.sealed_rows()
    say(
        "The records have no seal yet: the next import seals them."
        if rows is None
        else f"The records hold: {count(rows, 'row')} as they were stored."
    )
    say(trail)


@database_app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file; it holds everything, so keep it as safe.")],
    database: Database = None,
) -> None:
    """Copy the whole database into one file while it is in use."""
    from data_models.store.copy import back_up

    _noted(database, "database_backed_up")
    with Progress() as progress:
        counts = back_up(database_url(database), file, progress)
    say(f"Backed up {_told(counts)} to {file}.")


@database_app.command("restore")
def restore_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `database backup` wrote.")],
    database: Database = None,
) -> None:
    """Put a backup into an empty database (--database); one that holds something is never overwritten."""
    from data_models.store import copy as store_copy

    url = database_url(database)
    with Progress() as progress:
        counts = store_copy.restore(file, url, progress)
    store = open_store(url)
    note(store, "database_restored", "")
    store.close()
    say(f"Restored {_told(counts)}.")


@database_app.command("copy")
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL or file of the database to copy.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL or file of an empty one.")],
) -> None:
    """Copy a whole database into an empty one, for example from a file to PostgreSQL or back."""
    from data_models.store.copy import copy_store

    _noted(source, "database_copied")
    with Progress() as progress:
        counts = copy_store(database_url(source), database_url(target), progress)
    say(f"Copied {_told(counts)}. Serve it with --database or KETAMINE_OUTCOMES_DATABASE.")


@database_app.command("distribute")
def distribute(database: Database = None) -> None:
    """Spread a PostgreSQL database over the machines of its Citus cluster."""
    from data_models.store import distribute as store_distribution

    store = open_existing(database)
    with Progress() as progress:
        done = store_distribution.distribute(store.engine, progress)
    note(store, "database_distributed", "")
    store.close()
    if not done.distributed and not done.reference:
        say("Every table is distributed already; nothing has changed.")
        return
    where = f"{done.machines} machines" if done.machines > 1 else "one machine"
    say(
        f"Distributed {len(done.distributed)} tables by patient over {where}, and copied {len(done.reference)} to each."
    )
    if done.machines < 2:
        say("Add workers with SELECT citus_add_node('HOST', 5432), then SELECT citus_rebalance_start().")


def _noted(database: str | None, action: str) -> None:
    """Tell the trail before records leave: what cannot be told is not done."""
    store = open_existing(database)
    note(store, action, "")
    store.close()


def _told(counts: dict[str, int]) -> str:
    named = {"patients": "patients", "assessments": "assessments", "accounts": "accounts"}
    *most, last = [f"{counts[name]:,} {noun}" for name, noun in named.items()]
    return f"{', '.join(most)} and {last} ({sum(counts.values()):,} rows in all)"
