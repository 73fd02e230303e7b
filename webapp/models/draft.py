"""What an agent has typed and not sent; it follows them between machines."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import CreatedAt, one_of
from webapp.tenancy import TenantMixin, belongs_to


class Draft(TenantMixin, Base):
    __tablename__ = "drafts"
    __table_args__ = (belongs_to("tickets"), belongs_to("users"), one_of("kind", ("reply", "note")))

    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    content: Mapped[str] = mapped_column(sa.Text)
    updated_at: Mapped[CreatedAt]
