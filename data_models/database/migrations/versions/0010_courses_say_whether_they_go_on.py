"""Courses say whether they go on, outcomes follow definitions version 2; `Store.upgrade` derives the facts anew"""

import sqlalchemy as sa
from alembic import context, op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NEW = {
    "courses": (
        sa.Column("observed_until_hours", sa.Float(), nullable=True),
        sa.Column("status", sa.String(32), nullable=False, server_default="unknown"),
        sa.Column("induction_complete", sa.Integer(), nullable=False, server_default="0"),
    ),
    "course_outcomes": (
        sa.Column("last_reliable", sa.String(32), nullable=True),
        sa.Column("end_of_induction_reliable", sa.String(32), nullable=True),
        sa.Column("durability_left", sa.Float(), nullable=True),
        sa.Column("durability_right", sa.Float(), nullable=True),
    ),
}


def upgrade() -> None:
    if context.config.attributes["part"] == "access":
        return  # this file holds accounts and the audit trail
    # When 0009 was new it made no such column: stores of that hour are at 0009 without it.
    if all(column["name"] != "changed" for column in sa.inspect(op.get_bind()).get_columns("imports")):
        op.add_column("imports", sa.Column("changed", sa.Text(), nullable=False, server_default="{}"))
    for table, columns in _NEW.items():
        for column in columns:
            op.add_column(table, column._copy())
    # Null from now on where induction is neither complete nor given up; SQLite cannot lift NOT NULL off a column.
    op.drop_column("courses", "early_stop")
    op.add_column("courses", sa.Column("early_stop", sa.Integer(), nullable=True))


def downgrade() -> None:
    if context.config.attributes["part"] == "access":
        return
    for table, columns in _NEW.items():
        for column in columns:
            op.drop_column(table, column.name)
    op.drop_column("courses", "early_stop")
    op.add_column("courses", sa.Column("early_stop", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE store_info SET value = '1' WHERE name = 'derivation'")  # whoever opens it next derives anew
