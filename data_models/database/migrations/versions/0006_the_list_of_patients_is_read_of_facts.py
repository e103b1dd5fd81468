"""The list of patients is read of the facts: its own tables go, a clinic's patients have an index"""

from alembic import context, op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if context.config.attributes["part"] == "access":
        return  # this file holds accounts and the audit trail
    op.drop_table("worklist_counts")
    op.drop_table("worklist_facts")
    op.create_index("ix_patients_clinic", "patients", ["clinic", "patient_code"])


def downgrade() -> None:
    """The tables are empty: a program of before fills them as it opens the store."""
    if context.config.attributes["part"] == "access":
        return
    op.drop_index("ix_patients_clinic", "patients")
    context.script.get_revision("0003").module.upgrade()
