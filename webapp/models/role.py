"""A role of the workspace's own."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base
from webapp.models.columns import CreatedAt, Id
from webapp.tenancy import TenantMixin


class Role(TenantMixin, Base):
    """`key` is what people's `role` holds; it never changes."""

    __tablename__ = "roles"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "key"),
        sa.UniqueConstraint("workspace_id", "name"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(60))
    permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[CreatedAt]
