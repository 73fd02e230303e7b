"""Notifications, preferences, push subscriptions.

Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("notifications", "notification_preferences", "push_subscriptions", "push_keys")


def upgrade() -> None:
    make_notifications()
    make_preferences()
    make_push_subscriptions()
    make_push_keys()
    for table in TABLES[:3]:
        op.create_index(op.f(f"ix_{table}_workspace_id"), table, ["workspace_id"])
    grant(TABLES)
    confine(TABLES)


def workspace_key(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_workspace_id_workspaces")
    return sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=name)


def user_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", "user_id"],
        ["users.workspace_id", "users.id"],
        name=op.f(f"fk_{table}_workspace_id_user_id_users"),
    )


def make_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.String(length=500), nullable=False),
        sa.Column("actor_name", sa.String(length=100), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.Column("unique_key", sa.String(length=200), nullable=True),
        sa.Column("in_app", sa.Boolean(), nullable=False),
        sa.Column("sound", sa.Boolean(), nullable=False),
        sa.Column("push", sa.Boolean(), nullable=False),
        sa.Column("email", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("emailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        workspace_key("notifications"),
        user_key("notifications"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["tickets.workspace_id", "tickets.id"],
            name=op.f("fk_notifications_workspace_id_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "workspace_id",
            "user_id",
            "unique_key",
            name=op.f("uq_notifications_workspace_id_user_id_unique_key"),
        ),
    )
    op.create_index("ix_notifications_list", "notifications", ["workspace_id", "user_id", "id"])
    op.create_index("ix_notifications_unread", "notifications", ["workspace_id", "user_id", "read_at"])
    op.create_index("ix_notifications_ticket", "notifications", ["workspace_id", "ticket_id"])


def make_preferences() -> None:
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("choices", JSON, nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=True),
        sa.Column("quiet_to", sa.String(length=5), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("only_online", sa.Boolean(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        workspace_key("notification_preferences"),
        user_key("notification_preferences"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_preferences")),
    )


def make_push_subscriptions() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("endpoint_hash", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.String(length=100), nullable=False),
        sa.Column("auth_box", sa.Text(), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        workspace_key("push_subscriptions"),
        user_key("push_subscriptions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint(
            "workspace_id",
            "endpoint_hash",
            name=op.f("uq_push_subscriptions_workspace_id_endpoint_hash"),
        ),
    )
    op.create_index("ix_push_subscriptions_user", "push_subscriptions", ["workspace_id", "user_id"])


def make_push_keys() -> None:
    op.create_table(
        "push_keys",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.String(length=100), nullable=False),
        sa.Column("private_box", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        workspace_key("push_keys"),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_push_keys")),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
