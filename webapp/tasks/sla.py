"""What a ticket's clocks do when a moment has come."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.extensions import db
from webapp.models import Ticket
from webapp.services.escalation import ring
from webapp.services.sla.clocks import RING
from webapp.services.sla.reaction import CUSTOMER, keep_customer_facts
from webapp.tasks.timer import timer


@timer(RING)
def sla_rings(subject_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """Warnings, breaches and steps of the ladder that are due on a ticket."""
    ticket = db.session.get(Ticket, subject_id)
    if ticket is not None:
        ring(ticket)


@timer(CUSTOMER)
def customer_moved(subject_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """A ticket whose customer has another tier or organization now."""
    query = sa.select(Ticket).where(Ticket.id == subject_id).with_for_update(key_share=True)
    ticket = db.session.scalar(query.execution_options(populate_existing=True))
    if ticket is not None:
        keep_customer_facts(ticket)
