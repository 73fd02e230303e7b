"""Offers: a ticket held out to an agent, who accepts, declines, or lets the time run out."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Offer, Ticket, User
from webapp.models.ticket import ENDED
from webapp.schemas.routing import RoutingSettings, offer_out
from webapp.services import notification
from webapp.services.event import record
from webapp.services.routing import asking
from webapp.services.setting import read_section
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.assignment import agent_for, give_to
from webapp.services.timer import clear_timer, set_timer

EXPIRE = "routing.offer"


@dataclass(frozen=True)
class OfferMoved:
    """An offer was made, answered or taken back; for the agent it was made to."""

    user_id: uuid.UUID
    offer: dict[str, Any]


def make_offer(
    ticket: Ticket, agent: User, reason: str, section: RoutingSettings, *, session: Any, actor: Actor
) -> Offer:
    """Holds a locked ticket out to an agent for the time that the workspace gives them."""
    row = Offer(
        id=database.uuid7(),
        ticket_id=ticket.id,
        agent_id=agent.id,
        offered_by_id=actor.id if actor.kind == "user" else None,
        reason=reason,
        state="pending",
        expires_at=clock.now() + timedelta(seconds=section.offer_seconds),
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    set_timer(EXPIRE, row.id, row.expires_at, ticket_id=ticket.id, session=session)
    changes = {"offered_to": [None, str(agent.id)]}
    record("ticket.offered", session=session, actor=actor, ticket=ticket, changes=changes)
    _tell(row, ticket, session)
    notification.notify(
        [agent.id],
        "offer",
        ticket=ticket,
        title=f"#{ticket.number} is held out to you",
        body=ticket.title,
        actor=actor,
        unique_key=f"offer:{row.id}",
        session=session,
    )
    return row


def offer_ticket(
    ticket_id: uuid.UUID, agent_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> Offer:
    """Holds a ticket out to a colleague; it stays where it is until they accept.

    Raises `Conflict` on an ended ticket or one that is held out already, `Invalid` for nobody who takes it.
    """
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:assign", session=session, actor=actor, lock=True)
    if ticket.status in ENDED:
        raise Conflict("This ticket has ended; reopen it first", current={"status": ticket.status})
    agent = agent_for(agent_id, ticket, session)
    if agent.id == ticket.assigned_agent_id:
        raise Invalid.field("agent_id", "They have it already")
    if _pending(ticket.id, session) is not None:
        raise Conflict("This ticket is held out to somebody already", code="already_offered")
    section = read_section(RoutingSettings, session=session)
    return make_offer(
        ticket, agent, f"{actor.name} asks you to take it", section, session=session, actor=actor
    )


def list_offers(*, actor: Actor | None = None) -> list[dict[str, Any]]:
    """What is held out to the actor now, oldest first."""
    actor = actor or current_actor()
    require(actor, "ticket:reply")
    query = (
        sa.select(Offer, Ticket)
        .join(Ticket, Ticket.id == Offer.ticket_id)
        .where(Offer.agent_id == actor.id, sa.text("offers.state = 'pending'"))
        .options(sa.orm.joinedload(Ticket.customer))
    )
    return [offer_out(row, ticket) for row, ticket in db.session.execute(query.order_by(Offer.created_at))]


def answer_offer(
    offer_id: uuid.UUID, *, accept: bool, session: Any = None, actor: Actor | None = None
) -> Ticket:
    """The actor takes what was held out to them, or doesn't; then the next is asked, never they again.

    Raises `NotFound` for another's offer, `Conflict` "offer_over" for one that is over.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "ticket:reply")
    ticket_id = session.scalar(
        sa.select(Offer.ticket_id).where(Offer.id == offer_id, Offer.agent_id == actor.id)
    )
    if ticket_id is None:
        raise NotFound("There is no such offer")
    ticket = ticket_for(ticket_id, "ticket:assign", session=session, actor=actor, lock=True)
    row = session.get(Offer, offer_id, populate_existing=True)
    if row.state != "pending":
        raise Conflict("This offer is over", code="offer_over", current={"state": row.state})
    if not accept:
        _refuse(row, ticket, "declined", session=session, actor=actor)
        return ticket
    _end(row, ticket, "accepted", session=session)
    agent = agent_for(actor.id, ticket, session)
    ticket.routed_at = clock.now()
    give_to(ticket, agent, session=session, actor=actor)
    session.flush()
    return ticket


def expire_offer(offer_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """The time of an offer is over; its ticket is locked."""
    session, actor = session or db.session(), actor or current_actor()
    row = session.get(Offer, offer_id, populate_existing=True)
    if row is None or row.state != "pending":
        return
    ticket = ticket_for(row.ticket_id, "ticket:assign", session=session, actor=actor, lock=True)
    _refuse(row, ticket, "expired", session=session, actor=actor)


def withdraw_offer(ticket: Ticket, *, session: Any) -> None:
    """Takes back what is held out of a locked ticket: somebody has it now, or nobody needs to."""
    row = _pending(ticket.id, session)
    if row is not None:
        _end(row, ticket, "withdrawn", session=session)


def _refuse(row: Offer, ticket: Ticket, state: str, *, session: Any, actor: Actor) -> None:
    _end(row, ticket, state, session=session)
    tried = {*(ticket.tried_agent_ids or ()), str(row.agent_id)}
    ticket.tried_agent_ids = sorted(tried)
    changes = {"offered_to": [str(row.agent_id), None]}
    record("ticket.offer_declined", session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
    asking.request(ticket.id, trigger=f"offer_{state}", session=session)


def _end(row: Offer, ticket: Ticket, state: str, *, session: Any) -> None:
    row.state, row.answered_at = state, clock.now()
    session.flush()
    clear_timer(EXPIRE, row.id, session=session)
    _tell(row, ticket, session)


def _pending(ticket_id: uuid.UUID, session: Any) -> Offer | None:
    query = sa.select(Offer).where(Offer.ticket_id == ticket_id, sa.text("offers.state = 'pending'"))
    found: Offer | None = session.scalar(query)
    return found


def _tell(row: Offer, ticket: Ticket, session: Any) -> None:
    bus.announce(session, OfferMoved(row.agent_id, offer_out(row, ticket)))
