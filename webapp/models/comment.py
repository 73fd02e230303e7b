"""A comment: a public reply or an internal note."""

import uuid
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.database import JSON, Base
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.models.ticket import Ticket
from webapp.tenancy import TenantMixin, belongs_to

if TYPE_CHECKING:
    from webapp.models.attachment import Attachment


class Comment(TenantMixin, Base):
    """`client_id` is unique per (workspace, author): the same send again finds the first comment.

    `withdrawn_at`: when its author took it back, before it was mailed. `mail`: of one that came by mail, what
    its reader is to know of it.
    """

    __tablename__ = "comments"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "author_id", "client_id"),
        sa.UniqueConstraint("ticket_id", "seq"),
        belongs_to("tickets"),
        one_of("kind", ("reply", "note")),
        one_of("author_kind", ("user", "customer", "system")),
    )

    id: Mapped[Id]
    ticket_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(sa.String(10))
    content: Mapped[str] = mapped_column(sa.Text)
    author_kind: Mapped[str] = mapped_column(sa.String(10))
    author_id: Mapped[uuid.UUID | None]
    author_name: Mapped[str] = mapped_column(sa.String(254))
    author_email: Mapped[str | None] = mapped_column(sa.String(254))
    client_id: Mapped[uuid.UUID | None]
    seq: Mapped[int]
    public_seq: Mapped[int | None]
    created_at: Mapped[CreatedAt]
    withdrawn_at: Mapped[At]
    mail: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    ticket: Mapped[Ticket] = relationship(
        back_populates="comments", primaryjoin="foreign(Comment.ticket_id) == Ticket.id"
    )
    attachments: Mapped[list["Attachment"]] = relationship(
        primaryjoin="foreign(Attachment.comment_id) == Comment.id",
        order_by="Attachment.position, Attachment.id",
        viewonly=True,
    )
