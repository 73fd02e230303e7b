"""An organization: customers who belong together, and the domains of their addresses."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.database import JSON, Base
from webapp.models.columns import CreatedAt, Id, one_of
from webapp.models.customer import TIERS
from webapp.tenancy import TenantMixin, belongs_to


class Organization(TenantMixin, Base):
    """`tier`: what its customers have, if set. `fields`: values of custom fields."""

    __tablename__ = "organizations"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "folded_name"),
        one_of("tier", TIERS),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(200))
    folded_name: Mapped[str] = mapped_column(sa.String(800))
    tier: Mapped[str | None] = mapped_column(sa.String(20))
    notes: Mapped[str] = mapped_column(sa.Text, default="")
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[CreatedAt]
    domain_rows: Mapped[list["OrganizationDomain"]] = relationship(
        primaryjoin="foreign(OrganizationDomain.organization_id) == Organization.id",
        order_by="OrganizationDomain.domain",
        cascade="all, delete-orphan",
    )

    @property
    def domains(self) -> list[str]:
        """The domains of its people's addresses."""
        return [row.domain for row in self.domain_rows]


class OrganizationDomain(TenantMixin, Base):
    """A customer whose verified address has this domain belongs to that organization."""

    __tablename__ = "organization_domains"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "domain"),
        belongs_to("organizations", ondelete="CASCADE"),
    )

    id: Mapped[Id]
    organization_id: Mapped[uuid.UUID] = mapped_column(index=True)
    domain: Mapped[str] = mapped_column(sa.String(253))
