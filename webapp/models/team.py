"""A team of staff with a lead."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import CreatedAt, Id
from webapp.tenancy import TenantMixin, belongs_to


class Team(TenantMixin, Base):
    __tablename__ = "teams"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "name"),
        belongs_to("users", "lead_id"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(100))
    lead_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]


class TeamMember(TenantMixin, Base):
    __tablename__ = "team_members"
    __table_args__ = (belongs_to("teams"), belongs_to("users"))

    team_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
