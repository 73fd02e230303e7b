"""What reports are made of.

Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("measurements", "measured_up_to")
BACKLOG = sa.text("kind = 'backlog'")
INBOX_UPDATED = sa.text("name = 'inbox.updated'")


def upgrade() -> None:
    make_measurements()
    op.create_table(
        "measured_up_to",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_measured_up_to_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_measured_up_to")),
    )
    op.create_index(
        "ix_events_inbox_updated",
        "events",
        ["workspace_id"],
        sqlite_where=INBOX_UPDATED,
        postgresql_where=INBOX_UPDATED,
    )
    grant(TABLES)
    confine(TABLES)


def make_measurements() -> None:
    op.create_table(
        "measurements",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=True)
            for name in ("seconds", "business_seconds", "target_seconds")
        ),
        *(
            sa.Column(name, sa.Uuid(), nullable=True)
            for name in ("agent_id", "team_id", "inbox_id", "policy_id")
        ),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("priority", sa.String(length=10), nullable=False),
        sa.Column("tier", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["tickets.workspace_id", "tickets.id"],
            name=op.f("fk_measurements_workspace_id_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_measurements_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "kind", "instance", name=op.f("pk_measurements")),
    )
    op.create_index("ix_measurements_at", "measurements", ["workspace_id", "kind", "at"])
    op.create_index(
        "ix_measurements_until",
        "measurements",
        ["workspace_id", "until"],
        sqlite_where=BACKLOG,
        postgresql_where=BACKLOG,
    )


def downgrade() -> None:
    op.drop_index("ix_events_inbox_updated", "events")
    op.drop_table("measured_up_to")
    op.drop_table("measurements")
