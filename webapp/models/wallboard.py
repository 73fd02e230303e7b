"""Links that show the live board on a screen nobody is signed in at."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id


class WallboardLink(Base):
    """Opens the board of one workspace to whoever holds its token, of which this row keeps the hash.

    Looked up before the workspace is known, hence no tenant model. `shows_titles`: whether the board says
    what the tickets in its lists are about.
    """

    __tablename__ = "wallboard_links"
    __table_args__ = (sa.CheckConstraint("token_hash <> ''", name="token_hash"),)

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    shows_titles: Mapped[bool] = mapped_column(default=False)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[CreatedAt]
    opened_at: Mapped[At]
    revoked_at: Mapped[At] = mapped_column(UTCDateTime, index=True)
