"""Hearing from the CRM: what a record of theirs changes here, and which contacts have changed there."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import SYSTEM
from webapp.errors import AppError
from webapp.integrations.vendor import Record
from webapp.models import Connection, CrmContact, Customer
from webapp.models.connection import SAID_CHARS
from webapp.schemas.connection import LABELS, Mapping
from webapp.services import connection
from webapp.services.connection import Account
from webapp.services.crm.mapping import Heard, incoming, wanted_names
from webapp.services.crm.vendors import mapping_of
from webapp.services.customer import update_customer
from webapp.services.event import record as record_event
from webapp.services.job import enqueue

PULL = "crm.pull"
POLL = "crm.poll"
GATHERED_SECONDS = 5
OVERLAP = timedelta(minutes=1)
MOST_IDS = 200


def take(
    customer: Customer,
    contact: CrmContact,
    record: Record,
    account: Account,
    mapping: Mapping,
    *,
    session: Any,
) -> list[str]:
    """Applies a record of theirs to a locked customer, and keeps their answer. The names of what changed."""
    heard = incoming(record.fields, mapping)
    contact.answer, contact.answered_at = heard.answer, clock.now()
    moved = _apply(customer, contact, heard, account, session)
    if heard.odd:
        _log(account, "failed", heard.odd, customer.id, session)
    if moved:
        said = f"{LABELS[account.kind]} changed {', '.join(name.replace('_', ' ') for name in moved)}"
        _log(account, "ok", said, customer.id, session)
    return moved


def _apply(
    customer: Customer, contact: CrmContact, heard: Heard, account: Account, session: Any
) -> list[str]:
    """Sets what differs. What does not fit here is no fault of the record's other fields."""
    changes = {name: value for name, value in heard.changes.items() if getattr(customer, name) != value}
    fields = {
        name: value for name, value in heard.fields.items() if (customer.fields or {}).get(name) != value
    }
    if not changes and not fields:
        return []
    actor = replace(SYSTEM, name=LABELS[account.kind], door="job", workspace_id=account.workspace_id)
    before = {name: getattr(customer, name) for name in changes} | (customer.fields or {})
    try:
        with database.savepoint():
            update_customer(customer.id, fields=fields, session=session, actor=actor, **changes)
    except AppError as error:
        said = f"What {LABELS[account.kind]} says does not fit here: {_reason(error)}"
        contact.said = said[:SAID_CHARS]
        _log(account, "failed", said, customer.id, session)
        return []
    now = {name: getattr(customer, name) for name in changes} | (customer.fields or {})
    return [name for name in (*changes, *fields) if now.get(name) != before.get(name)]


def _reason(error: AppError) -> str:
    return "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.detail) or error.message


def _log(account: Account, outcome: str, said: str, customer_id: uuid.UUID, session: Any) -> None:
    connection.note(account.id, "in", outcome, said, customer_id=customer_id, session=session)


def names_of(account: Account) -> list[str]:
    """Which of their fields are read."""
    return wanted_names(mapping_of(account.kind, account.mapping))


# --- one contact ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A contact of theirs to be read."""

    account: Account
    mapping: Mapping
    crm_id: str


def known_customers(crm_id: str, *, session: Any, lock: bool = True) -> list[Customer]:
    """Who that contact is here; two at most times, where they merged what are two here."""
    query = sa.select(Customer).where(Customer.crm_id == crm_id, Customer.merged_into_id.is_(None))
    query = query.order_by(Customer.id)
    return list(session.scalars(query.with_for_update() if lock else query))


def write_heard(asked: Question, record: Record, *, session: Any) -> list[str]:
    """Writes down what they said of a contact; merged there, it has another id from now on."""
    moved: list[str] = []
    for customer in known_customers(asked.crm_id, session=session):
        contact = contact_to_keep(customer.id, session)
        if record.id != asked.crm_id:
            changes = {"crm_id": [customer.crm_id, record.id]}
            customer.crm_id = record.id
            record_event("customer.updated", session=session, subject_id=customer.id, changes=changes)
            said = f"{LABELS[asked.account.kind]} has merged this contact into {record.id}"
            _log(asked.account, "ok", said, customer.id, session)
        if contact.status == "gone":
            contact.status, contact.said = "synced", ""
        moved += take(customer, contact, record, asked.account, asked.mapping, session=session)
    connection.note_answered(asked.account.id, session=session)
    return moved


def write_gone(asked: Question, *, session: Any) -> None:
    """Writes down that a contact was deleted there. Their last answer stays, with its age."""
    label = LABELS[asked.account.kind]
    for customer in known_customers(asked.crm_id, session=session):
        contact = contact_to_keep(customer.id, session)
        if contact.status != "gone":
            contact.status, contact.told = "gone", contact.wanted
            contact.said = f"Deleted in {label}. It is not made again unless you retry"
            _log(asked.account, "failed", contact.said, customer.id, session)


def contact_to_keep(customer_id: uuid.UUID, session: Any) -> CrmContact:
    """What is kept of a customer at the CRM, locked; made if there is nothing yet."""
    query = sa.select(CrmContact).where(CrmContact.customer_id == customer_id).with_for_update()
    found: CrmContact | None = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        found = CrmContact(id=database.uuid7(), customer_id=customer_id, status="synced", wanted=0, told=0)
        session.add(found)
    return found


# --- many -----------------------------------------------------------------------------------------


def want_heard(crm_ids: list[str], *, session: Any, became: str | None = None) -> int:
    """Queues to read those contacts that are somebody here. How many.

    What comes within a few seconds is read once, at their end: a job that is at work has not seen the change
    that it is told of now. `became`: what they were merged into, where they say so.
    """
    wanted = crm_ids[:MOST_IDS]
    query = sa.select(Customer.crm_id).where(Customer.crm_id.in_(wanted), Customer.merged_into_id.is_(None))
    known = sorted(set(session.scalars(query)))
    end = (int(clock.now().timestamp()) // GATHERED_SECONDS + 1) * GATHERED_SECONDS
    for crm_id in known:
        params = {"crm_id": crm_id, **({"became": became} if became else {})}
        run_at = datetime.fromtimestamp(end, clock.now().tzinfo)
        enqueue(PULL, params, session=session, unique_key=f"{PULL}:{crm_id}:{end}", run_at=run_at)
    return len(known)


def write_polled(
    connection_id: uuid.UUID, changed: list[tuple[str, datetime]], until: datetime, *, session: Any
) -> int:
    """Queues what changed there, and remembers up to when they were asked. How many are somebody here."""
    found = session.scalar(sa.select(Connection).where(Connection.id == connection_id).with_for_update())
    if found is None:
        return 0
    found.seen_until = until
    connection.note_answered(connection_id, session=session)
    ids = [crm_id for crm_id, _ in changed]
    parts = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)]
    return sum(want_heard(part, session=session) for part in parts)
