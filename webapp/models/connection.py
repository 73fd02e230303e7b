"""Connections to CRM and billing: whom we talk to, what each customer is there, and what happened."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

CRMS = ("hubspot", "salesforce")
BILLING = "stripe"
KINDS = (*CRMS, BILLING)
METHODS = ("token", "oauth")
SAID_CHARS = 300


class Connection(TenantMixin, Base):
    """One account of the workspace at one vendor. `secret_box` seals tokens and the app's own secret.

    `status`: `broken` until somebody connects again. `paused_until`: they want to be left alone until then.
    `said`: what is wrong, in plain words. `their_fields`: the names of what a contact has there.
    `seen_until`: up to when their changes have been asked for.
    """

    __tablename__ = "connections"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "kind"),
        one_of("kind", KINDS),
        one_of("method", METHODS),
        one_of("status", ("active", "broken")),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(sa.String(20))
    method: Mapped[str] = mapped_column(sa.String(10))
    status: Mapped[str] = mapped_column(sa.String(10), default="active")
    account: Mapped[str] = mapped_column(sa.String(100), default="")
    base_url: Mapped[str] = mapped_column(sa.String(300), default="")
    secret_box: Mapped[str] = mapped_column(sa.Text)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    their_fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    said: Mapped[str] = mapped_column(sa.String(SAID_CHARS), default="")
    paused_until: Mapped[At]
    answered_at: Mapped[At]
    seen_until: Mapped[At]
    created_at: Mapped[CreatedAt]


class CrmContact(TenantMixin, Base):
    """What a customer is at the CRM, and how far both know of each other.

    `wanted` counts the changes to tell, `told` how far they were: it waits while they differ. `answer` is
    what the CRM last said of them (`tier`, `support_plan`), as of `answered_at`. `lease_until` keeps two
    workers from telling at once.
    """

    __tablename__ = "crm_contacts"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "customer_id"),
        belongs_to("customers", ondelete="CASCADE"),
        one_of("status", ("waiting", "synced", "failed", "gone")),
        sa.Index("ix_crm_contacts_status", "workspace_id", "status"),
    )

    id: Mapped[Id]
    customer_id: Mapped[uuid.UUID]
    status: Mapped[str] = mapped_column(sa.String(10), default="waiting")
    said: Mapped[str] = mapped_column(sa.String(SAID_CHARS), default="")
    wanted: Mapped[int] = mapped_column(default=0)
    told: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[At]
    pushed: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    answer: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    answered_at: Mapped[At]
    synced_at: Mapped[At]


class SyncEntry(TenantMixin, Base):
    """A line of a connection's log: what was told to them, heard from them, or went wrong."""

    __tablename__ = "sync_entries"
    __table_args__ = (
        belongs_to("connections", ondelete="CASCADE"),
        belongs_to("customers", ondelete="CASCADE"),
        one_of("direction", ("out", "in", "none")),
        one_of("outcome", ("ok", "waiting", "failed")),
        sa.Index("ix_sync_entries_newest", "workspace_id", "connection_id", "id"),
        sa.Index("ix_sync_entries_customer", "workspace_id", "customer_id"),
    )

    id: Mapped[Id]
    connection_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID | None]
    direction: Mapped[str] = mapped_column(sa.String(4))
    outcome: Mapped[str] = mapped_column(sa.String(10))
    said: Mapped[str] = mapped_column(sa.String(SAID_CHARS))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class BillingAccount(TenantMixin, Base):
    """What billing last said of a customer: an empty `answer` means that they are not known there."""

    __tablename__ = "billing_accounts"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "customer_id"),
        belongs_to("customers", ondelete="CASCADE"),
    )

    id: Mapped[Id]
    customer_id: Mapped[uuid.UUID]
    external_id: Mapped[str | None] = mapped_column(sa.String(100))
    answer: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    answered_at: Mapped[At]
    said: Mapped[str] = mapped_column(sa.String(SAID_CHARS), default="")
