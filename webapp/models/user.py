"""A member of staff."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.auth import ROLES
from webapp.database import JSON, Base
from webapp.models.columns import At, CreatedAt, Id, one_of

AVAILABILITIES = ("online", "away", "busy", "offline")


class User(Base):
    """Staff of one workspace. Looked up before the workspace is known, hence no tenant model."""

    __tablename__ = "users"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        one_of("role", ROLES),
        one_of("availability", AVAILABILITIES),
        sa.CheckConstraint("email <> ''", name="email"),
    )

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    role: Mapped[str] = mapped_column(sa.String(20))
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    availability: Mapped[str] = mapped_column(sa.String(10), default="online")
    availability_reason: Mapped[str | None] = mapped_column(sa.String(60))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[CreatedAt]
    deactivated_at: Mapped[At]
    last_seen_at: Mapped[At]

    @property
    def is_active(self) -> bool:
        """Whether this person may sign in."""
        return self.deactivated_at is None
