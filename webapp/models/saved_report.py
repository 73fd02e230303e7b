"""Reports under a name, and when they are mailed to whom."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base, UTCDateTime, utc_now
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

SCREENS = ("sla", "volume", "speed", "team")
RHYTHMS = ("day", "week", "month")


class SavedReport(TenantMixin, Base):
    """A screen and its URL's arguments, as `schemas.report.Scope` has them; its owner's or everybody's."""

    __tablename__ = "saved_reports"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        belongs_to("users", "owner_id"),
        one_of("screen", SCREENS),
    )

    id: Mapped[Id]
    owner_id: Mapped[uuid.UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    screen: Mapped[str] = mapped_column(sa.String(20))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    is_shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


class ReportPlan(TenantMixin, Base):
    """When a saved report is mailed: each day, on a day of the week (0 is Monday), or on the month's first,
    at an hour of a zone's wall clock.

    `due_at`: the moment for which it was mailed last; `error`: why that went wrong, as a whole.
    """

    __tablename__ = "report_plans"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "saved_report_id"),
        belongs_to("saved_reports", ondelete="CASCADE"),
        one_of("every", RHYTHMS),
    )

    id: Mapped[Id]
    saved_report_id: Mapped[uuid.UUID]
    every: Mapped[str] = mapped_column(sa.String(10))
    weekday: Mapped[int] = mapped_column(default=0)
    hour: Mapped[int]
    zone: Mapped[str] = mapped_column(sa.String(60))
    due_at: Mapped[At]
    error: Mapped[str | None] = mapped_column(sa.String(300))


class ReportRecipient(TenantMixin, Base):
    """A member of staff who gets a planned report, until they say no."""

    __tablename__ = "report_recipients"
    __table_args__ = (
        belongs_to("report_plans", "plan_id", ondelete="CASCADE"),
        belongs_to("users", ondelete="CASCADE"),
    )

    plan_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    unsubscribed_at: Mapped[At]
