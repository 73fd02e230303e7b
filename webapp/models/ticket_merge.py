"""What a merge changed, kept until it is undone."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base
from webapp.models.columns import CreatedAt, Id
from webapp.tenancy import TenantMixin, belongs_to


class TicketMerge(TenantMixin, Base):
    """One ticket lies merged in another; its row goes when the merge is undone.

    `source_before`, `target_before` and `target_after` hold the fields that the merge set.
    """

    __tablename__ = "ticket_merges"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "source_id"),
        sa.Index("ix_ticket_merges_target", "workspace_id", "target_id"),
        belongs_to("tickets", "source_id"),
        belongs_to("tickets", "target_id"),
        belongs_to("users", "actor_id"),
    )

    id: Mapped[Id]
    source_id: Mapped[uuid.UUID]
    target_id: Mapped[uuid.UUID]
    actor_id: Mapped[uuid.UUID | None]
    source_before: Mapped[dict[str, Any]] = mapped_column(JSON)
    target_before: Mapped[dict[str, Any]] = mapped_column(JSON)
    target_after: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[CreatedAt]
