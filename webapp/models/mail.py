"""Mail that left or will leave: one row a recipient; addresses that get none; a workspace's own wording."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base, UTCDateTime, utc_now
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

DELIVERY_STATUSES = ("queued", "sent", "failed", "bounced", "suppressed", "cancelled")
SUPPRESSION_REASONS = ("bounce", "complaint", "manual")


class MailDelivery(TenantMixin, Base):
    """One mail to one recipient. `key` makes asking twice the same as asking once.

    `passed_over`: the providers that did not take it before the one that did, with commas.

    `data` holds what the template needs and is emptied once the mail is out. `lease_until` keeps two workers
    from sending it at once. `upto_seq`: how far a digest has told the ticket, in `public_seq`.
    """

    __tablename__ = "mail_deliveries"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "key"),
        belongs_to("tickets"),
        belongs_to("comments"),
        one_of("status", DELIVERY_STATUSES),
        sa.Index("ix_mail_deliveries_ticket", "workspace_id", "ticket_id", "status"),
        sa.Index("ix_mail_deliveries_comment", "workspace_id", "comment_id"),
        sa.Index("ix_mail_deliveries_newest", "workspace_id", "created_at"),
        sa.Index("ix_mail_deliveries_address", "workspace_id", "to_address", "created_at"),
        sa.Index("ix_mail_deliveries_provider", "workspace_id", "provider_id"),
    )

    id: Mapped[Id]
    key: Mapped[str | None] = mapped_column(sa.String(200))
    ticket_id: Mapped[uuid.UUID | None]
    comment_id: Mapped[uuid.UUID | None]
    template: Mapped[str] = mapped_column(sa.String(60))
    language: Mapped[str] = mapped_column(sa.String(10))
    to_address: Mapped[str] = mapped_column(sa.String(254))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status: Mapped[str] = mapped_column(sa.String(10), default="queued")
    provider: Mapped[str | None] = mapped_column(sa.String(20))
    passed_over: Mapped[str | None] = mapped_column(sa.String(60))
    provider_id: Mapped[str | None] = mapped_column(sa.String(200))
    message_id: Mapped[str | None] = mapped_column(sa.String(250))
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(sa.String(300))
    upto_seq: Mapped[int | None]
    send_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease_until: Mapped[At]
    sent_at: Mapped[At]
    created_at: Mapped[CreatedAt]


class MailSuppression(TenantMixin, Base):
    """An address that gets no mail: it bounced, complained, or staff said so."""

    __tablename__ = "mail_suppressions"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "address"),
        one_of("reason", SUPPRESSION_REASONS),
    )

    id: Mapped[Id]
    address: Mapped[str] = mapped_column(sa.String(254))
    reason: Mapped[str] = mapped_column(sa.String(10))
    detail: Mapped[str] = mapped_column(sa.String(300), default="")
    created_at: Mapped[CreatedAt]


class MailTemplate(TenantMixin, Base):
    """A workspace's own wording of a mail in one language; without `html` it is made of the text."""

    __tablename__ = "mail_templates"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "name", "language"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(60))
    language: Mapped[str] = mapped_column(sa.String(10))
    subject: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text)
    html: Mapped[str | None] = mapped_column(sa.Text)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)
