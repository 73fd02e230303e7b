"""A tag, and which tickets carry it."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

COLOURS = ("grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")


class Tag(TenantMixin, Base):
    """`folded`: the name as it is compared.

    `removed_at`: deleted, or merged into another; its tickets follow, so the row stays.
    """

    __tablename__ = "tags"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "folded"),
        belongs_to("tags", "merged_into_id"),
        one_of("colour", COLOURS),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(40))
    folded: Mapped[str] = mapped_column(sa.String(160))
    colour: Mapped[str] = mapped_column(sa.String(10), default="grey")
    removed_at: Mapped[At]
    merged_into_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]


class TicketTag(TenantMixin, Base):
    """A ticket carries a tag. `ticket.tags` repeats their names, so that a row needs no further query."""

    __tablename__ = "ticket_tags"
    __table_args__ = (
        belongs_to("tickets"),
        belongs_to("tags"),
        sa.Index("ix_ticket_tags_tag", "workspace_id", "tag_id", "ticket_id"),
    )

    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    tag_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
