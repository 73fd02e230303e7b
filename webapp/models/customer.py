"""A customer (a visitor until identified), and the tokens by which their browsers are known."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

if TYPE_CHECKING:
    from webapp.models.ticket import Ticket

TIERS = ("free", "basic", "premium", "enterprise")


class Customer(TenantMixin, Base):
    """`email` comes from verified sources only; `claimed_email` is what a visitor typed."""

    __tablename__ = "customers"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "email"),
        sa.UniqueConstraint("workspace_id", "external_id"),
        belongs_to("organizations"),
        sa.Index("ix_customers_claimed_email", "workspace_id", "claimed_email"),
        sa.Index("ix_customers_crm_id", "workspace_id", "crm_id"),
        one_of("tier", TIERS),
    )

    id: Mapped[Id]
    name: Mapped[str | None] = mapped_column(sa.String(100))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    claimed_email: Mapped[str | None] = mapped_column(sa.String(254))
    external_id: Mapped[str | None] = mapped_column(sa.String(200))
    tier: Mapped[str] = mapped_column(sa.String(20), default="basic")
    company: Mapped[str | None] = mapped_column(sa.String(200))
    organization_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    merged_into_id: Mapped[uuid.UUID | None]
    crm_id: Mapped[str | None] = mapped_column(sa.String(100))
    locale: Mapped[str | None] = mapped_column(sa.String(20))
    answers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default=sa.text("'{}'"))
    consented_at: Mapped[At]
    blocked_until: Mapped[At]
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[At]
    tickets: Mapped[list["Ticket"]] = relationship(
        back_populates="customer", primaryjoin="foreign(Ticket.customer_id) == Customer.id"
    )

    @property
    def is_verified(self) -> bool:
        """Whether we know who this is, from a source we trust."""
        return self.email is not None or self.external_id is not None

    @property
    def is_blocked(self) -> bool:
        """Whether this customer may not write now."""
        return self.blocked_until is not None and self.blocked_until > clock.now()

    @property
    def shown_name(self) -> str:
        """What people call them: the name, else an address, else a visitor's short number."""
        return self.name or self.email or self.claimed_email or f"Visitor {self.id.hex[-4:]}"


class CustomerAlias(TenantMixin, Base):
    """Another address or identifier of a customer: what one who was merged into them was known by."""

    __tablename__ = "customer_aliases"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "kind", "value"),
        belongs_to("customers", ondelete="CASCADE"),
        one_of("kind", ("email", "external_id")),
    )

    id: Mapped[Id]
    customer_id: Mapped[uuid.UUID] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    value: Mapped[str] = mapped_column(sa.String(254))


class VisitorToken(Base):
    """A browser's right to one customer's chats in one inbox; only the hash is stored."""

    __tablename__ = "visitor_tokens"
    __table_args__ = (
        belongs_to("customers"),
        belongs_to("inboxes", "inbox_id"),
        sa.CheckConstraint("token_hash <> ''", name="token_hash"),
    )

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    inbox_id: Mapped[uuid.UUID]
    customer_id: Mapped[uuid.UUID] = mapped_column(index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    is_identified: Mapped[bool] = mapped_column(default=False)
    page: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    client: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[At] = mapped_column(UTCDateTime, index=True)

    @property
    def is_live(self) -> bool:
        """Whether the token still opens anything."""
        return self.revoked_at is None and self.expires_at > clock.now()
