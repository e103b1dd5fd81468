"""The counts behind the band of similar courses; filled by `Store.upgrade`"""

import sqlalchemy as sa
from alembic import context, op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if context.config.attributes["part"] == "access":
        return  # this file holds accounts and the audit trail
    op.create_table(
        "band_counts",
        *(
            sa.Column(name, sa.String(length=length), nullable=False)
            for name, length in (("instrument", 32), ("clock", 32), ("route", 32), ("phase", 32), ("clinic", 64))
        ),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instrument", "clock", "route", "phase", "clinic"),
    )


def downgrade() -> None:
    if context.config.attributes["part"] == "access":
        return
    op.drop_table("band_counts")
