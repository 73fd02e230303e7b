"""A moment at which something is due."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import Id
from webapp.tenancy import belongs_to


class Timer(Base):
    """One per kind and subject. Found across workspaces, hence no tenant model.

    `due_at` is the promise; `fire_at` is when it is tried: the same, or later after a failure.
    """

    __tablename__ = "timers"
    __table_args__ = (
        sa.UniqueConstraint("kind", "subject_id"),
        belongs_to("tickets", ondelete="CASCADE"),
    )

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[uuid.UUID]
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    fire_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
