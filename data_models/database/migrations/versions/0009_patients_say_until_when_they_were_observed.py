"""Patients say until when they were observed, in whole weeks; of those stored before it is not known"""

import sqlalchemy as sa
from alembic import context, op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if context.config.attributes["part"] == "access":
        return  # this file holds accounts and the audit trail
    op.add_column("patients", sa.Column("observed_until_weeks", sa.Integer(), nullable=True))


def downgrade() -> None:
    if context.config.attributes["part"] == "access":
        return
    op.drop_column("patients", "observed_until_weeks")
