"""Mail that came in: mailboxes, messages, what waits for a decision.

Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("mailboxes", "inbound_mails", "blocked_senders")
DOORS = "door IN ('sendgrid', 'ses', 'imap', 'pipe')"
STATUSES = "status IN ('new', 'threaded', 'suspended', 'dropped', 'bounce')"


def upgrade() -> None:
    op.add_column("comments", sa.Column("mail", JSON, nullable=True))
    _mailboxes()
    _inbound_mails()
    _table(
        "blocked_senders",
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _unique("blocked_senders", "address"),
    )
    grant(TABLES)
    confine(TABLES)


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    op.drop_column("comments", "mail")


def _mailboxes() -> None:
    _table(
        "mailboxes",
        sa.Column("inbox_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("trusted_host", sa.String(253), nullable=False),
        sa.Column("strangers", sa.String(10), nullable=False),
        sa.Column("ses_topic", sa.String(300), nullable=False),
        sa.Column("sendgrid_public_key", sa.String(300), nullable=False),
        sa.Column("is_polling", sa.Boolean(), nullable=False),
        sa.Column("imap_host", sa.String(253), nullable=False),
        sa.Column("imap_port", sa.Integer(), nullable=False),
        sa.Column("imap_tls", sa.String(10), nullable=False),
        sa.Column("imap_username", sa.String(254), nullable=False),
        sa.Column("imap_password_box", sa.Text(), nullable=False),
        sa.Column("imap_folder", sa.String(200), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=True),
        sa.Column("last_uid", sa.BigInteger(), nullable=True),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _unique("mailboxes", "inbox_id"),
        _belongs("mailboxes", "inbox_id", "inboxes"),
        sa.CheckConstraint("strangers IN ('open', 'hold')", name=op.f("ck_mailboxes_strangers")),
        sa.CheckConstraint("imap_tls IN ('tls', 'starttls', 'off')", name=op.f("ck_mailboxes_imap_tls")),
    )


def _inbound_mails() -> None:
    name = "inbound_mails"
    _table(
        name,
        sa.Column("inbox_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("message_id", sa.String(250), nullable=True),
        sa.Column("door", sa.String(10), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40), nullable=True),
        sa.Column("from_address", sa.String(254), nullable=False),
        sa.Column("from_name", sa.String(100), nullable=False),
        sa.Column("cc", JSON, nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("preview", sa.String(500), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("storage_key", sa.String(100), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("comment_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        _unique(name, "fingerprint"),
        _belongs(name, "inbox_id", "inboxes"),
        _belongs(name, "ticket_id", "tickets"),
        _belongs(name, "comment_id", "comments"),
        sa.CheckConstraint(STATUSES, name=op.f("ck_inbound_mails_status")),
        sa.CheckConstraint(DOORS, name=op.f("ck_inbound_mails_door")),
    )
    op.create_index("ix_inbound_mails_status", name, ["workspace_id", "status", "received_at"])
    op.create_index("ix_inbound_mails_message_id", name, ["workspace_id", "message_id"])
    op.create_index("ix_inbound_mails_ticket", name, ["workspace_id", "ticket_id", "received_at"])
    op.create_index("ix_inbound_mails_sender", name, ["workspace_id", "from_address", "received_at"])


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
        sa.UniqueConstraint("workspace_id", "id", name=op.f(f"uq_{name}_workspace_id_id")),
    )
    op.create_index(op.f(f"ix_{name}_workspace_id"), name, ["workspace_id"])


def _unique(table: str, column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("workspace_id", column, name=op.f(f"uq_{table}_workspace_id_{column}"))


def _belongs(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{target}.workspace_id", f"{target}.id"],
        name=op.f(f"fk_{table}_workspace_id_{target}"),
    )
