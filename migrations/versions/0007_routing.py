"""Routing: skills, capacity, offers, decisions.

Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("skills", "user_skills", "ticket_skills", "routing_agents", "routing_decisions", "offers")
WAITING = "shelf = 'queue' AND status = 'open' AND assigned_agent_id IS NULL"
CHAT = "channel = 'chat'"
LOAD = "shelf = 'queue' AND assigned_agent_id IS NOT NULL AND status IN ('assigned', 'in_progress')"
PENDING = "state = 'pending'"


def upgrade() -> None:
    make_skills()
    make_agents()
    make_decisions()
    make_offers()
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_workspace_id"), table, ["workspace_id"])
    widen_tickets()
    grant(TABLES)
    confine(TABLES)


def make_skills() -> None:
    op.create_table(
        "skills",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        workspace("skills"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skills")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_skills_workspace_id_id")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_skills_workspace_id_name")),
    )
    for table, noun in (("user_skills", "user"), ("ticket_skills", "ticket")):
        rule = {"ondelete": "CASCADE"} if noun == "ticket" else {}
        op.create_table(
            table,
            sa.Column(f"{noun}_id", sa.Uuid(), nullable=False),
            sa.Column("skill_id", sa.Uuid(), nullable=False),
            sa.Column("level", sa.Integer(), nullable=False),
            sa.Column("workspace_id", sa.Uuid(), nullable=False),
            workspace(table),
            key(table, f"{noun}_id", f"{noun}s", **rule),
            key(table, "skill_id", "skills", ondelete="CASCADE"),
            sa.PrimaryKeyConstraint(f"{noun}_id", "skill_id", name=op.f(f"pk_{table}")),
        )


def make_agents() -> None:
    op.create_table(
        "routing_agents",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("takes_tickets", sa.Boolean(), nullable=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        workspace("routing_agents"),
        key("routing_agents", "user_id", "users"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_routing_agents")),
    )


def make_decisions() -> None:
    op.create_table(
        "routing_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trigger", sa.String(length=40), nullable=False),
        sa.Column("strategy", sa.String(length=20), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("candidates", JSON, nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        workspace("routing_decisions"),
        key("routing_decisions", "ticket_id", "tickets", ondelete="CASCADE"),
        key("routing_decisions", "agent_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_decisions")),
    )
    op.create_index("ix_routing_decisions_ticket", "routing_decisions", ["workspace_id", "ticket_id", "at"])


def make_offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("offered_by_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'accepted', 'declined', 'expired', 'withdrawn')",
            name=op.f("ck_offers_state"),
        ),
        workspace("offers"),
        key("offers", "ticket_id", "tickets", ondelete="CASCADE"),
        key("offers", "agent_id", "users"),
        key("offers", "offered_by_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_offers_workspace_id_id")),
    )
    partial("uq_offers_pending", "offers", ["ticket_id"], PENDING, unique=True)
    partial("ix_offers_pending_agent", "offers", ["workspace_id", "agent_id"], PENDING)


def widen_tickets() -> None:
    op.add_column("users", sa.Column("availability_reason", sa.String(length=60), nullable=True))
    op.add_column("tickets", sa.Column("tried_agent_ids", JSON, nullable=True))
    for column in ("routed_at", "slot_freed_at"):
        op.add_column("tickets", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    order = ["workspace_id", "priority_rank", "due_rank", "created_at", "number"]
    partial("ix_tickets_waiting", "tickets", order, WAITING)
    partial("ix_tickets_waiting_chats", "tickets", order, f"{WAITING} AND {CHAT}")
    handled = f"resolved_at IS NOT NULL AND {CHAT}"
    partial("ix_tickets_handled_chats", "tickets", ["workspace_id", "resolved_at"], handled)
    partial("ix_tickets_load", "tickets", ["workspace_id", "assigned_agent_id"], LOAD)


def workspace(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_workspace_id_workspaces")
    return sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=name)


def key(table: str, column: str, to: str, **rule: Any) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_workspace_id_{column}_{to}")
    columns = [f"{to}.workspace_id", f"{to}.id"]
    return sa.ForeignKeyConstraint(["workspace_id", column], columns, name=name, **rule)


def partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    rules: Any = {"sqlite_where": condition, "postgresql_where": condition}
    op.create_index(name, table, columns, unique=unique, **rules)


def downgrade() -> None:
    for index in ("load", "handled_chats", "waiting_chats", "waiting"):
        op.drop_index(f"ix_tickets_{index}", "tickets")
    for column in ("slot_freed_at", "routed_at", "tried_agent_ids"):
        op.drop_column("tickets", column)
    op.drop_column("users", "availability_reason")
    for table in reversed(TABLES):
        op.drop_table(table)
