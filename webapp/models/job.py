"""Work to be done later: a row written in the transaction that wants it."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of

JOB_STATUSES = ("pending", "running", "completed", "failed", "cancelled")
LIVE = "status IN ('pending', 'running')"


class Job(Base):
    """Claimed across workspaces, hence no tenant model. `lease_token` fences a worker that lost its lease.

    `progress` is in percent; `note` says in words how far it is. Somebody waits for it: `requested_by_id`.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        one_of("status", JOB_STATUSES),
        sa.Index(
            "ix_jobs_ready", "priority", "run_at", sqlite_where=sa.text(LIVE), postgresql_where=sa.text(LIVE)
        ),
        sa.Index(
            "ix_jobs_lane",
            "priority",
            "workspace_id",
            "run_at",
            sqlite_where=sa.text(LIVE),
            postgresql_where=sa.text(LIVE),
        ),
        sa.Index("ix_jobs_shown", "workspace_id", "status", "created_at"),
        sa.Index(
            "uq_jobs_unique_key",
            "unique_key",
            unique=True,
            sqlite_where=sa.text(f"unique_key IS NOT NULL AND {LIVE}"),
            postgresql_where=sa.text(f"unique_key IS NOT NULL AND {LIVE}"),
        ),
    )

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    type: Mapped[str] = mapped_column(sa.String(60))
    status: Mapped[str] = mapped_column(sa.String(10), default="pending")
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    progress: Mapped[int] = mapped_column(default=0)
    note: Mapped[str | None] = mapped_column(sa.String(200))
    requested_by_id: Mapped[uuid.UUID | None]
    priority: Mapped[int] = mapped_column(default=100)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=8)
    run_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease_token: Mapped[str | None] = mapped_column(sa.String(40))
    lease_until: Mapped[At]
    unique_key: Mapped[str | None] = mapped_column(sa.String(200))
    last_error: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[At]
