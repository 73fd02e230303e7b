"""The CRM is told of customers in the transaction of what happened to them: a row and a job, no network."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.models import Connection, CrmContact, Customer, Event, Ticket
from webapp.schemas.connection import LABELS
from webapp.services import connection
from webapp.services.crm.mapping import told_names
from webapp.services.crm.telling import contact_of, want
from webapp.services.crm.vendors import mapping_of

TOLD = ("customer.created", "customer.updated", "customer.identified", "customer.merged")


def follow(session: Any, recorded: list[tuple[Event, Ticket | None]]) -> None:
    """The reaction: each customer of whom the CRM should hear is queued once a transaction."""
    events = [event for event, _ in recorded if event.name in TOLD and event.subject_id]
    customers = _addressed(events, session) if events else {}
    found = connection.find_crm(session=session) if customers else None
    if found is None:
        return
    shared = told_names(mapping_of(found.kind, found.mapping))
    for event in events:
        if event.name == "customer.merged" and event.subject_id in customers:
            _merge(customers[event.subject_id], event, found, session)
    wanted = {event.subject_id for event in events if _matters(event, shared)} & customers.keys()
    for customer_id in sorted(wanted):
        want(customer_id, session=session)


def _addressed(events: list[Event], session: Any) -> dict[uuid.UUID, Customer]:
    """The customers with a verified address: a CRM is told of nobody else."""
    found = {event.subject_id: session.get(Customer, event.subject_id) for event in events}
    return {
        customer_id: customer
        for customer_id, customer in found.items()
        if customer_id and customer and customer.email and customer.merged_into_id is None
    }


def _matters(event: Event, shared: set[str]) -> bool:
    return event.name != "customer.updated" or bool(shared & event.changes.keys())


def _merge(into: Customer, event: Event, found: Connection, session: Any) -> None:
    """Who was merged in is told of no more; their contact there becomes this customer's, if that has none."""
    other_id = uuid.UUID(event.changes["merged_id"][1])
    query = sa.select(Customer).where(Customer.id == other_id)
    other = session.scalar(query)
    gone = contact_of(other_id, session=session)
    if other is None or not (other.crm_id or gone):
        return
    if into.crm_id and other.crm_id and into.crm_id != other.crm_id:
        label = LABELS[found.kind]
        said = f"Merged here. In {label} they are two contacts, this and {other.crm_id}: merge them, too"
        connection.note(found.id, "none", "waiting", said, customer_id=into.id, session=session)
    into.crm_id = into.crm_id or other.crm_id
    if gone is not None:
        _inherit(into, gone, session)
    session.flush()


def _inherit(into: Customer, gone: CrmContact, session: Any) -> None:
    """The answer of who was merged in stands where there is no other."""
    present = contact_of(into.id, session=session)
    if present is None:
        gone.customer_id = into.id
        return
    if present.answered_at is None:
        present.answer, present.answered_at = gone.answer, gone.answered_at
    session.delete(gone)
