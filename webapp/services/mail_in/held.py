"""What waits for a person: seen, let in, deleted, its sender blocked."""

import uuid
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import BlockedSender, Comment, InboundMail, Inbox
from webapp.services.attachment import drop_file
from webapp.services.event import record
from webapp.services.mail_in.arrival import Prepared
from webapp.services.mail_in.receiving import show
from webapp.services.mail_in.sorting import Route, belongs, find_thread
from webapp.services.paging import newest_first
from webapp.validators import fold_email, is_valid_email

MOST_SHOWN = 100
MOST_BLOCKED = 1_000


def list_held(*, actor: Actor | None = None) -> list[InboundMail]:
    """The mails that wait, the newest first, at most a hundred."""
    require(actor or current_actor(), "ticket:spam")
    query = sa.select(InboundMail).where(InboundMail.status == "suspended")
    query = query.order_by(InboundMail.received_at.desc(), InboundMail.id.desc())
    return list(db.session.scalars(query.limit(MOST_SHOWN)))


def page_of_held(
    cursor: uuid.UUID | None, limit: int, *, actor: Actor | None = None
) -> tuple[list[InboundMail], str | None]:
    """A page of the mails that wait, newest first, and the cursor of the next."""
    require(actor or current_actor(), "ticket:spam")
    waiting = sa.select(InboundMail).where(InboundMail.status == "suspended")
    return newest_first(waiting, InboundMail, cursor, limit)


def get_mail(mail_id: uuid.UUID, *, actor: Actor | None = None) -> InboundMail:
    """A mail of this workspace: one on a ticket for whoever reads tickets, a held one for whoever decides.

    Raises `NotFound`, `Forbidden`.
    """
    actor = actor or current_actor()
    require(actor, "ticket:read")
    found: InboundMail | None = db.session.scalar(sa.select(InboundMail).where(InboundMail.id == mail_id))
    if found is None:
        raise NotFound("There is no such mail")
    if found.comment_id is None:
        require(actor, "ticket:spam")
    return found


def get_held(mail_id: uuid.UUID, *, actor: Actor | None = None) -> InboundMail:
    """A mail that waits. Raises `Conflict` if somebody has decided already."""
    actor = actor or current_actor()
    require(actor, "ticket:spam")
    found = get_mail(mail_id, actor=actor)
    _refuse_decided(found)
    return found


def _refuse_decided(row: InboundMail) -> None:
    if row.status != "suspended":
        raise Conflict("Somebody has decided on this mail already", current={"status": row.status})


def accept_mail(
    mail_id: uuid.UUID, mail: Prepared, inbox: Inbox, *, session: Any = None, actor: Actor | None = None
) -> InboundMail:
    """Lets a held mail in: onto the ticket it names, else as a new one. Nobody is told of it by mail.

    `mail`: the same one, prepared again. Raises `Conflict` if somebody has decided already, `Invalid` for
    one that names no sender.
    """
    session, actor = session or db.session(), actor or current_actor()
    row = _decide(mail_id, session, actor)
    if mail.parsed.author is None:
        raise Invalid.field("mail", "It names no sender: nobody could be answered")
    found = find_thread(mail.parsed, mail.arrival, row.is_verified, session=session)
    is_staffs = found is not None and found.claim is not None and found.claim.purpose == "staff"
    if found is None or is_staffs:
        route = Route("new", is_verified=row.is_verified)
    else:
        is_other = not belongs(found.ticket, mail.parsed.author.address, session=session)
        route = Route("threaded", ticket_id=found.ticket.id, is_verified=row.is_verified, is_other=is_other)
    row.status, row.reason = route.status, None
    show(row, mail, route, inbox, session, tell=False)
    session.flush()
    changes = {"ticket_id": [None, str(row.ticket_id) if row.ticket_id else None]}
    record("mail.accepted", session=session, actor=actor, subject_id=row.id, changes=changes)
    return row


