"""Telling the CRM of a customer: what to tell is claimed and written down; between the two it is told."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.integrations.vendor import Api, Busy, Crm, Exists, Gone, NotAllowed, Record, VendorError
from webapp.models import Connection, CrmContact, Customer
from webapp.models.connection import SAID_CHARS
from webapp.schemas.connection import LABELS, Mapping
from webapp.services import connection
from webapp.services.connection import Account, account_of
from webapp.services.crm import hearing
from webapp.services.crm.mapping import outgoing, wanted_names
from webapp.services.crm.vendors import crm_of, mapping_of
from webapp.services.event import record
from webapp.services.job import enqueue

PUSH = "crm.push"
LEASE = timedelta(seconds=90)
LONGEST_WAIT_SECONDS = 6 * 3600
MOST_AT_ONCE = 1000


class InHand(Exception):
    """Another worker is telling the CRM of this customer just now: look again later, in case it dies."""


@dataclass(frozen=True)
class Task:
    """What is to be told of a customer, as plain values."""

    customer_id: uuid.UUID
    account: Account
    mapping: Mapping
    wanted: int
    email: str
    crm_id: str | None
    fields: dict[str, Any]
    needs_answer: bool

    @property
    def vendor(self) -> Crm:
        """Who is told."""
        return crm_of(self.account.kind)

    @property
    def names(self) -> list[str]:
        """Which of their fields are read."""
        return wanted_names(self.mapping)


@dataclass(frozen=True)
class Told:
    """How it went: under which id, in which words; `record` where theirs was read on the way."""

    crm_id: str
    said: str
    record: Record | None = None


# --- before ---------------------------------------------------------------------------------------


def want(customer_id: uuid.UUID, *, session: Any) -> None:
    """Notes that a customer has to be told of, and queues it. Nothing is lost while a job is at work."""
    contact = contact_of(customer_id, session=session, lock=True) or _make_contact(customer_id, session)
    contact.wanted += 1
    contact.status, contact.tries = "waiting", 0
    session.flush()
    _queue(contact, session=session)


def contact_of(customer_id: uuid.UUID, *, session: Any, lock: bool = False) -> CrmContact | None:
    """What is kept of a customer at the CRM."""
    query = sa.select(CrmContact).where(CrmContact.customer_id == customer_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)  # type: ignore[no-any-return]


def _make_contact(customer_id: uuid.UUID, session: Any) -> CrmContact:
    made = CrmContact(id=database.uuid7(), customer_id=customer_id, wanted=0, told=0, tries=0)
    session.add(made)
    return made


def _queue(contact: CrmContact, *, session: Any, run_at: datetime | None = None) -> None:
    key = f"{PUSH}:{contact.customer_id}:{contact.wanted}:{contact.tries}"
    params = {"customer_id": str(contact.customer_id)}
    enqueue(PUSH, params, session=session, unique_key=key, run_at=run_at, max_attempts=20)


def claim(customer_id: uuid.UUID, *, only_wanted: bool = False, session: Any) -> Task | dict[str, str]:
    """What to tell, for this worker alone; or how things stand, where there is nothing to do now.

    `only_wanted`: only what has changed since the CRM was told. Raises `NotFound`, `InHand`.
    """
    customer = session.scalar(sa.select(Customer).where(Customer.id == customer_id).with_for_update())
    if customer is None:
        raise NotFound("There is no such customer")
    found = connection.find_crm(session=session)
    if found is None:
        return _standing("off", crm_of(None).LABEL)
    if customer.merged_into_id:
        return _standing("skipped", "Merged into another customer")
    if not customer.email:
        return _standing("skipped", "They have no verified address")
    contact = contact_of(customer_id, session=session, lock=True) or _make_contact(customer_id, session)
    if only_wanted and contact.wanted == contact.told:
        return _standing(contact.status, contact.said, customer.crm_id)
    if contact.lease_until is not None and contact.lease_until > clock.now():
        raise InHand
    if (held := _held(found, contact, session)) is not None:
        return held
    contact.wanted = max(contact.wanted, contact.told + 1)
    contact.lease_until = clock.now() + LEASE
    return _task(customer, contact, found)


def _standing(status: str, said: str, crm_id: str | None = None) -> dict[str, str]:
    return {"sync_status": status, "said": said} | ({"crm_id": crm_id} if crm_id else {})


def _held(found: Connection, contact: CrmContact, session: Any) -> dict[str, str] | None:
    """Why nobody is asked now: they let nobody in, want to be left alone, or the record was deleted there."""
    if found.status == "broken":
        return _standing("waiting", found.said)
    if found.paused_until is not None and found.paused_until > clock.now():
        contact.tries += 1
        _queue(contact, session=session, run_at=found.paused_until + _spread(contact))
        return _standing("waiting", found.said)
    return None


def _spread(contact: CrmContact) -> timedelta:
    """Up to a minute, so that those who waited together do not come together."""
    return timedelta(seconds=contact.customer_id.int % 60)


def _task(customer: Customer, contact: CrmContact, found: Connection) -> Task:
    mapping = mapping_of(found.kind, found.mapping)
    vendor = crm_of(found.kind)
    email = customer.email or ""
    named = vendor.named(customer.name, email) if mapping.name == "out" else {}
    return Task(
        customer_id=customer.id,
        account=account_of(found),
        mapping=mapping,
        wanted=contact.wanted,
        email=email,
        crm_id=customer.crm_id,
        fields={vendor.EMAIL_FIELD: email, **named, **outgoing(customer, mapping)},
        needs_answer=contact.answered_at is None,
    )


# --- between: this asks the network ---------------------------------------------------------------


def tell(task: Task, api: Api) -> Told:
    """Creates or updates the contact. Raises `Gone` where it was deleted there, and any `VendorError`."""
    label = LABELS[task.account.kind]
    if task.crm_id:
        return _tell_known(task, api, label)
    found = task.vendor.find(api, task.email, task.names)
    if found is not None:
        task.vendor.update(api, found.id, task.fields)
        return Told(found.id, f"Found in {label} by the address, and updated", found)
    try:
        made = task.vendor.create(api, _present(task.fields))
    except Exists as error:
        task.vendor.update(api, error.id, task.fields)
        return Told(error.id, f"{label} had this contact already: updated", _read(task, api, error.id))
    return Told(made, f"Created in {label}", Record(made))


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _tell_known(task: Task, api: Api, label: str) -> Told:
    known = task.crm_id or ""
    try:
        now = task.vendor.update(api, known, task.fields)
        said = f"Updated in {label}"
    except Gone:
        now = _follow(task, api, known)
        task.vendor.update(api, now, task.fields)
        said = f"Updated in {label}"
    if now != known:
        said = f"{label} has merged this contact into {now}: updated there"
    wants_record = task.needs_answer or now != known
    return Told(now, said, _read(task, api, now) if wants_record else None)


def _follow(task: Task, api: Api, known: str) -> str:
    """Where a contact went that is not there: merged into another, or known by its address. Raises `Gone`."""
    try:
        return task.vendor.read(api, known, task.names).id
    except Gone:
        found = task.vendor.find(api, task.email, task.names)
        if found is None:
            raise
        return found.id


def _read(task: Task, api: Api, crm_id: str) -> Record:
    return task.vendor.read(api, crm_id, task.names)


# --- after ----------------------------------------------------------------------------------------


def write_told(task: Task, told: Told, *, session: Any) -> dict[str, str]:
    """Writes down that it was told, and what the CRM said of the customer."""
    customer, contact = _both(task, session)
    if customer is None or contact is None:
        return _standing("off", "Disconnected meanwhile")
    keep_crm_id(customer, told.crm_id, session=session)
    contact.told, contact.tries, contact.said = task.wanted, 0, ""
    contact.status, contact.synced_at, contact.pushed = "synced", clock.now(), task.fields
    if told.record is not None:
        hearing.take(customer, contact, told.record, task.account, task.mapping, session=session)
    connection.note_answered(task.account.id, session=session)
    _log(task, "ok", told.said, session)
    _go_on(contact, task, session)
    return _standing("synced", told.said, told.crm_id)


def _both(task: Task, session: Any) -> tuple[Customer | None, CrmContact | None]:
    """The customer and their contact, locked; the lease is given back."""
    query = sa.select(Customer).where(Customer.id == task.customer_id).with_for_update()
    customer = session.scalar(query.execution_options(populate_existing=True))
    contact = contact_of(task.customer_id, session=session, lock=True)
    if contact is not None:
        contact.lease_until = None
    return customer, contact


def keep_crm_id(customer: Customer, crm_id: str, *, session: Any) -> None:
    """Keeps by which id the CRM knows them."""
    if customer.crm_id != crm_id:
        changes = {"crm_id": [customer.crm_id, crm_id]}
        customer.crm_id = crm_id
        record("customer.updated", session=session, subject_id=customer.id, changes=changes)


def _go_on(contact: CrmContact, task: Task, session: Any) -> None:
    """What changed while it was told is told next."""
    if contact.wanted > task.wanted:
        contact.status = "waiting"
        _queue(contact, session=session)


def write_failed(task: Task, error: VendorError, *, session: Any) -> dict[str, str]:
    """Writes down what kept it from being told: it waits, or failed until somebody or something changes."""
    _, contact = _both(task, session)
    if contact is None:
        return _standing("off", "Disconnected meanwhile")
    if isinstance(error, NotAllowed):
        connection.note_broken(task.account.id, str(error), session=session)
        return _wait(task, contact, error, session)
    if isinstance(error, Busy):
        return _wait(task, contact, error, session)
    contact.status = "gone" if isinstance(error, Gone) else "failed"
    contact.told, contact.said = task.wanted, _gone(task) if isinstance(error, Gone) else _short(error)
    _log(task, "failed", contact.said, session)
    _go_on(contact, task, session)
    return _standing(contact.status, contact.said, task.crm_id)


def _gone(task: Task) -> str:
    label = LABELS[task.account.kind]
    return f"Deleted in {label}. It is not made again unless you retry"


def _short(error: VendorError) -> str:
    return str(error)[:SAID_CHARS]


def _wait(task: Task, contact: CrmContact, error: VendorError, session: Any) -> dict[str, str]:
    if contact.tries == 0:
        _log(task, "waiting", f"{error}. It is tried again by itself", session)
    contact.tries += 1
    contact.status, contact.said = "waiting", _short(error)
    if isinstance(error, Busy):
        seconds = error.retry_after_seconds or min(LONGEST_WAIT_SECONDS, 5 * 2.0**contact.tries)
        until = clock.now() + timedelta(seconds=seconds)
        if error.retry_after_seconds:
            connection.note_pause(task.account.id, str(error), until, session=session)
        _queue(contact, session=session, run_at=until)
    return _standing("waiting", contact.said, task.crm_id)


def _log(task: Task, outcome: str, said: str, session: Any) -> None:
    connection.note(task.account.id, "out", outcome, said, customer_id=task.customer_id, session=session)


# --- by hand --------------------------------------------------------------------------------------


def retry(customer_id: uuid.UUID, *, session: Any) -> None:
    """Tells the CRM of one customer anew; one that was deleted there is made again. Raises `NotFound`."""
    customer = session.scalar(sa.select(Customer).where(Customer.id == customer_id).with_for_update())
    if customer is None:
        raise NotFound("There is no such customer")
    contact = contact_of(customer_id, session=session, lock=True)
    if contact is not None and contact.status == "gone":
        customer.crm_id = None
    want(customer_id, session=session)


def retry_waiting(*, failed: bool = False, session: Any) -> int:
    """Queues what waits, and what has `failed` if asked for: after somebody connected again. How many."""
    statuses = ("waiting", "failed") if failed else ("waiting",)
    query = sa.select(CrmContact).where(CrmContact.status.in_(statuses)).order_by(CrmContact.id)
    contacts = list(session.scalars(query.limit(MOST_AT_ONCE).with_for_update()))
    for contact in contacts:
        contact.wanted, contact.status, contact.tries = contact.wanted + 1, "waiting", 0
    session.flush()
    for contact in contacts:
        _queue(contact, session=session)
    return len(contacts)


def count_contacts() -> dict[str, int]:
    """How many customers are waiting, synced, failed or gone; as `unheard` those never told of."""
    query = sa.select(CrmContact.status, sa.func.count()).group_by(CrmContact.status)
    rows: Any = db.session.execute(query)
    unheard = sa.select(sa.func.count(Customer.id)).where(*_unheard())
    return {**dict(rows.all()), "unheard": int(db.session.scalar(unheard) or 0)}


def _unheard() -> tuple[Any, ...]:
    known = sa.select(CrmContact.customer_id)
    return Customer.email.is_not(None), Customer.merged_into_id.is_(None), Customer.id.not_in(known)


def want_everybody(*, session: Any) -> int:
    """Queues every customer with a verified address who was never told of. How many, up to a thousand."""
    query = sa.select(Customer.id).where(*_unheard())
    found = list(session.scalars(query.order_by(Customer.id).limit(MOST_AT_ONCE)))
    for customer_id in found:
        want(customer_id, session=session)
    return len(found)
