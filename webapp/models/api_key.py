"""Keys by which programs come in through REST."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id
from webapp.models.user import User


class ApiKey(Base):
    """Opens REST to whoever holds its token, of which this row keeps the hash and how it begins.

    Looked up before the workspace is known, hence no tenant model. A personal key acts as its `user`, a
    service key as itself, within its `role`. While a key is rotated the token before opens, too, until
    `previous_until`. `scopes`: the permissions it was given, at most.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        sa.CheckConstraint("token_hash <> ''", name="token_hash"),
        sa.CheckConstraint("(user_id IS NULL) <> (role IS NULL)", name="owner"),
        sa.ForeignKeyConstraint(["workspace_id", "user_id"], ["users.workspace_id", "users.id"]),
        sa.ForeignKeyConstraint(["workspace_id", "created_by_id"], ["users.workspace_id", "users.id"]),
    )

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    role: Mapped[str | None] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(60))
    prefix: Mapped[str] = mapped_column(sa.String(12))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    previous_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    previous_until: Mapped[At]
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[uuid.UUID | None]
    expires_at: Mapped[At]
    last_used_at: Mapped[At]
    revoked_at: Mapped[At] = mapped_column(UTCDateTime, index=True)
    user: Mapped[User | None] = relationship(foreign_keys=[workspace_id, user_id], viewonly=True)

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= clock.now()

    @property
    def has_previous(self) -> bool:
        """Whether the token before the last one still opens."""
        return self.previous_until is not None and self.previous_until > clock.now()
