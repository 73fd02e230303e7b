"""Merging, splitting, snoozing, automatic transitions; what the queue's indexes stand on.

Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIME = sa.DateTime(timezone=True)
INDEXES = {
    "ix_tickets_by_due": ("shelf", "due_rank", "wait_rank", "number"),
    "ix_tickets_by_agent": ("shelf", "assigned_agent_id", "due_rank", "wait_rank", "number"),
    "ix_tickets_by_pending": ("shelf", "pending_on", "due_rank", "wait_rank", "number"),
    "ix_tickets_by_wait": ("shelf", "wait_rank", "number"),
    "ix_tickets_by_activity": ("shelf", "updated_at", "number"),
    "ix_tickets_by_number": ("shelf", "number"),
    "ix_tickets_by_priority": ("shelf", "priority_rank", "wait_rank", "number"),
    "ix_tickets_by_snooze": ("shelf", "snoozed_until", "number"),
    "ix_tickets_merged": ("merged_into_id",),
}
FILL = """
UPDATE tickets SET
  status_changed_at = coalesce(resolved_at, updated_at),
  replied_at = answered_at,
  pending_on = CASE WHEN status = 'pending' THEN 'customer' END,
  shelf = CASE WHEN is_spam OR status IN ('resolved', 'closed') THEN 'done' ELSE 'queue' END,
  wait_rank = coalesce(waiting_since, {idle}),
  priority_rank = CASE priority WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END
"""
IDLE = {
    "postgresql": "created_at + interval '365243 days'",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', created_at, '+365243 days')",
}


def upgrade() -> None:
    far = "'9999-12-31 00:00:00+00'" if op.get_bind().dialect.name == "postgresql" else far_on_sqlite()
    for column in (
        sa.Column("wakes_on_reply", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("pending_on", sa.String(length=20)),
        sa.Column("status_changed_at", TIME),
        sa.Column("replied_at", TIME),
        sa.Column("warned_at", TIME),
        sa.Column("next_step_at", TIME),
        sa.Column("merged_into_id", sa.Uuid()),
        sa.Column("merged_into_number", sa.Integer()),
        sa.Column("merged_inbox_ids", JSON, nullable=False, server_default="[]"),
        sa.Column("shelf", sa.String(length=10), nullable=False, server_default="queue"),
        sa.Column("due_rank", TIME, nullable=False, server_default=sa.text(far)),
        sa.Column("wait_rank", TIME, nullable=False, server_default=sa.text(far)),
        sa.Column("priority_rank", sa.Integer(), nullable=False, server_default="2"),
    ):
        op.add_column("tickets", column)
    op.execute(FILL.format(idle=IDLE[op.get_bind().dialect.name]))
    op.drop_index("ix_tickets_queue", table_name="tickets")
    for name, columns in INDEXES.items():
        op.create_index(name, "tickets", ["workspace_id", *columns])
    create_merges()


def far_on_sqlite() -> str:
    return "'9999-12-31 00:00:00.000000'"


def create_merges() -> None:
    op.create_table(
        "ticket_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("source_before", JSON, nullable=False),
        sa.Column("target_before", JSON, nullable=False),
        sa.Column("target_after", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_ticket_merges_workspace_id_workspaces")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["workspace_id", column],
                [f"{table}.workspace_id", f"{table}.id"],
                name=op.f(f"fk_ticket_merges_workspace_id_{column}_{table}"),
            )
            for column, table in (("source_id", "tickets"), ("target_id", "tickets"), ("actor_id", "users"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_merges")),
        sa.UniqueConstraint(
            "workspace_id", "source_id", name=op.f("uq_ticket_merges_workspace_id_source_id")
        ),
    )
    op.create_index(op.f("ix_ticket_merges_workspace_id"), "ticket_merges", ["workspace_id"])
    op.create_index("ix_ticket_merges_target", "ticket_merges", ["workspace_id", "target_id"])
    grant(["ticket_merges"])
    confine(["ticket_merges"])


def downgrade() -> None:
    op.drop_table("ticket_merges")
    for name in INDEXES:
        op.drop_index(name, table_name="tickets")
    for name in (
        "wakes_on_reply",
        "pending_on",
        "status_changed_at",
        "replied_at",
        "warned_at",
        "next_step_at",
        "merged_into_id",
        "merged_into_number",
        "merged_inbox_ids",
        "shelf",
        "due_rank",
        "wait_rank",
        "priority_rank",
    ):
        op.drop_column("tickets", name)
    op.create_index(
        "ix_tickets_queue", "tickets", ["workspace_id", "is_spam", "status", "waiting_since"], unique=False
    )
