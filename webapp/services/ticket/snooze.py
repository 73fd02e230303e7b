"""Putting a ticket off: to the second, or until its customer writes."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.errors import Conflict, Invalid
from webapp.extensions import db
from webapp.models import Ticket
from webapp.models.ticket import ENDED, FAR
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.status import unset_snooze
from webapp.services.timer import clear_timer, set_timer

WAKE = "ticket.wake"
LONGEST = timedelta(days=5 * 366)


def snooze_ticket(
    ticket_id: uuid.UUID,
    until: datetime | None,
    *,
    wakes_on_reply: bool = True,
    session: Any = None,
    actor: Actor | None = None,
) -> Ticket:
    """Takes a ticket off the queue until that time (None: until the customer writes).

    `wakes_on_reply`: a message of the customer brings it back sooner. Raises `Invalid` for a time that has
    passed or is years away, or for one that would never come; `Conflict` on an ended ticket.
    """
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:snooze", session=session, actor=actor, lock=True)
    if ticket.status in ENDED or ticket.is_spam:
        raise Conflict("This ticket has ended; reopen it first", current={"status": ticket.status})
    moment = _checked(until, wakes_on_reply)
    if (ticket.snoozed_until, ticket.wakes_on_reply) == (moment, wakes_on_reply):
        return ticket
    changes = {"snoozed_until": [clock.iso(ticket.snoozed_until), clock.iso(moment)]}
    if ticket.wakes_on_reply != wakes_on_reply:
        changes["wakes_on_reply"] = [ticket.wakes_on_reply, wakes_on_reply]  # type: ignore[list-item]
    ticket.snoozed_until, ticket.wakes_on_reply = moment, wakes_on_reply
    record("ticket.snoozed", session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
    return ticket


def _checked(until: datetime | None, wakes_on_reply: bool) -> datetime:
    if until is None:
        if not wakes_on_reply:
            raise Invalid.field("wakes_on_reply", "Without a time only the customer's message can wake it")
        return FAR
    moment = until.replace(tzinfo=UTC) if until.tzinfo is None else until.astimezone(UTC)
    if moment <= clock.now():
        raise Invalid.field("until", "This time has passed")
    if moment > clock.now() + LONGEST:
        raise Invalid.field("until", "At most five years ahead")
    return moment


def unsnooze_ticket(ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Ticket:
    """Puts a snoozed ticket back on the queue now; one that isn't snoozed stays as it is."""
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:snooze", session=session, actor=actor, lock=True)
    end_snooze(ticket, session=session, actor=actor)
    session.flush()
    return ticket


def end_snooze(ticket: Ticket, *, session: Any, actor: Actor) -> None:
    """Wakes a locked ticket."""
    if changes := unset_snooze(ticket):
        record("ticket.woken", session=session, actor=actor, ticket=ticket, changes=changes)


def follow_snooze(ticket: Ticket, *, session: Any) -> None:
    """Sets or clears the timer that wakes a locked ticket."""
    if ticket.snoozed_until is None or ticket.snoozed_until == FAR:
        clear_timer(WAKE, ticket.id, session=session)
    else:
        set_timer(WAKE, ticket.id, ticket.snoozed_until, ticket_id=ticket.id, session=session)
