"""Facts know what they were derived by; the band of similar courses is counted from the scores of each bin

`Store.upgrade` derives the facts anew.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if context.config.attributes["part"] == "access":
        return  # this file holds accounts and the audit trail
    # When 0005 was new it followed 0003: stores of that time are at 0005 without what 0004 makes.
    op.drop_table("band_counts", if_exists=True)
    op.add_column("score_facts", sa.Column("last_in_bin", sa.Integer(), nullable=False, server_default="0"))
    # Of a store without facts about itself the program writes them all.
    op.execute("INSERT INTO store_info (name, value) SELECT 'derivation', '1' FROM store_info WHERE name = 'rules'")


def downgrade() -> None:
    """The table is empty: a program of before fills it as it opens the store."""
    if context.config.attributes["part"] == "access":
        return
    op.execute("DELETE FROM store_info WHERE name = 'derivation'")
    op.drop_column("score_facts", "last_in_bin")
    context.script.get_revision("0004").module.upgrade()
