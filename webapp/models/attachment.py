"""A file on a comment; its bytes lie outside the web root under a random name."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to


class Attachment(TenantMixin, Base):
    """Uploaded first, bound to a comment when that is sent. `kind` note: never for the customer."""

    __tablename__ = "attachments"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "uploader_id", "client_id"),
        belongs_to("comments"),
        belongs_to("tickets"),
        one_of("uploader_kind", ("user", "customer", "system")),
        sa.CheckConstraint("storage_key <> ''", name="storage_key"),
    )

    id: Mapped[Id]
    ticket_id: Mapped[uuid.UUID | None]
    comment_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    uploader_kind: Mapped[str] = mapped_column(sa.String(10))
    uploader_id: Mapped[uuid.UUID]
    client_id: Mapped[uuid.UUID | None]
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(sa.String(200))
    content_type: Mapped[str] = mapped_column(sa.String(100))
    size_bytes: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    storage_key: Mapped[str] = mapped_column(sa.String(100), unique=True)
    created_at: Mapped[CreatedAt]

    @property
    def is_image(self) -> bool:
        """Whether it may be shown in the page: a raster image that we re-encoded."""
        return self.width is not None
