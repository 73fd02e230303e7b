"""The audit log: a chain to which entries are added, and where it ends."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, UTCDateTime
from webapp.models.columns import At
from webapp.tenancy import TenantMixin

HASH_CHARS = 64


class AuditEntry(TenantMixin, Base):
    """An administrative act or an access to personal data. Never changed: neither database lets the app.

    `changes`: canonical JSON as text, byte for byte what was hashed. `subject`: what it is called in words,
    where it may be named at all (a customer never is: a name could not be erased from here).
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        sa.Index("ix_audit_entries_subject", "workspace_id", "subject_id", "seq"),
        sa.Index("ix_audit_entries_actor", "workspace_id", "actor_id", "seq"),
        sa.Index("ix_audit_entries_at", "workspace_id", "at"),
    )

    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    name: Mapped[str] = mapped_column(sa.String(60))
    actor_kind: Mapped[str] = mapped_column(sa.String(10))
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(sa.String(254))
    door: Mapped[str] = mapped_column(sa.String(10))
    address: Mapped[str] = mapped_column(sa.String(64))
    browser: Mapped[str] = mapped_column(sa.String(200))
    subject_id: Mapped[uuid.UUID | None]
    subject: Mapped[str] = mapped_column(sa.String(300))
    changes: Mapped[str] = mapped_column(sa.Text)
    previous_hash: Mapped[str] = mapped_column(sa.String(HASH_CHARS))
    hash: Mapped[str] = mapped_column(sa.String(HASH_CHARS))


class AuditHead(TenantMixin, Base):
    """The chain's last entry: locked while one is added, and what tells that the tail was cut off.

    `checked_seq`: up to where the last check found the chain whole; `broken_seq`: the first entry at fault.
    """

    __tablename__ = "audit_heads"

    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    hash: Mapped[str] = mapped_column(sa.String(HASH_CHARS))
    checked_at: Mapped[At]
    checked_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    broken_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    broken_how: Mapped[str | None] = mapped_column(sa.String(300))
