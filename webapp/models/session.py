"""Signed-in sessions, and the one-time links that set a password."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.database import Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.models.user import User


class UserSession(Base):
    """A browser that is signed in. The cookie holds the token, this row its hash.

    `method`: how somebody proved who they are. `ended_for`: why it was revoked. `must_set_up`: it opens
    nothing but the page on which they set up the second factor that their role wants.
    """

    __tablename__ = "user_sessions"
    __table_args__ = (sa.CheckConstraint("token_hash <> ''", name="token_hash"),)

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    csrf_token: Mapped[str] = mapped_column(sa.String(64))
    browser: Mapped[str] = mapped_column(sa.String(200), default="")
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[At] = mapped_column(UTCDateTime, index=True)
    ended_for: Mapped[str | None] = mapped_column(sa.String(30))
    method: Mapped[str] = mapped_column(sa.String(20), default="password", server_default="password")
    must_set_up: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    user: Mapped[User] = relationship()

    @property
    def is_live(self) -> bool:
        """Whether the session still opens anything."""
        return self.revoked_at is None and self.expires_at > clock.now() and self.user.is_active


class AccountToken(Base):
    """A mailed link: a password reset, or an invitation."""

    __tablename__ = "account_tokens"
    __table_args__ = (
        one_of("purpose", ("reset", "invite")),
        sa.CheckConstraint("token_hash <> ''", name="token_hash"),
    )

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), index=True)
    purpose: Mapped[str] = mapped_column(sa.String(10))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[At]
    user: Mapped[User] = relationship()
