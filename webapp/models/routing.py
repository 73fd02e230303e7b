"""Who gets which ticket: skills, capacity, offers, and each decision with what it was made from."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

OFFER_STATES = ("pending", "accepted", "declined", "expired", "withdrawn")


class Skill(TenantMixin, Base):
    """Something that not everybody can do."""

    __tablename__ = "skills"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "name"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(60))
    created_at: Mapped[CreatedAt]


class UserSkill(TenantMixin, Base):
    """A skill that somebody has, from 1 (some) to 3 (expert)."""

    __tablename__ = "user_skills"
    __table_args__ = (belongs_to("users"), belongs_to("skills", ondelete="CASCADE"))

    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    skill_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(default=1)


class TicketSkill(TenantMixin, Base):
    """A skill that a ticket was said to need, besides those that the rules ask for."""

    __tablename__ = "ticket_skills"
    __table_args__ = (
        belongs_to("tickets", ondelete="CASCADE"),
        belongs_to("skills", ondelete="CASCADE"),
    )

    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    skill_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(default=1)


class RoutingAgent(TenantMixin, Base):
    """How routing treats somebody. None: as the workspace's defaults have it.

    `turn` counts the workspace's assignments: whoever has the lowest was served longest ago.
    """

    __tablename__ = "routing_agents"
    __table_args__ = (belongs_to("users"),)

    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    capacity: Mapped[int | None]
    takes_tickets: Mapped[bool | None]
    turn: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class RoutingDecision(TenantMixin, Base):
    """Why a ticket went to somebody, or to nobody.

    `candidates`: `[{id, name, load, capacity, excluded: reason or None}]` as they stood then.
    """

    __tablename__ = "routing_decisions"
    __table_args__ = (
        belongs_to("tickets", ondelete="CASCADE"),
        belongs_to("users", "agent_id"),
        sa.Index("ix_routing_decisions_ticket", "workspace_id", "ticket_id", "at"),
    )

    id: Mapped[Id]
    ticket_id: Mapped[uuid.UUID]
    at: Mapped[CreatedAt]
    trigger: Mapped[str] = mapped_column(sa.String(40))
    strategy: Mapped[str] = mapped_column(sa.String(20))
    agent_id: Mapped[uuid.UUID | None]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    reason: Mapped[str] = mapped_column(sa.String(300))


class Offer(TenantMixin, Base):
    """A ticket held out to an agent, who takes it or doesn't. Until then it stays where it is."""

    __tablename__ = "offers"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        belongs_to("tickets", ondelete="CASCADE"),
        belongs_to("users", "agent_id"),
        belongs_to("users", "offered_by_id"),
        one_of("state", OFFER_STATES),
        sa.Index(
            "uq_offers_pending",
            "ticket_id",
            unique=True,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        sa.Index(
            "ix_offers_pending_agent",
            "workspace_id",
            "agent_id",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
    )

    id: Mapped[Id]
    ticket_id: Mapped[uuid.UUID]
    agent_id: Mapped[uuid.UUID]
    offered_by_id: Mapped[uuid.UUID | None]
    reason: Mapped[str] = mapped_column(sa.String(300))
    state: Mapped[str] = mapped_column(sa.String(10), default="pending")
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[At]
    created_at: Mapped[CreatedAt]
