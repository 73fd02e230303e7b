"""Giving tickets to people by a rule: round robin, by priority, and a new one in one go."""

import uuid
from typing import Any

from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Ticket
from webapp.schemas.routing import RoutingSettings
from webapp.services import ticket as tickets
from webapp.services.customer import create_customer
from webapp.services.routing import router
from webapp.services.routing.waiting import needs_of
from webapp.services.setting import read_section
from webapp.services.ticket.access import ticket_for


def assign_ticket_round_robin(ticket: Any, *, session: Any = None, actor: Actor | None = None) -> Ticket:
    """Gives a ticket (or its id) to whoever is available and was served longest ago; returns the ticket.

    It stays unassigned where nobody is free, and with its agent if it has one.
    """
    return assign_by(ticket, "round_robin", session=session, actor=actor)


def assign_ticket_by_priority(ticket: Any, *, session: Any = None, actor: Actor | None = None) -> Ticket:
    """Gives a ticket (or its id) by its priority: critical goes to senior agents; returns the ticket.

    It stays unassigned where nobody is free, and with its agent if it has one.
    """
    return assign_by(ticket, "seniority", session=session, actor=actor)


def assign_by(
    ticket: Any,
    strategy: str,
    *,
    trigger: str = "call",
    session: Any = None,
    actor: Actor | None = None,
) -> Ticket:
    """Gives a ticket (or its id) by any strategy, whether or not routing is on."""
    session, actor = session or db.session(), actor or current_actor()
    ticket_id = ticket if isinstance(ticket, uuid.UUID) else ticket.id
    locked = ticket_for(ticket_id, "ticket:assign", session=session, actor=actor, lock=True)
    if locked.assigned_agent_id is not None or not locked.is_active:
        return locked
    section = read_section(RoutingSettings, session=session)
    run = router.begin(trigger, session=session, actor=actor, section=section)
    need = needs_of([locked], section, session=session)[locked.id]
    router.hand_out(run, locked, need, strategy, returning=False)  # asked for by name, the rule alone decides
    session.flush()
    return locked


def process_new_ticket(
    priority: str = "medium",
    auto_assign: bool = True,
    *,
    title: str = "New ticket",
    description: str = "",
    customer_email: str | None = None,
    session: Any = None,
    actor: Actor | None = None,
    **more: Any,
) -> Ticket:
    """Opens a ticket; with `auto_assign` it comes back assigned by its priority, without it open.

    `more`: as for `ticket.create_ticket`. Without any customer it is a new, unnamed one's.
    Raises `Invalid` naming the field.
    """
    session, actor = session or db.session(), actor or current_actor()
    if not customer_email and "customer" not in more:
        more["customer"] = create_customer(session=session, actor=actor)
    made = tickets.create_ticket(
        title, description, customer_email, priority, session=session, actor=actor, **more
    )
    if auto_assign:
        assign_by(made, "seniority", trigger="created", session=session, actor=actor)
    return made
