"""The audit log, which is only added to.

Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant, grant_adding

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

REFUSALS = """CREATE TRIGGER audit_entries_{name} BEFORE {name} ON audit_entries
  BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"""


def upgrade() -> None:
    make_entries()
    make_heads()
    grant_adding("audit_entries")
    grant(["audit_heads"])
    confine(["audit_entries", "audit_heads"])
    if op.get_bind().dialect.name == "sqlite":
        # There is no role to refuse it. A batch migration of this table must make these two again.
        for name in ("UPDATE", "DELETE"):
            op.execute(REFUSALS.format(name=name))


def make_entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=254), nullable=False),
        sa.Column("door", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_audit_entries_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "seq", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_subject", "audit_entries", ["workspace_id", "subject_id", "seq"])
    op.create_index("ix_audit_entries_actor", "audit_entries", ["workspace_id", "actor_id", "seq"])
    op.create_index("ix_audit_entries_at", "audit_entries", ["workspace_id", "at"])


def make_heads() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_seq", sa.BigInteger(), nullable=True),
        sa.Column("broken_seq", sa.BigInteger(), nullable=True),
        sa.Column("broken_how", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_audit_heads_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_audit_heads")),
    )


def downgrade() -> None:
    op.drop_table("audit_heads")
    op.drop_table("audit_entries")