def discard_mail(mail_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> InboundMail:
    """Deletes a held mail, its bytes with it. Raises `Conflict` if somebody has decided already."""
    session, actor = session or db.session(), actor or current_actor()
    row = _decide(mail_id, session, actor)
    _discard(row, session, actor)
    return row


def _decide(mail_id: uuid.UUID, session: Any, actor: Actor) -> InboundMail:
    require(actor, "ticket:spam")
    query = sa.select(InboundMail).where(InboundMail.id == mail_id).with_for_update(key_share=True)
    row: InboundMail | None = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("There is no such mail")
    _refuse_decided(row)
    row.decided_at, row.decided_by_id = clock.now(), actor.id
    return row


def _discard(row: InboundMail, session: Any, actor: Actor) -> None:
    row.status, row.reason, row.preview = "dropped", "discarded", ""
    database.after_commit(session, partial(drop_file, row.storage_key))
    record("mail.discarded", session=session, actor=actor, subject_id=row.id)


# --- whose mail is not taken ----------------------------------------------------------------------


def block_sender(address: str, *, session: Any = None, actor: Actor | None = None) -> BlockedSender:
    """Takes no more mail of an address, or of a whole `@domain`; what of it is held is deleted.

    The same again changes nothing. Raises `Invalid`.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "ticket:spam")
    wanted = fold_email(address)
    if not is_valid_email(f"x{wanted}" if wanted.startswith("@") else wanted):
        raise Invalid.field("address", "An address, or a domain such as @example.com")
    query = sa.select(BlockedSender).where(BlockedSender.address == wanted)

    def add() -> BlockedSender:
        made = BlockedSender(id=database.uuid7(), address=wanted, created_at=clock.now())
        session.add(made)
        session.flush()
        changes = {"address": [None, wanted]}
        record("sender.blocked", session=session, actor=actor, subject_id=made.id, changes=changes)
        return made

    found: BlockedSender = database.find_or_make(lambda: session.scalar(query), add)
    for row in _held_of(wanted, session):
        row.decided_at, row.decided_by_id = clock.now(), actor.id
        _discard(row, session, actor)
    session.flush()
    return found


def _held_of(wanted: str, session: Any) -> list[InboundMail]:
    """The held mails of an address or domain, locked."""
    pattern = wanted.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    theirs = InboundMail.from_address.like(f"%{pattern}" if wanted.startswith("@") else pattern, escape="\\")
    query = sa.select(InboundMail).where(InboundMail.status == "suspended", theirs)
    return list(session.scalars(query.with_for_update(key_share=True).limit(MOST_BLOCKED)))


def unblock_sender(blocked_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Takes mail of a blocked sender again. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "ticket:spam")
    row = session.scalar(sa.select(BlockedSender).where(BlockedSender.id == blocked_id))
    if row is None:
        raise NotFound("There is no such sender")
    session.delete(row)
    changes = {"address": [row.address, None]}
    record("sender.unblocked", session=session, actor=actor, subject_id=row.id, changes=changes)


def list_blocked_senders(*, actor: Actor | None = None) -> list[BlockedSender]:
    """Whose mail is not taken, by address."""
    require(actor or current_actor(), "ticket:spam")
    query = sa.select(BlockedSender).order_by(BlockedSender.address).limit(MOST_BLOCKED)
    return list(db.session.scalars(query))


# --- what is kept no longer -----------------------------------------------------------------------


def forget_undecided(before: datetime, *, limit: int = 200, session: Any = None) -> int:
    """Removes mails that became no comment and came before that moment, their bytes with them; how many."""
    session = session or db.session()
    shown = sa.select(Comment.id).where(Comment.id == InboundMail.comment_id).exists()
    old = (InboundMail.received_at < before, InboundMail.status.in_(("suspended", "dropped")), sa.not_(shown))
    some = list(session.scalars(sa.select(InboundMail.id).where(*old).limit(limit)))
    taking = sa.delete(InboundMail).where(InboundMail.id.in_(some)).returning(InboundMail.storage_key)
    for key in session.scalars(taking.execution_options(synchronize_session=False)):
        database.after_commit(session, partial(drop_file, key))
    return len(some)
