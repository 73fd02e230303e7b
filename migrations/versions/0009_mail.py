"""Mail templates, deliveries, suppression; comments that were taken back.

Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("mail_deliveries", "mail_suppressions", "mail_templates")
STATUSES = "status IN ('queued', 'sent', 'failed', 'bounced', 'suppressed', 'cancelled')"


def upgrade() -> None:
    op.add_column("comments", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    _deliveries()
    _table(
        "mail_suppressions",
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("reason", sa.String(10), nullable=False),
        sa.Column("detail", sa.String(300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(
            "workspace_id", "address", name=op.f("uq_mail_suppressions_workspace_id_address")
        ),
        sa.CheckConstraint(
            "reason IN ('bounce', 'complaint', 'manual')", name=op.f("ck_mail_suppressions_reason")
        ),
    )
    _table(
        "mail_templates",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(
            "workspace_id", "name", "language", name=op.f("uq_mail_templates_workspace_id_name_language")
        ),
    )
    grant(TABLES)
    confine(TABLES)


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


def _deliveries() -> None:
    _table(
        "mail_deliveries",
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("comment_id", sa.Uuid(), nullable=True),
        sa.Column("template", sa.String(60), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("to_address", sa.String(254), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("provider", sa.String(20), nullable=True),
        sa.Column("provider_id", sa.String(200), nullable=True),
        sa.Column("message_id", sa.String(250), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(300), nullable=True),
        sa.Column("upto_seq", sa.Integer(), nullable=True),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(_reference(table) for table in ("tickets", "comments")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_mail_deliveries_workspace_id_id")),
        sa.UniqueConstraint("workspace_id", "key", name=op.f("uq_mail_deliveries_workspace_id_key")),
        sa.CheckConstraint(STATUSES, name=op.f("ck_mail_deliveries_status")),
    )
    indexes = {
        "ticket": ["ticket_id", "status"],
        "comment": ["comment_id"],
        "newest": ["created_at"],
        "address": ["to_address", "created_at"],
        "provider": ["provider_id"],
    }
    for name, columns in indexes.items():
        op.create_index(f"ix_mail_deliveries_{name}", "mail_deliveries", ["workspace_id", *columns])


def _reference(table: str) -> sa.ForeignKeyConstraint:
    column = f"{table[:-1]}_id"
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{table}.workspace_id", f"{table}.id"],
        name=op.f(f"fk_mail_deliveries_workspace_id_{column}_{table}"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("comments", "withdrawn_at")
