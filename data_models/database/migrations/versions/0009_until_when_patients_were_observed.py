"""Until when patients were observed, in whole weeks; imports say of how many patients they changed which facts

Of patients stored before it is not known; imports of before changed none.
"""

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
    op.add_column("imports", sa.Column("changed", sa.Text(), nullable=False, server_default="{}"))


def downgrade() -> None:
    if context.config.attributes["part"] == "access":
        return
    op.drop_column("imports", "changed")
    op.drop_column("patients", "observed_until_weeks")
