"""Periodic work: when each piece is next due, and how its last run went."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, UTCDateTime
from webapp.models.columns import At


class Schedule(Base):
    """Of the installation, not of a workspace. Whoever moves `next_at` on has the run."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[At]
    finished_at: Mapped[At]
    last_error: Mapped[str | None] = mapped_column(sa.String(200))
