"""Deliveries: a row a recipient, written with the change that wants it, and what becomes of it.

A job claims the row by a lease, hands the mail over outside any transaction, and writes the outcome. Killed
in between, it is done again: twice at most, and only if the provider had taken it before we wrote that down.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock, database
from webapp.auth import Actor, current_actor, require
from webapp.config import settings
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.models import Comment, Job, MailDelivery, Ticket
from webapp.schemas.mail import MailSection, delivery_out
from webapp.services.email.suppression import find_suppression, suppress
from webapp.services.event import record
from webapp.services.job import enqueue
from webapp.services.setting import read_section
from webapp.tenancy import require_workspace_id
from webapp.upsert import add_unless_there
from webapp.validators import is_valid_email

MAX_ATTEMPTS = 12
"""Over an hour, with the jobs' back-off."""
ERROR_CHARS = 300


@dataclass(frozen=True)
class DeliveryMoved:
    """A mail of a ticket is queued, sent, failed …: shown at its message, no event of the ledger."""

    workspace_id: uuid.UUID
    ticket_id: uuid.UUID
    delivery: dict[str, Any]


# --- queueing -------------------------------------------------------------------------------------


def queue(
    to: str,
    template: str,
    data: Mapping[str, Any],
    *,
    session: Any = None,
    ticket: Ticket | None = None,
    comment: Comment | None = None,
    key: str | None = None,
    send_at: datetime | None = None,
    language: str | None = None,
    upto_seq: int | None = None,
) -> tuple[MailDelivery, Job | None] | None:
    """Writes a delivery in the caller's transaction, and the job that does it, unless it is not to be sent.

    `key`: None is returned if a delivery with it was ever written. A ticket that is given must be locked.
    """
    session = session or db.session()
    values = {
        "id": database.uuid7(),
        "workspace_id": require_workspace_id(),
        "key": key,
        "ticket_id": ticket.id if ticket else None,
        "comment_id": comment.id if comment else None,
        "template": template,
        "language": language or read_section(MailSection, session=session).language,
        "to_address": to.strip()[:254],
        "data": plain(data),
        "upto_seq": upto_seq,
        "send_at": send_at or clock.now(),
        "created_at": clock.now(),
        "attempts": 0,
        **_standing(to, session),
    }
    row: MailDelivery | None = add_unless_there(MailDelivery, values, session=session)
    if row is None:
        return None
    job = enqueue_delivery(row, session=session) if row.status == "queued" else None
    announce(row, session=session)
    return row, job


def plain(value: Any) -> Any:
    """The value as JSON can hold it: ids and times as texts."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return clock.iso(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _standing(to: str, session: Any) -> dict[str, Any]:
    """The status a mail to that address begins with."""
    if not is_valid_email(to.strip()):
        return {"status": "failed", "error": "This is not an e-mail address"}
    found = find_suppression(to, session=session)
    return {"status": "suppressed", "error": found.reason} if found else {"status": "queued"}


def enqueue_delivery(row: MailDelivery, *, session: Any) -> Job | None:
    """The job that sends it when its time has come."""
    return enqueue(
        "email.deliver",
        {"delivery_id": str(row.id)},
        session=session,
        run_at=row.send_at,
        unique_key=f"mail:{row.id}",
        max_attempts=MAX_ATTEMPTS + 3,
    )


def announce(row: MailDelivery, *, session: Any) -> None:
    """Tells the ticket's pages after the commit."""
    if row.ticket_id is not None:
        bus.announce(session, DeliveryMoved(row.workspace_id, row.ticket_id, delivery_out(row)))


# --- sending --------------------------------------------------------------------------------------


def claim(delivery_id: uuid.UUID, *, session: Any = None) -> MailDelivery | None:
    """Takes a delivery that is due, so that nobody else sends it meanwhile; None if it is not to be sent
    now.
    """
    session = session or db.session()
    now = clock.now()
    free = sa.or_(MailDelivery.lease_until.is_(None), MailDelivery.lease_until <= now)
    taking = (
        sa.update(MailDelivery)
        .where(
            MailDelivery.id == delivery_id, MailDelivery.status == "queued", MailDelivery.send_at <= now, free
        )
        .values(
            lease_until=now + timedelta(seconds=settings().job_lease_seconds),
            attempts=MailDelivery.attempts + 1,
        )
    )
    if not session.execute(taking.execution_options(synchronize_session=False)).rowcount:
        return None
    row = get_delivery(delivery_id, session=session)
    if found := find_suppression(row.to_address, session=session):
        _end(row, "suppressed", error=found.reason, session=session)
        return None
    return row


