"""The time until an agent takes a ticket: what is left of it, and where it has run out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Ticket
from webapp.models.ticket import ENDED
from webapp.services.sla.memory import load
from webapp.services.sla.policy import DEFAULT_HOURS, DEFAULT_POLICY, Policy, load_policies, policy_for
from webapp.tenancy import current_workspace_id

TAKING = "time_to_assignment"


def calculate_sla_hours(priority: str) -> int:
    """The standard policy's hours until an agent takes a ticket. Raises `Invalid` for an unknown priority."""
    if priority not in DEFAULT_HOURS:
        raise Invalid.field("priority", f"Priority is one of {', '.join(DEFAULT_HOURS)}")
    return DEFAULT_HOURS[priority]


def find_sla_breaches(*, session: Any = None) -> list[Ticket]:
    """Open tickets that nobody has taken in their policy's time, oldest first."""
    session = session or db.session()
    now = clock.now()
    policies = load_policies(session=session)
    waiting = (
        sa.select(Ticket)
        .where(
            Ticket.shelf.in_(("queue", "snoozed")),
            Ticket.assigned_agent_id.is_(None),
            Ticket.status.not_in(ENDED),
            Ticket.created_at < now - timedelta(seconds=_shortest(policies)),
        )
        .options(sa.orm.joinedload(Ticket.customer))
        .order_by(Ticket.created_at, Ticket.number)
    )
    late = timedelta()
    return [ticket for ticket in session.scalars(waiting) if _remaining(ticket, policies, now) < late]


def calculate_sla_remaining(ticket: Ticket, *, session: Any = None) -> timedelta:
    """What is left of the time until somebody takes the ticket; negative once that is over.

    Of a ticket that was taken: what was left then. `timedelta.max` where its policy promises nothing.
    """
    stored = ticket.sla_state is not None or current_workspace_id() is None
    policies = [DEFAULT_POLICY] if stored else load_policies(session=session)
    return _remaining(ticket, policies, clock.now())


def _shortest(policies: list[Policy]) -> int:
    cells = [
        seconds
        for policy in policies
        for target in policy.targets
        if target["metric"] == TAKING
        for row in target["seconds"].values()
        for seconds in row.values()
        if seconds
    ]
    return min(cells, default=0)


def _remaining(ticket: Ticket, policies: list[Policy], now: datetime) -> timedelta:
    created_at = ticket.created_at or now
    created_at = created_at.replace(tzinfo=UTC) if created_at.tzinfo is None else created_at
    if ticket.sla_state is None:  # not stored yet, or older than service levels
        return _unfolded(ticket, policies, created_at, now)
    running = load(ticket.sla_state).state.live.get(TAKING)
    if running is None or running.verdict is None:
        return timedelta.max
    if running.verdict.due_at is None:
        return timedelta(seconds=running.verdict.remaining_seconds or 0)
    # The first one counts from the ticket's own date, should an import have put that back.
    earlier = running.started_at - created_at if running.instance == 1 else timedelta()
    return running.verdict.due_at - max(earlier, timedelta()) - (running.ended_at or now)


def _unfolded(ticket: Ticket, policies: list[Policy], created_at: datetime, now: datetime) -> timedelta:
    facts = {"priority": ticket.priority or "medium", "channel": ticket.channel, "category": ticket.category}
    facts["tier"] = ticket.customer.tier if ticket.customer else "basic"
    facts["inbox_id"] = str(ticket.inbox_id) if ticket.inbox_id else None
    policy = policy_for(facts, policies)
    promise = policy.promise(TAKING, facts) if policy else None
    if promise is None:
        return timedelta.max
    return created_at + timedelta(seconds=promise.seconds) - (ticket.assigned_at or now)
