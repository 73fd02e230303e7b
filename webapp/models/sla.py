"""Service levels: the policies that promise times, and the clocks that hold us to them."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

METRICS = (
    "time_to_assignment",
    "first_response",
    "next_response",
    "periodic_update",
    "pausable_update",
    "requester_wait",
    "agent_work",
    "total",
)
CLOCK_STATES = ("active", "paused", "met", "breached", "dropped")


class SlaPolicy(TenantMixin, Base):
    """Tried in order of `position`; the first active one whose conditions hold is the ticket's.

    The JSON columns hold what `schemas.sla.PolicyIn` let in. `calendar_id`: for targets on business time;
    None means the hours of the ticket's inbox.
    """

    __tablename__ = "sla_policies"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "name"),
        belongs_to("calendars"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(100))
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    conditions: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    targets: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    calendar_id: Mapped[uuid.UUID | None]
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    ladder: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    __mapper_args__ = {"version_id_col": version}


class SlaClock(TenantMixin, Base):
    """One per ticket, metric and instance, as `services.sla.fold` says; `ticket.sla_state` is its memory.

    `state` stays `active` past `due_at`; `breached_at` is the deadline that passed, `fired_at` when that was
    announced. `due_at` is None while paused: `remaining_seconds` says what is left. A `dropped` clock ended
    without its promise kept or broken: nobody waits for it any more.
    """

    __tablename__ = "sla_clocks"
    __table_args__ = (
        sa.UniqueConstraint("ticket_id", "metric", "instance"),
        belongs_to("tickets", ondelete="CASCADE"),
        one_of("metric", METRICS),
        one_of("state", CLOCK_STATES),
        sa.Index("ix_sla_clocks_due", "workspace_id", "state", "due_at"),
    )

    id: Mapped[Id]
    ticket_id: Mapped[uuid.UUID]
    metric: Mapped[str] = mapped_column(sa.String(20))
    instance: Mapped[int] = mapped_column(default=1)
    policy_id: Mapped[uuid.UUID | None]
    policy_name: Mapped[str] = mapped_column(sa.String(100))
    policy_version: Mapped[int] = mapped_column(default=0)
    priority: Mapped[str] = mapped_column(sa.String(10))
    tier: Mapped[str] = mapped_column(sa.String(20))
    is_business: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(sa.String(10))
    target_seconds: Mapped[int]
    remaining_seconds: Mapped[int | None]
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[At]
    ended_at: Mapped[At]
    breached_at: Mapped[At]
    fired_at: Mapped[At]
