"""A customer or address that may not write."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to


class Block(TenantMixin, Base):
    """`address` is an IP address or network; `expires_at` None means until lifted."""

    __tablename__ = "blocks"
    __table_args__ = (
        one_of("kind", ("customer", "address")),
        belongs_to("customers"),
        belongs_to("users", "created_by_id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(sa.String(10))
    customer_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    address: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    created_by_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[At]
