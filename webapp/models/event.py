"""The ledger: one row for every change, written in the same transaction."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.database import JSON, Base
from webapp.models.columns import CreatedAt, Id
from webapp.models.comment import Comment
from webapp.models.ticket import Ticket
from webapp.tenancy import TenantMixin, belongs_to


class Event(TenantMixin, Base):
    """`workspace_seq` is given just before the commit, so that commit order is feed order."""

    __tablename__ = "events"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "workspace_seq"),
        sa.UniqueConstraint("ticket_id", "ticket_seq"),
        sa.UniqueConstraint("ticket_id", "public_seq"),
        belongs_to("tickets"),
        belongs_to("comments"),
        sa.Index(
            "ix_events_inbox_updated",
            "workspace_id",
            sqlite_where=sa.text("name = 'inbox.updated'"),
            postgresql_where=sa.text("name = 'inbox.updated'"),
        ),
        sa.Index(
            "ix_events_subject",
            "workspace_id",
            "subject_id",
            "at",
            sqlite_where=sa.text("subject_id IS NOT NULL"),
            postgresql_where=sa.text("subject_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(60))
    actor_kind: Mapped[str] = mapped_column(sa.String(10))
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(sa.String(254))
    door: Mapped[str] = mapped_column(sa.String(10))
    at: Mapped[CreatedAt]
    ticket_id: Mapped[uuid.UUID | None]
    comment_id: Mapped[uuid.UUID | None]
    subject_id: Mapped[uuid.UUID | None]
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    public_changes: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    ticket_seq: Mapped[int | None]
    public_seq: Mapped[int | None]
    workspace_seq: Mapped[int | None] = mapped_column(sa.BigInteger)

    # Both also say in which order a flush writes: a ticket, its comments, their events.
    ticket: Mapped[Ticket | None] = relationship(
        primaryjoin="foreign(Event.ticket_id) == Ticket.id", lazy="raise"
    )
    comment: Mapped[Comment | None] = relationship(primaryjoin="foreign(Event.comment_id) == Comment.id")
