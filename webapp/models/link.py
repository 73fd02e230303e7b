"""How two tickets belong together."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

LINK_KINDS = ("related", "child", "duplicate", "follow_up")


class Link(TenantMixin, Base):
    """`ticket_id` is the child, duplicate or follow-up of `other_id`, or related to it."""

    __tablename__ = "links"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "ticket_id", "other_id", "kind"),
        belongs_to("tickets"),
        belongs_to("tickets", "other_id"),
        one_of("kind", LINK_KINDS),
        sa.CheckConstraint("ticket_id <> other_id", name="not_itself"),
        sa.Index("ix_links_other", "workspace_id", "other_id"),
    )

    id: Mapped[Id]
    ticket_id: Mapped[uuid.UUID]
    other_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(sa.String(12))
    created_at: Mapped[CreatedAt]
