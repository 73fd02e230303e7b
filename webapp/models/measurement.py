"""What reports are made of: the ledger, measured. All of it can be thrown away and made from it again."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import At
from webapp.tenancy import TenantMixin, belongs_to

HAPPENINGS = ("created", "assigned", "replied", "resolved", "reopened", "escalated")
DURATIONS = (
    "time_to_assignment",
    "first_response",
    "next_response",
    "requester_wait",
    "agent_work",
    "total",
)
PROMISE = "sla."
"""Before the name of an SLA metric: the row says what became of that promise."""
BACKLOG = "backlog"


class Measurement(TenantMixin, Base):
    """One thing that happened to a ticket, was timed, was promised, or lasted; counted by reports.

    `kind`: a happening; a duration, when it ended; `sla.<metric>`, a promise; `backlog`, a stretch in which
    the ticket was unfinished, from `at` to `until`. `at`: the moment it is reported by, None while that is
    open. A promise's `outcome` is `met` (at: when it was kept, until: its deadline) or `breached` (at: its
    deadline, until: when it was kept after all). One that still runs is a breach in the future: `at` is its
    deadline, so that it counts from that second on and nobody has to write it. `instance`: the clock's, or
    the place of the event in the ticket's ledger.

    `seconds` and `business_seconds`: on the clock, and on the inbox's hours. The other columns: the ticket's
    at that moment; `agent_id` is who did it, else whose the ticket was.
    """

    __tablename__ = "measurements"
    __table_args__ = (
        belongs_to("tickets", ondelete="CASCADE"),
        # The first three find rows, the others are counted: most figures are made in the index alone.
        sa.Index(
            "ix_measurements_at", "workspace_id", "kind", "at", "outcome", "seconds", "business_seconds"
        ),
        sa.Index(
            "ix_measurements_until",
            "workspace_id",
            "until",
            "at",
            sqlite_where=sa.text("kind = 'backlog'"),
            postgresql_where=sa.text("kind = 'backlog'"),
        ),
    )

    # Without an index of its own: each query names the kind as well.
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"))
    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    instance: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[At]
    until: Mapped[At]
    outcome: Mapped[str | None] = mapped_column(sa.String(10))
    seconds: Mapped[int | None] = mapped_column(sa.BigInteger)
    business_seconds: Mapped[int | None] = mapped_column(sa.BigInteger)
    target_seconds: Mapped[int | None] = mapped_column(sa.BigInteger)
    agent_id: Mapped[uuid.UUID | None]
    team_id: Mapped[uuid.UUID | None]
    inbox_id: Mapped[uuid.UUID | None]
    policy_id: Mapped[uuid.UUID | None]
    channel: Mapped[str] = mapped_column(sa.String(10))
    priority: Mapped[str] = mapped_column(sa.String(10))
    tier: Mapped[str] = mapped_column(sa.String(20))


class MeasuredUpTo(TenantMixin, Base):
    """How far the workspace's feed has been measured. Whoever measures holds its lock."""

    __tablename__ = "measured_up_to"

    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