def get_delivery(delivery_id: uuid.UUID, *, session: Any = None) -> MailDelivery:
    """The delivery as it is now. Raises `NotFound`."""
    query = sa.select(MailDelivery).where(MailDelivery.id == delivery_id)
    found: MailDelivery | None = (session or db.session()).scalar(
        query.execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such delivery")
    return found


def due_deliveries(ticket_id: uuid.UUID, *, session: Any = None) -> list[uuid.UUID]:
    """A ticket's deliveries that are to go now, oldest first."""
    query = sa.select(MailDelivery.id).where(
        MailDelivery.ticket_id == ticket_id,
        MailDelivery.status == "queued",
        MailDelivery.send_at <= clock.now(),
    )
    return list((session or db.session()).scalars(query.order_by(MailDelivery.created_at, MailDelivery.id)))


def note_sent(
    delivery_id: uuid.UUID,
    provider: str,
    provider_id: str | None,
    message_id: str | None,
    *,
    passed_over: str | None = None,
    session: Any = None,
) -> None:
    """Writes down that a provider took it. What its template needed is not kept."""
    session = session or db.session()
    row = get_delivery(delivery_id, session=session)
    row.provider, row.provider_id, row.message_id = provider, provider_id, message_id
    row.sent_at, row.data, row.error, row.passed_over = clock.now(), {}, None, passed_over
    _end(row, "sent", session=session)


def note_failure(delivery_id: uuid.UUID, said: str, *, final: bool, session: Any = None) -> bool:
    """Writes down that nobody took it; `final`, or tried often enough: it has failed. Whether it has."""
    session = session or db.session()
    row = get_delivery(delivery_id, session=session)
    row.error, row.lease_until = said[:ERROR_CHARS], None
    if not final and row.attempts < MAX_ATTEMPTS:
        session.flush()
        announce(row, session=session)
        return False
    _end(row, "failed", error=said, session=session)
    return True


def orphans(*, session: Any = None) -> list[uuid.UUID]:
    """The deliveries that still wait though their job has failed for good or was called off."""
    session = session or db.session()
    dead = sa.select(Job.params, Job.unique_key).where(
        Job.workspace_id == require_workspace_id(),
        Job.status.in_(("failed", "cancelled")),
        Job.type == "email.deliver",
    )
    ids = {row.unique_key: uuid.UUID(row.params["delivery_id"]) for row in session.execute(dead)}
    at_it = sa.select(Job.unique_key).where(Job.unique_key.in_(ids), Job.status.in_(("pending", "running")))
    lost = set(ids) - set(session.scalars(at_it))
    now = clock.now()
    waiting = sa.select(MailDelivery.id).where(
        MailDelivery.id.in_([ids[key] for key in lost]),
        MailDelivery.status == "queued",
        sa.or_(MailDelivery.lease_until.is_(None), MailDelivery.lease_until <= now),
    )
    return list(session.scalars(waiting.order_by(MailDelivery.id)))


def give_up(delivery_id: uuid.UUID, *, session: Any = None) -> None:
    """Nobody will send it any more: it has failed, and may be sent again by hand."""
    session = session or db.session()
    query = sa.select(MailDelivery).where(MailDelivery.id == delivery_id).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one()
    if row.status == "queued":
        _end(row, "failed", error=row.error or "Its job ended before it was sent", session=session)


def _end(row: MailDelivery, status: str, *, session: Any, error: str | None = None) -> None:
    """Gives a delivery its outcome; a bad one is a fact of its ticket, too."""
    row.status, row.lease_until = status, None
    row.error = error[:ERROR_CHARS] if error else row.error
    session.flush()
    if status in ("failed", "bounced"):
        _record(row, f"mail.{status}", session=session)
    announce(row, session=session)


def _record(row: MailDelivery, name: str, *, session: Any) -> None:
    if row.ticket_id is None:
        return
    ticket = _locked(row.ticket_id, session)
    changes = {"to": [None, row.to_address], "template": [None, row.template], "error": [None, row.error]}
    record(name, session=session, ticket=ticket, subject_id=row.id, changes=changes)


def _locked(ticket_id: uuid.UUID, session: Any) -> Ticket:
    from webapp.services.ticket.access import ticket_for  # which tells customers by this module

    return ticket_for(ticket_id, "ticket:read", session=session, lock=True)


# --- what staff do --------------------------------------------------------------------------------


def retry_delivery(
    delivery_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> MailDelivery:
    """Sends a failed mail again. Raises `Conflict` for one that has not failed."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "ticket:reply")
    row = get_delivery(delivery_id, session=session)
    if row.ticket_id is not None:
        _locked(row.ticket_id, session)
        row = get_delivery(delivery_id, session=session)
    if row.status != "failed":
        raise Conflict("Only a mail that failed can be sent again", current={"status": row.status})
    row.status, row.attempts, row.error, row.send_at = "queued", 0, None, clock.now()
    session.flush()
    enqueue_delivery(row, session=session)
    announce(row, session=session)
    return row


def list_deliveries(*, ticket_id: uuid.UUID | None = None, limit: int = 50) -> list[MailDelivery]:
    """The newest deliveries, of the workspace or of one ticket."""
    query = (
        sa.select(MailDelivery).order_by(MailDelivery.created_at.desc(), MailDelivery.id.desc()).limit(limit)
    )
    if ticket_id is not None:
        query = query.where(MailDelivery.ticket_id == ticket_id)
    return list(db.session.scalars(query))


# --- mail that came back ---------------------------------------------------------------------------


def record_bounce(
    address: str,
    *,
    provider_id: str | None = None,
    message_id: str | None = None,
    is_permanent: bool = True,
    is_complaint: bool = False,
    detail: str = "",
    session: Any = None,
) -> MailDelivery | None:
    """A mail came back (or was called spam): its delivery says so, and the address gets no more if that is
    final.

    Found by the provider's id or our Message-ID, and only if it went to that address; the delivery, or None.
    """
    session = session or db.session()
    row = sent_to(address, provider_id, message_id, session=session)
    if row is not None and row.status == "sent":
        _end(row, "bounced", error=detail or "It came back", session=session)
    if is_permanent or is_complaint:
        suppress(address, "complaint" if is_complaint else "bounce", detail, session=session)
    return row


def sent_to(
    address: str, provider_id: str | None, message_id: str | None, *, session: Any = None
) -> MailDelivery | None:
    """The delivery to that address that has the provider's id or our Message-ID."""
    marks = [
        column == value
        for column, value in ((MailDelivery.provider_id, provider_id), (MailDelivery.message_id, message_id))
        if value
    ]
    if not marks:
        return None
    query = sa.select(MailDelivery).where(
        sa.or_(*marks), MailDelivery.to_address.ilike(_literally(address), escape="\\")
    )
    found: MailDelivery | None = (session or db.session()).scalar(query.limit(1))
    return found


def _literally(text: str) -> str:
    return text.strip().replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
