"""Mail that came in: where it is fetched from, each mail with what became of it, and who is not heard."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

MAIL_STATUSES = ("new", "threaded", "suspended", "dropped", "bounce")
MAIL_DOORS = ("sendgrid", "ses", "imap", "pipe")


class Mailbox(TenantMixin, Base):
    """How mail comes to one e-mail inbox.

    `trusted_host`: the name by which our own mail server signs its `Authentication-Results`. `strangers`:
    whether mail of somebody unproved opens a ticket or is held. `uid_validity`, `last_uid`: how far the IMAP
    folder has been read.
    """

    __tablename__ = "mailboxes"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "inbox_id"),
        belongs_to("inboxes", "inbox_id"),
        one_of("strangers", ("open", "hold")),
        one_of("imap_tls", ("tls", "starttls", "off")),
    )

    id: Mapped[Id]
    inbox_id: Mapped[uuid.UUID]
    address: Mapped[str] = mapped_column(sa.String(254), default="")
    trusted_host: Mapped[str] = mapped_column(sa.String(253), default="")
    strangers: Mapped[str] = mapped_column(sa.String(10), default="open")
    ses_topic: Mapped[str] = mapped_column(sa.String(300), default="")
    sendgrid_public_key: Mapped[str] = mapped_column(sa.String(300), default="")
    is_polling: Mapped[bool] = mapped_column(default=False)
    imap_host: Mapped[str] = mapped_column(sa.String(253), default="")
    imap_port: Mapped[int] = mapped_column(default=993)
    imap_tls: Mapped[str] = mapped_column(sa.String(10), default="tls")
    imap_username: Mapped[str] = mapped_column(sa.String(254), default="")
    imap_password_box: Mapped[str] = mapped_column(sa.Text, default="")
    imap_folder: Mapped[str] = mapped_column(sa.String(200), default="INBOX")
    uid_validity: Mapped[int | None] = mapped_column(sa.BigInteger)
    last_uid: Mapped[int | None] = mapped_column(sa.BigInteger)
    polled_at: Mapped[At]
    last_error: Mapped[str | None] = mapped_column(sa.String(300))
    created_at: Mapped[CreatedAt]


class InboundMail(TenantMixin, Base):
    """One mail that came, through whichever door first. Its bytes lie in the storage, under `storage_key`.

    `fingerprint`: by which the same mail is taken once. `is_verified`: its sender's address was proved.
    """

    __tablename__ = "inbound_mails"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "fingerprint"),
        belongs_to("inboxes", "inbox_id"),
        belongs_to("tickets"),
        belongs_to("comments"),
        one_of("status", MAIL_STATUSES),
        one_of("door", MAIL_DOORS),
        sa.Index("ix_inbound_mails_status", "workspace_id", "status", "received_at"),
        sa.Index("ix_inbound_mails_message_id", "workspace_id", "message_id"),
        sa.Index("ix_inbound_mails_ticket", "workspace_id", "ticket_id", "received_at"),
        sa.Index("ix_inbound_mails_sender", "workspace_id", "from_address", "received_at"),
    )

    id: Mapped[Id]
    inbox_id: Mapped[uuid.UUID]
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    message_id: Mapped[str | None] = mapped_column(sa.String(250))
    door: Mapped[str] = mapped_column(sa.String(10))
    status: Mapped[str] = mapped_column(sa.String(10))
    reason: Mapped[str | None] = mapped_column(sa.String(40))
    from_address: Mapped[str] = mapped_column(sa.String(254), default="")
    from_name: Mapped[str] = mapped_column(sa.String(100), default="")
    cc: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    subject: Mapped[str] = mapped_column(sa.String(200), default="")
    preview: Mapped[str] = mapped_column(sa.String(500), default="")
    is_verified: Mapped[bool] = mapped_column(default=False)
    is_automatic: Mapped[bool] = mapped_column(default=False)
    size_bytes: Mapped[int]
    storage_key: Mapped[str] = mapped_column(sa.String(100))
    ticket_id: Mapped[uuid.UUID | None]
    comment_id: Mapped[uuid.UUID | None]
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_at: Mapped[At]
    decided_by_id: Mapped[uuid.UUID | None]


class BlockedSender(TenantMixin, Base):
    """An address, or with an `@` before it a domain, whose mail is not taken."""

    __tablename__ = "blocked_senders"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "address"),
    )

    id: Mapped[Id]
    address: Mapped[str] = mapped_column(sa.String(254))
    created_at: Mapped[CreatedAt]
