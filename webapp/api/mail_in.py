"""Mail that comes in: to which inbox and how, what is held, one mail whole with what a thread folds away."""

import uuid
from typing import Any

from webapp import green
from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.errors import Conflict
from webapp.extensions import db
from webapp.schemas.export import JobOut, job_out
from webapp.schemas.mail import AddressForm
from webapp.schemas.mail_in import (
    BlockedSenderOut,
    DecisionIn,
    HeldMailOut,
    InboundMailOut,
    MailboxOut,
    MailboxPatch,
    held_mail_out,
    inbound_mail_out,
    mailbox_out,
)
from webapp.schemas.paging import NewestQuery, PageQuery, cut, page_out
from webapp.schemas.text import Strict
from webapp.schemas.ticket_in import IdPath
from webapp.services import mail_in
from webapp.services.attachment import read_file
from webapp.services.mail_in import polling
from webapp.services.mail_in.mailbox import FIELDS, mailbox_for, save_mailbox
from webapp.services.mail_in.parse import parse

bp = staff_views("mail_in_api", __name__)


class MailPath(Strict):
    id: uuid.UUID


@bp.get("/mails")
@access("ticket:spam")
@answers(data=list[HeldMailOut], next_cursor=str | None)
def list_mails(query: NewestQuery) -> Any:
    """The mails that are held for a person to decide on, newest first."""
    with read_only():
        page = mail_in.page_of_held(**query.model_dump())
        return page_out(*page, lambda mail: held_mail_out(mail, mail_in.REASONS))


@bp.get("/mails/<id>")
@access("ticket:read")
@answers(mail=InboundMailOut)
def read_mail(path: MailPath) -> Any:
    """A mail that came in, by the id at its comment.

    `text`: what was written in it; `folded`: what it quotes, and its signature. One that is held is for
    `ticket:spam` alone.
    """
    with read_only():
        found = mail_in.get_mail(path.id)
        shown, key = inbound_mail_out(found), found.storage_key
    parsed = green.run_in_thread(parse, read_file(key))
    return {"mail": {**shown, "text": parsed.text, "folded": parsed.folded}}


@bp.put("/mails/<id>/decision")
@access("ticket:spam")
@answers(ticket_id=uuid.UUID | None, may=(409,))
def put_decision(path: MailPath, body: DecisionIn) -> Any:
    """Lets a held mail in, or deletes it; 409 if somebody has decided already.

    `ticket_id`: the ticket that it is in now, null where there is none.
    """
    if body.verb == "accept":
        ticket = mail_in.let_in(path.id)
        return {"ticket_id": str(ticket.id) if ticket else None}
    with transaction():
        mail_in.discard_mail(path.id)
    return {"ticket_id": None}


# --- whose mail is not taken ----------------------------------------------------------------------


@bp.get("/blocked-senders")
@access("ticket:spam")
@answers(data=list[BlockedSenderOut], next_cursor=str | None)
def list_blocked_senders(query: PageQuery) -> Any:
    """Whose mail is not taken, by address."""
    with read_only():
        rows = mail_in.list_blocked_senders()
        page, cursor = cut(rows, query, lambda row: (row.address,), str)
        return page_out(page, cursor, _sender)


def _sender(row: Any) -> dict[str, Any]:
    return {"id": str(row.id), "address": row.address}


@bp.post("/blocked-senders")
@access("ticket:spam")
@answers(201, sender=BlockedSenderOut)
def create_blocked_sender(body: AddressForm) -> Any:
    """Takes no more mail of an address or of a whole `@domain`; what of it is held is deleted."""
    with transaction():
        return created({"sender": _sender(mail_in.block_sender(body.address))})


@bp.delete("/blocked-senders/<id>")
@access("ticket:spam")
@answers(204)
def delete_blocked_sender(path: IdPath) -> Any:
    """Takes their mail again."""
    with transaction():
        mail_in.unblock_sender(path.id)
    return nothing()


# --- how it comes to an inbox ---------------------------------------------------------------------


@bp.get("/inboxes/<id>/mail")
@access("inbox:manage")
@answers(mailbox=MailboxOut)
def read_mailbox(path: IdPath) -> Any:
    """How mail comes to an e-mail inbox, and how reading it goes."""
    with read_only():
        return {"mailbox": mailbox_out(mailbox_for(path.id))}


@bp.patch("/inboxes/<id>/mail")
@access("inbox:manage")
@matching(read_mailbox, besides=frozenset({"polled_at", "last_error"}))
@answers(mailbox=MailboxOut)
def update_mailbox(path: IdPath, body: MailboxPatch) -> Any:
    """Changes what is given of it. A stored password goes to no other server than it was given for."""
    with transaction():
        row = mailbox_for(path.id, session=db.session())
        held = {name: getattr(row, name) for name in FIELDS}
        given = body.model_dump(exclude_unset=True, include=set(FIELDS))
        row = save_mailbox(path.id, {**held, **given}, password=body.imap_password)
        return {"mailbox": mailbox_out(row)}


@bp.post("/inboxes/<id>/mail/test")
@access("inbox:manage")
@answers(202, job=JobOut, may=(409,))
def test_mailbox(path: IdPath) -> Any:
    """Looks into the mailbox as it is saved now; what was found is the job's result."""
    with transaction():
        row = mailbox_for(path.id)
        if row.id is None:
            raise Conflict("Say first how mail comes to this inbox")
        return {"job": job_out(polling.request_test(row.id))}, 202
