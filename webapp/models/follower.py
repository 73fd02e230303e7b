"""A member of staff who follows a ticket."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import CreatedAt
from webapp.tenancy import TenantMixin, belongs_to


class Follower(TenantMixin, Base):
    __tablename__ = "followers"
    __table_args__ = (
        belongs_to("tickets"),
        belongs_to("users"),
        sa.Index("ix_followers_user", "workspace_id", "user_id"),
    )

    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    created_at: Mapped[CreatedAt]
