"""Tickets whole: statuses, tags, fields, followers, links, trash.

Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("fields", "tags", "ticket_statuses", "followers", "links", "ticket_tags")
STATUS_KEY = "fk_tickets_workspace_id_status_id_ticket_statuses"


def checks():
    """The CHECKs of `tickets`: SQLite's batch mode makes the table again and would lose them."""
    listed = {
        "channel": "'chat', 'email', 'form', 'api'",
        "priority": "'low', 'medium', 'high', 'critical'",
        "status": "'open', 'assigned', 'in_progress', 'pending', 'resolved', 'closed'",
    }
    return [
        sa.CheckConstraint(f"{column} IN ({values})", name=op.f(f"ck_tickets_{column}"))
        for column, values in listed.items()
    ]


def upgrade() -> None:

    op.create_table(
        "fields",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("hint", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("choices", JSON, nullable=False),
        sa.Column("pattern", sa.String(length=100), nullable=False),
        sa.Column("required_on_resolve", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('text', 'number', 'date', 'choice', 'checkbox', 'url')", name=op.f("ck_fields_kind")
        ),
        sa.CheckConstraint("target IN ('ticket', 'customer')", name=op.f("ck_fields_target")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_fields_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields")),
        sa.UniqueConstraint("workspace_id", "target", "key", name=op.f("uq_fields_workspace_id_target_key")),
    )
    with op.batch_alter_table("fields", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fields_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "tags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("folded", sa.String(length=160), nullable=False),
        sa.Column("colour", sa.String(length=10), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "colour IN ('grey', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'pink')",
            name=op.f("ck_tags_colour"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "merged_into_id"],
            ["tags.workspace_id", "tags.id"],
            name=op.f("fk_tags_workspace_id_merged_into_id_tags"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_tags_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("workspace_id", "folded", name=op.f("uq_tags_workspace_id_folded")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_tags_workspace_id_id")),
    )
    with op.batch_alter_table("tags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tags_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "ticket_statuses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("folded", sa.String(length=160), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_standard", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("pending_on", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "code IN ('open', 'assigned', 'in_progress', 'pending', 'resolved', 'closed')",
            name=op.f("ck_ticket_statuses_code"),
        ),
        sa.CheckConstraint(
            "pending_on IN ('customer', 'third_party')", name=op.f("ck_ticket_statuses_pending_on")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_ticket_statuses_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_statuses")),
        sa.UniqueConstraint("workspace_id", "folded", name=op.f("uq_ticket_statuses_workspace_id_folded")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_ticket_statuses_workspace_id_id")),
    )
    with op.batch_alter_table("ticket_statuses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_statuses_workspace_id"), ["workspace_id"], unique=False)
        batch_op.create_index(
            "uq_ticket_statuses_standard",
            ["workspace_id", "code"],
            unique=True,
            sqlite_where=sa.text("is_standard"),
            postgresql_where=sa.text("is_standard"),
        )

    op.create_table(
        "followers",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["tickets.workspace_id", "tickets.id"],
            name=op.f("fk_followers_workspace_id_ticket_id_tickets"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "user_id"],
            ["users.workspace_id", "users.id"],
            name=op.f("fk_followers_workspace_id_user_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_followers_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "user_id", name=op.f("pk_followers")),
    )
    with op.batch_alter_table("followers", schema=None) as batch_op:
        batch_op.create_index("ix_followers_user", ["workspace_id", "user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_followers_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('related', 'child', 'duplicate', 'follow_up')", name=op.f("ck_links_kind")
        ),
        sa.CheckConstraint("ticket_id <> other_id", name=op.f("ck_links_not_itself")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "other_id"],
            ["tickets.workspace_id", "tickets.id"],
            name=op.f("fk_links_workspace_id_other_id_tickets"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["tickets.workspace_id", "tickets.id"],
            name=op.f("fk_links_workspace_id_ticket_id_tickets"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_links_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_links_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id",
            "ticket_id",
            "other_id",
            "kind",
            name=op.f("uq_links_workspace_id_ticket_id_other_id_kind"),
        ),
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index("ix_links_other", ["workspace_id", "other_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_links_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "ticket_tags",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "tag_id"],
            ["tags.workspace_id", "tags.id"],
            name=op.f("fk_ticket_tags_workspace_id_tag_id_tags"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "ticket_id"],
            ["tickets.workspace_id", "tickets.id"],
            name=op.f("fk_ticket_tags_workspace_id_ticket_id_tickets"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_ticket_tags_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "tag_id", name=op.f("pk_ticket_tags")),
    )
    with op.batch_alter_table("ticket_tags", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_tags_tag", ["workspace_id", "tag_id", "ticket_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_tags_workspace_id"), ["workspace_id"], unique=False)

    op.add_column("customers", sa.Column("fields", JSON, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("tickets", sa.Column("tags", JSON, server_default=sa.text("'[]'"), nullable=False))
    op.add_column("tickets", sa.Column("fields", JSON, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("tickets", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("tickets", table_args=checks()) as batch_op:
        batch_op.add_column(sa.Column("status_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f(STATUS_KEY), "ticket_statuses", ["workspace_id", "status_id"], ["workspace_id", "id"]
        )
    grant(TABLES)
    confine(TABLES)


def downgrade() -> None:
    with op.batch_alter_table("tickets", table_args=checks()) as batch_op:
        batch_op.drop_constraint(batch_op.f(STATUS_KEY), type_="foreignkey")
        batch_op.drop_column("status_id")
        batch_op.drop_column("deleted_at")
        batch_op.drop_column("fields")
        batch_op.drop_column("tags")
    op.drop_column("customers", "fields")
    for table in reversed(TABLES):
        op.drop_table(table)
