"""Where SendGrid and Amazon SES hand in mail, and tell what became of ours.

Whoever knows an inbox's key may hand mail in, as anybody may send it; only what is signed proves a sender.
An answer of 5xx lets them try again, while the database or the storage is away. A mail that we fail at is
held.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from flask import Blueprint, Response, request

from webapp.auth import SYSTEM, acting_as
from webapp.database import read_only, transaction
from webapp.errors import Forbidden, Invalid, TooLarge
from webapp.models import Inbox
from webapp.services import mail_in
from webapp.services.email import callbacks
from webapp.services.mail_in import hooks
from webapp.services.mail_in.mailbox import inbox_by_key
from webapp.services.mail_in.sorting import mailbox_of
from webapp.tenancy import use_workspace

bp = Blueprint("mail_hooks", __name__, url_prefix="/hooks/mail")

SENDGRID_BYTES = 45 * 1024 * 1024
"""It takes mails of 30 MB, and files grow by a third on the way."""
EVENT_BYTES = 2 * 1024 * 1024
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


@dataclass(frozen=True)
class Door:
    """The inbox that a request is for, and how it was set up."""

    inbox: Inbox
    ses_topic: str
    sendgrid_public_key: str


@bp.post("/sendgrid/<key>")
def take_sendgrid(key: str) -> Response:
    """A mail by SendGrid's Inbound Parse, with the raw message."""
    with _door(key) as door:
        body = _body(SENDGRID_BYTES)
        is_signed = _check_sendgrid(door, body)
        raw, arrival = hooks.sendgrid_mail(request.form, is_signed=is_signed)
        mail_in.take(raw, door.inbox, arrival)
    return _taken()


@bp.post("/sendgrid/<key>/events")
def note_sendgrid(key: str) -> Response:
    """What became of our mail, by SendGrid's Event Webhook; only signed."""
    with _door(key) as door:
        body = _body(EVENT_BYTES)
        if not _check_sendgrid(door, body):
            raise Forbidden("Give this inbox the verification key of SendGrid's Event Webhook first")
        events = request.get_json(force=True, silent=True)
        if events is None:
            raise Invalid("This is not JSON")
        with transaction():
            callbacks.note_sendgrid(events)
    return _taken()


@bp.post("/ses/<key>")
def take_ses(key: str) -> Response:
    """A mail, a bounce or a complaint of Amazon SES, by SNS; also the question whether we want them."""
    with _door(key) as door:
        message = hooks.read_sns(_body(EVENT_BYTES), door.ses_topic)
        told = hooks.ses_told(message)
        found = hooks.ses_mail(told)
        if found is not None:
            mail_in.take(found[0], door.inbox, found[1])
        elif told:
            with transaction():
                callbacks.note_ses(told)
    return _taken()


for view in (take_sendgrid, note_sendgrid, take_ses):
    view.access = "public"  # type: ignore[attr-defined]


@contextmanager
def _door(key: str) -> Iterator[Door]:
    """Inside the workspace of the inbox with that key. Raises `NotFound` before anything is read."""
    with read_only() as session:
        inbox = inbox_by_key(key, session=session)
        session.expunge(inbox)
    with (
        acting_as(replace(SYSTEM, workspace_id=inbox.workspace_id, door="mail")),
        use_workspace(inbox.workspace_id),
    ):
        with read_only() as session:
            box = mailbox_of(inbox, session=session)
            door = Door(inbox, box.ses_topic or "", box.sendgrid_public_key or "")
        yield door


def _body(most: int) -> bytes:
    request.max_content_length = request.max_form_memory_size = most
    if (request.content_length or 0) > most:
        raise TooLarge("The mail is too big")
    return request.get_data(cache=True)


def _check_sendgrid(door: Door, body: bytes) -> bool:
    """Whether SendGrid signed it; with a key set, nothing else is let in."""
    if not door.sendgrid_public_key:
        return False
    said = request.headers.get(SIGNATURE, ""), request.headers.get(TIMESTAMP, "")
    if not callbacks.is_sendgrids(door.sendgrid_public_key, *said, body):
        raise Forbidden("This is not signed by SendGrid with the key of this inbox")
    return True


def _taken() -> Response:
    return Response(status=204)
