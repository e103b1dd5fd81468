"""Recent rows of the list of patients stand apart (a kind of 32 or more): programs that do not know it keep off

No table changes. A program of before would leave these patients out of its lists of one state.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing stands apart yet."""


def downgrade() -> None:
    if context.config.attributes["part"] == "access":
        return  # this file holds accounts and the audit trail
    names = ("patients", "baseline", "last", "improvement", "days_since_session", "item9_last", "worst")
    sums = ", ".join(f"{name} = worklist_counts.{name} + excluded.{name}" for name in names)
    op.execute(sa.text("UPDATE worklist_facts SET kind = kind - 32 WHERE kind >= 32"))
    op.execute(
        sa.text(
            f"INSERT INTO worklist_counts (instrument, clinic, kind, {', '.join(names)}) "
            f"SELECT instrument, clinic, kind - 32, {', '.join(names)} FROM worklist_counts WHERE kind >= 32 "
            f"ON CONFLICT (instrument, clinic, kind) DO UPDATE SET {sums}"
        )
    )
    op.execute(sa.text("DELETE FROM worklist_counts WHERE kind >= 32"))
