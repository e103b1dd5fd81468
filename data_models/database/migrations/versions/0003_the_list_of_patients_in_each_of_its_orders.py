"""The list of patients in each of its orders, and how long it is; filled by `Store.upgrade`"""

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VALUES: dict[str, sa.types.TypeEngine[Any]] = {
    "baseline": sa.Float(),
    "last": sa.Float(),
    "improvement": sa.Float(),
    "days_since_session": sa.Float(),
    "item9_last": sa.Integer(),
    "worst": sa.Integer(),
}


def upgrade() -> None:
    if context.config.attributes["part"] == "access":
        return  # this file holds accounts and the audit trail
    op.create_table(
        "worklist_facts",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instrument", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column(
            "patient_code",
            sa.String(length=32).with_variant(sa.String(length=32, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("clinic", sa.String(length=64), nullable=True),
        *(sa.Column(name, kind, nullable=True) for name, kind in VALUES.items()),
        sa.PrimaryKeyConstraint("patient_id", "instrument"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_worklist_code", "worklist_facts", ["instrument", "kind", "patient_code", "clinic"])
    for name in VALUES:
        valued = sa.text(f"{name} IS NOT NULL")
        columns = ["instrument", "kind", name, "patient_code", "clinic"]
        op.create_index(f"ix_worklist_{name}", "worklist_facts", columns, sqlite_where=valued, postgresql_where=valued)
    op.create_index("ix_worklist_clinic", "worklist_facts", ["instrument", "clinic"])
    op.create_table(
        "worklist_counts",
        sa.Column("instrument", sa.String(length=32), nullable=False),
        sa.Column("clinic", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("patients", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in VALUES),
        sa.PrimaryKeyConstraint("instrument", "clinic", "kind"),
    )


def downgrade() -> None:
    if context.config.attributes["part"] == "access":
        return
    op.drop_table("worklist_counts")
    op.drop_table("worklist_facts")
