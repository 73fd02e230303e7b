"""Who has a ticket and does nothing: the silent agent, the one who left, the customer who went away."""

import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Ticket, User
from webapp.models.ticket import LOAD_SQL
from webapp.schemas.routing import RoutingSettings
from webapp.services import handover, notification, presence
from webapp.services.event import remember
from webapp.services.routing import asking, decision
from webapp.services.setting import read_section
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.assignment import give_to
from webapp.services.timer import clear_timer, set_timer

SILENT, IDLE, GONE = "routing.silent", "routing.idle", "routing.gone"
STARTED_AGAIN_SECONDS = 5.0


def expect_answer(ticket: Ticket, section: RoutingSettings, *, session: Any) -> None:
    """Watches the agent of a locked ticket: they answer in their time, or it goes to the next."""
    if ticket.assigned_agent_id is None or ticket.waiting_since is None:
        return
    if ticket.channel not in section.watchdog_channels:
        return
    since = max(ticket.waiting_since, ticket.assigned_at or ticket.waiting_since)
    due_at = since + timedelta(seconds=section.watchdog_seconds.get(ticket.priority, 180))  # type: ignore[call-overload]
    params = {"agent_id": str(ticket.assigned_agent_id)}
    set_timer(SILENT, ticket.id, due_at, ticket_id=ticket.id, params=params, session=session)


def answered(ticket: Ticket, section: RoutingSettings, *, session: Any) -> None:
    """A public reply on a locked ticket: nobody is silent; a chat's customer may be from here on."""
    clear_timer(SILENT, ticket.id, session=session)
    if ticket.tried_agent_ids:
        ticket.tried_agent_ids = None
    if ticket.channel == "chat" and ticket.assigned_agent_id is not None:
        due_at = clock.now() + timedelta(minutes=section.idle_minutes)
        set_timer(IDLE, ticket.id, due_at, ticket_id=ticket.id, session=session)


def heard(ticket: Ticket, *, session: Any) -> None:
    """The customer of a locked ticket wrote: it takes its room at its agent again."""
    ticket.slot_freed_at = None
    if ticket.channel == "chat":
        clear_timer(IDLE, ticket.id, session=session)


def forget(ticket: Ticket, *, session: Any) -> None:
    """Nobody has the locked ticket, or it is over: there is nothing to watch."""
    ticket.slot_freed_at = None
    for kind in (SILENT, IDLE):
        clear_timer(kind, ticket.id, session=session)


def agent_silent(
    ticket_id: uuid.UUID, agent_id: str, *, session: Any = None, actor: Actor | None = None
) -> bool:
    """The time to answer is over: back to the queue, for anybody but this agent. Whether it went there."""
    session, actor = session or db.session(), actor or current_actor()
    section = read_section(RoutingSettings, session=session)
    ticket = ticket_for(ticket_id, "ticket:assign", session=session, actor=actor, lock=True)
    is_theirs = str(ticket.assigned_agent_id) == agent_id and ticket.status in ("assigned", "in_progress")
    if not section.is_on or not is_theirs or ticket.waiting_since is None or not ticket.is_active:
        return False
    tried = sorted({*(ticket.tried_agent_ids or ()), agent_id})
    ticket.tried_agent_ids = tried
    name = ticket.assigned_agent.name if ticket.assigned_agent else "The agent"
    decision.note(ticket, f"{name} did not answer in time", trigger="agent_silent", session=session)
    give_to(ticket, None, session=session, actor=actor)
    session.flush()
    if len(tried) == section.hops:
        _tell_lead(ticket, len(tried), session=session)
    return True


def _tell_lead(ticket: Ticket, hops: int, *, session: Any) -> None:
    notification.notify(
        notification.team_lead_ids(ticket),
        "routing_alert",
        ticket=ticket,
        title=f"#{ticket.number} was given to {hops} people and nobody answered",
        unique_key=f"routing.stuck:{ticket.id}:{ticket.last_seq}",
        session=session,
    )


def customer_idle(ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> bool:
    """The customer has been silent for long: their chat takes no room any more. Whether that is new."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:assign", session=session, actor=actor, lock=True)
    working = ticket.assigned_agent_id is not None and ticket.status in ("assigned", "in_progress")
    if not working or ticket.waiting_since is not None or ticket.slot_freed_at is not None:
        return False
    ticket.slot_freed_at = clock.now()
    session.flush()
    asking.request_sweep(trigger="customer_idle", session=session)
    return True


def agent_gone(user_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> int:
    """The grace of somebody who left is over: what they work on goes back to the queue. How many went."""
    session, actor = session or db.session(), actor or current_actor()
    if not read_section(RoutingSettings, session=session).is_on:
        return 0
    user = session.get(User, user_id)
    if user is None or (user.is_active and _is_there(user)) or handover.is_under_way(user_id):
        return 0
    if user.is_active and presence.just_started():
        again = clock.now() + timedelta(seconds=STARTED_AGAIN_SECONDS)
        set_timer(GONE, user_id, again, session=session)
        return 0
    tickets = list(session.scalars(_held_by(user_id)))
    for ticket in tickets:
        remember(ticket, session=session)
        decision.note(ticket, f"{user.name} is not here any more", trigger="agent_gone", session=session)
        give_to(ticket, None, session=session, actor=actor)
    session.flush()
    return len(tickets)


def _is_there(user: User) -> bool:
    return user.availability != "offline" and presence.is_online("user", user.id)


def _held_by(user_id: uuid.UUID) -> Any:
    query = sa.select(Ticket).where(
        sa.text(LOAD_SQL),
        Ticket.assigned_agent_id == user_id,
    )
    locked = query.order_by(Ticket.id).with_for_update(key_share=True)
    return locked.execution_options(populate_existing=True)
