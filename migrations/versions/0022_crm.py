"""Connections to CRM and billing, and what they last said.

Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("connections", "crm_contacts", "sync_entries", "billing_accounts")


def upgrade() -> None:
    op.create_index("ix_customers_crm_id", "customers", ["workspace_id", "crm_id"])
    _connections()
    _contacts()
    _entries()
    _billing()
    grant(TABLES)
    confine(TABLES)


def _connections() -> None:
    _table(
        "connections",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("base_url", sa.String(300), nullable=False),
        sa.Column("secret_box", sa.Text(), nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("their_fields", JSON, nullable=False),
        sa.Column("said", sa.String(300), nullable=False),
        *_times("paused_until", "answered_at", "seen_until"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_connections_workspace_id_id")),
        sa.UniqueConstraint("workspace_id", "kind", name=op.f("uq_connections_workspace_id_kind")),
        _one_of("connections", "kind", "hubspot", "salesforce", "stripe"),
        _one_of("connections", "method", "token", "oauth"),
        _one_of("connections", "status", "active", "broken"),
    )


def _contacts() -> None:
    name = "crm_contacts"
    _table(
        name,
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("said", sa.String(300), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("pushed", JSON, nullable=False),
        sa.Column("answer", JSON, nullable=False),
        *_times("lease_until", "answered_at", "synced_at"),
        sa.UniqueConstraint("workspace_id", "customer_id", name=op.f(f"uq_{name}_workspace_id_customer_id")),
        _reference(name, "customers"),
        _one_of(name, "status", "waiting", "synced", "failed", "gone"),
    )
    op.create_index(f"ix_{name}_status", name, ["workspace_id", "status"])


def _entries() -> None:
    name = "sync_entries"
    _table(
        name,
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.String(4), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("said", sa.String(300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _reference(name, "connections"),
        _reference(name, "customers"),
        _one_of(name, "direction", "out", "in", "none"),
        _one_of(name, "outcome", "ok", "waiting", "failed"),
    )
    op.create_index(f"ix_{name}_newest", name, ["workspace_id", "connection_id", "id"])
    op.create_index(f"ix_{name}_customer", name, ["workspace_id", "customer_id"])


def _billing() -> None:
    name = "billing_accounts"
    _table(
        name,
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(100), nullable=True),
        sa.Column("answer", JSON, nullable=False),
        *_times("answered_at"),
        sa.Column("said", sa.String(300), nullable=False),
        sa.UniqueConstraint("workspace_id", "customer_id", name=op.f(f"uq_{name}_workspace_id_customer_id")),
        _reference(name, "customers"),
    )


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        *parts,
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{name}_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_workspace_id"), name, ["workspace_id"])


def _times(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in names]


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _reference(table: str, other: str) -> sa.ForeignKeyConstraint:
    column = f"{other[:-1]}_id"
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{other}.workspace_id", f"{other}.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}_{other}"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_customers_crm_id", "customers")
