"""Calendars: when a team works, and the days on which it does not."""

import uuid
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base
from webapp.models.columns import CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

HOLIDAY_SOURCES = ("manual", "library", "ical")


class Calendar(TenantMixin, Base):
    """`week`: {"mon": [["09:00", "17:00"], …], …} in `timezone`; an end not after its start is the next day.

    `version` also counts changes of its holidays. At most one calendar of a workspace is the default.
    """

    __tablename__ = "calendars"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "name"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(100))
    timezone: Mapped[str] = mapped_column(sa.String(64))
    week: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    is_default: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    __mapper_args__ = {"version_id_col": version}


class CalendarHoliday(TenantMixin, Base):
    """Closed from `first_day` to `last_day`; with `starts` and `ends`, only that part of each of the days."""

    __tablename__ = "calendar_holidays"
    __table_args__ = (
        belongs_to("calendars", ondelete="CASCADE"),
        one_of("source", HOLIDAY_SOURCES),
        sa.Index("ix_calendar_holidays_days", "calendar_id", "first_day"),
    )

    id: Mapped[Id]
    calendar_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(sa.String(100))
    first_day: Mapped[date]
    last_day: Mapped[date]
    starts: Mapped[str | None] = mapped_column(sa.String(5))
    ends: Mapped[str | None] = mapped_column(sa.String(5))
    source: Mapped[str] = mapped_column(sa.String(10), default="manual")
