"""A member of staff."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base
from webapp.models.columns import At, CreatedAt, Id, one_of

AVAILABILITIES = ("online", "away", "busy", "offline")


class User(Base):
    """Staff of one workspace. Looked up before the workspace is known, hence no tenant model.

    `role`: a key of `webapp.auth.PERMISSIONS`, or of one of the workspace's own roles. `online_since`: since
    when they are here, None while they are not; the ledger has said so. `second_factor_step`: the last half
    minute whose code was taken. `has_identity`: an OpenID provider knows them.
    """

    __tablename__ = "users"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        one_of("availability", AVAILABILITIES),
        sa.CheckConstraint("email <> ''", name="email"),
    )

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    role: Mapped[str] = mapped_column(sa.String(40))
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    availability: Mapped[str] = mapped_column(sa.String(10), default="online")
    availability_reason: Mapped[str | None] = mapped_column(sa.String(60))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[CreatedAt]
    deactivated_at: Mapped[At]
    last_seen_at: Mapped[At]
    online_since: Mapped[At]
    second_factor_box: Mapped[str | None] = mapped_column(sa.Text)
    second_factor_step: Mapped[int | None] = mapped_column(sa.BigInteger)
    second_factor_at: Mapped[At]
    has_identity: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    @property
    def is_active(self) -> bool:
        """Whether this person may sign in."""
        return self.deactivated_at is None

    @property
    def has_joined(self) -> bool:
        """Whether this person can sign in by any means; until then they are invited."""
        return self.password_hash is not None or self.has_identity

    @property
    def has_second_factor(self) -> bool:
        """Whether signing in takes a code, too. The box holds its sealed secret."""
        return self.second_factor_box is not None
