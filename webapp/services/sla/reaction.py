"""Clocks move in the transaction of what moves them."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.extensions import db
from webapp.models import Event, Ticket
from webapp.models.ticket import ENDED
from webapp.services.event import record
from webapp.services.sla.clocks import begin, customer_facts, follow
from webapp.services.timer import set_timer

CUSTOMER = "sla.customer"


def follow_events(session: Any, recorded: list[tuple[Event, Ticket | None]]) -> None:
    """The reaction: each ticket's clocks follow its events; a customer's other tier reaches their tickets."""
    by_ticket: dict[uuid.UUID, tuple[Ticket, list[Event]]] = {}
    for event, ticket in recorded:
        if ticket is not None:
            by_ticket.setdefault(ticket.id, (ticket, []))[1].append(event)
        elif event.name == "customer.updated" and event.subject_id and _moves_promises(event):
            tell_tickets(event.subject_id, session)
    for ticket, events in by_ticket.values():
        follow(ticket, events, session=session)
        keep_customer_facts(ticket, session=session)


def start(ticket: Ticket, *, session: Any) -> None:
    """Starts a new ticket's clocks at once, so that whoever made it sees them before the commit."""
    recorded = session.info.get("recorded", [])
    begin(ticket, [event for event, other in recorded if other is ticket], session=session)


def keep_customer_facts(ticket: Ticket, *, session: Any = None) -> None:
    """Records that a locked ticket's customer is of another tier or organization now, if that is so."""
    if ticket.sla_state is None:
        return
    known, present = ticket.sla_state["facts"], customer_facts(ticket)
    changes = {name: [known.get(name), value] for name, value in present.items() if known.get(name) != value}
    if changes:
        record("ticket.tier_changed", session=session or db.session(), ticket=ticket, changes=changes)


def _moves_promises(event: Event) -> bool:
    return bool({"tier", "organization_id"} & event.changes.keys())


def tell_tickets(customer_id: uuid.UUID, session: Any) -> None:
    """A customer's promises have moved: a timer for each of their open tickets, which are locked by then."""
    query = sa.select(Ticket.id).where(Ticket.customer_id == customer_id, Ticket.status.not_in(ENDED))
    for ticket_id in session.scalars(query.order_by(Ticket.id)).all():
        set_timer(CUSTOMER, ticket_id, clock.now(), session=session)
