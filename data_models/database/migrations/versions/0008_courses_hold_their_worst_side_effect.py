"""Courses hold their worst side effect, by which lists are sorted; `Store.upgrade` derives the facts anew"""

import sqlalchemy as sa
from alembic import context, op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if context.config.attributes["part"] == "access":
        return  # this file holds accounts and the audit trail
    op.add_column("courses", sa.Column("worst", sa.Integer(), nullable=True))


def downgrade() -> None:
    if context.config.attributes["part"] == "access":
        return
    op.drop_column("courses", "worst")
    op.execute("UPDATE store_info SET value = '1' WHERE name = 'derivation'")  # whoever opens it next derives anew
