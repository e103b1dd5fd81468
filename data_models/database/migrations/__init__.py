"""Alembic migrations of the store; run by `Store.open` for SQLite and by `database upgrade`."""
