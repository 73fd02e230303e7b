"""What a member of staff is told, how they wish to be told, and the browsers that may be pushed to."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.database import JSON, Base
from webapp.models.columns import At, CreatedAt, Id
from webapp.models.ticket import Ticket
from webapp.tenancy import TenantMixin, belongs_to

KINDS = (
    "assigned_to_me",
    "message_in_mine",
    "mention",
    "reply_on_followed",
    "new_unassigned",
    "sla_soon",
    "sla_breached",
    "escalation",
    "offer",
    "routing_alert",
    "job_done",
    "integration_alert",
)
CHANNELS = ("in_app", "sound", "push", "email")


class Notification(TenantMixin, Base):
    """One fact told to one person. The channels are what they wished when it was told.

    `unique_key`: the same fact is told to the same person once, whoever tells it.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "user_id", "unique_key"),
        belongs_to("users"),
        belongs_to("tickets", ondelete="CASCADE"),
        sa.Index("ix_notifications_list", "workspace_id", "user_id", "id"),
        sa.Index("ix_notifications_unread", "workspace_id", "user_id", "read_at"),
        sa.Index("ix_notifications_ticket", "workspace_id", "ticket_id"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(sa.String(30))
    ticket_id: Mapped[uuid.UUID | None]
    title: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.String(500), default="")
    actor_name: Mapped[str | None] = mapped_column(sa.String(100))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    unique_key: Mapped[str | None] = mapped_column(sa.String(200))
    in_app: Mapped[bool]
    sound: Mapped[bool]
    push: Mapped[bool]
    email: Mapped[bool]
    created_at: Mapped[CreatedAt]
    read_at: Mapped[At]
    emailed_at: Mapped[At]

    ticket: Mapped[Ticket | None] = relationship(
        primaryjoin="foreign(Notification.ticket_id) == Ticket.id", viewonly=True
    )


class NotificationPreference(TenantMixin, Base):
    """How one person wishes to be told; without a row the defaults hold.

    `choices`: `{inbox id or "": {kind: {channel: bool}}}`, only where they differ from what lies beneath.
    """

    __tablename__ = "notification_preferences"
    __table_args__ = (belongs_to("users"),)

    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    quiet_from: Mapped[str | None] = mapped_column(sa.String(5))
    quiet_to: Mapped[str | None] = mapped_column(sa.String(5))
    timezone: Mapped[str] = mapped_column(sa.String(64), default="UTC")
    only_online: Mapped[bool] = mapped_column(default=False)


class PushSubscription(TenantMixin, Base):
    """A browser that takes push messages, for as long as the session it was asked in lives."""

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "endpoint_hash"),
        belongs_to("users"),
        sa.Index("ix_push_subscriptions_user", "workspace_id", "user_id"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID]
    session_id: Mapped[uuid.UUID | None]
    endpoint: Mapped[str] = mapped_column(sa.Text)
    endpoint_hash: Mapped[str] = mapped_column(sa.String(64))
    public_key: Mapped[str] = mapped_column(sa.String(100))
    auth_box: Mapped[str] = mapped_column(sa.Text)
    browser: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[CreatedAt]


class PushKey(TenantMixin, Base):
    """The workspace's VAPID key pair, made when first needed; the private half is sealed."""

    __tablename__ = "push_keys"

    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), primary_key=True)
    public_key: Mapped[str] = mapped_column(sa.String(100))
    private_box: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[CreatedAt]
