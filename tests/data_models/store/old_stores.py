"""Stores as older versions of the program made them."""

from __future__ import annotations

from alembic import command

from data_models.database import engine
from data_models.store import Store


def made_by_revision(store: Store, revision: str) -> None:
    """Take a store's schema back to that of a migration, its records and older facts as they are."""
    for one, part in engine.parts(store.engine).items():
        with engine.writing(one) as connection, connection.begin():
            command.downgrade(engine._alembic(connection, part), revision)
