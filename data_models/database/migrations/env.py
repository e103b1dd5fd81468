"""Alembic's entry: runs the migrations on the connection that the store hands over."""

from alembic import context

from data_models.database import access_tables  # noqa: F401  (maps its tables)
from data_models.database.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Base.metadata, render_as_batch=True, transaction_per_migration=False
)
with context.begin_transaction():
    context.run_migrations()
