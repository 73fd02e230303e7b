"""Who is here: a row per person and process, renewed while sockets are open."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, UTCDateTime
from webapp.models.columns import one_of


class Presence(Base):
    """Renewed by one UPDATE per process across workspaces, hence no tenant model."""

    __tablename__ = "presences"
    __table_args__ = (one_of("kind", ("user", "customer")),)

    process_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    sockets: Mapped[int] = mapped_column(default=1)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
