"""The web form: a door through which somebody unknown opens a ticket.

Nothing here sends mail: whoever acknowledges does it under the limits of mail to unproved addresses.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, acting_as
from webapp.errors import Detail, Forbidden, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Customer, Inbox, Ticket
from webapp.pace import network
from webapp.ratelimit import limiter
from webapp.services.attachment import Checked, add_attachment
from webapp.services.chat.prechat import check_answer
from webapp.services.customer import claiming_customer, is_address_blocked
from webapp.services.ticket import create_ticket
from webapp.services.ticket.comment import MAX_CHARS, CommentDraft
from webapp.validators import fold_email, is_valid_email, visible

PER_PLACE = "20/hour"
PER_ADDRESSEE = "5/hour"
MOST_FILES = 5
TITLE_CHARS = 80
SUBJECT_CHARS = 200
NAME_CHARS = 100
DEFAULTS = {"subject": "required", "files": False, "thanks": ""}


@dataclass
class Submission:
    """What somebody typed; `client_id` makes sending it twice the same as once."""

    name: str = ""
    email: str = ""
    subject: str = ""
    message: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    consent: bool = False
    client_id: uuid.UUID | None = None


def form_by_key(key: str) -> Inbox:
    """The active web form with this public key. Raises `NotFound`."""
    found: Inbox | None = db.session.scalar(sa.select(Inbox).where(Inbox.key == key))
    if found is None or not found.is_active or found.channel != "form":
        raise NotFound("There is no such form")
    return found


def form_settings(inbox: Inbox) -> dict[str, Any]:
    """What the form asks besides its own questions."""
    return {**DEFAULTS, **(inbox.form or {})}


def count_submission(place: str, email: str) -> None:
    """Counts a message from a place, and one that names an address. Raises `RateLimited`."""
    limiter().hit("form:place", network(place), PER_PLACE)
    if email:
        limiter().hit("form:address", fold_email(email), PER_ADDRESSEE)


def check_submission(inbox: Inbox, given: Submission) -> dict[str, Any]:
    """The answers as they are kept. Raises `Invalid` naming every field at fault; its `msg` are text keys."""
    settings, wrong = form_settings(inbox), []
    if not visible(given.email):
        wrong.append(_fault("email", "fill"))
    elif not is_valid_email(visible(given.email)):
        wrong.append(_fault("email", "bad_email"))
    if settings["subject"] == "required" and not visible(given.subject):
        wrong.append(_fault("subject", "fill"))
    if not given.message.strip():
        wrong.append(_fault("message", "fill"))
    limits = {"name": NAME_CHARS, "subject": SUBJECT_CHARS, "message": MAX_CHARS // 2}
    wrong += [_fault(name, "long") for name, most in limits.items() if len(getattr(given, name)) > most]
    if inbox.consent and not given.consent:
        wrong.append(_fault("consent", "agree"))
    kept, faults = _answers(inbox, given)
    if wrong + faults:
        raise Invalid("Please check the marked fields", detail=wrong + faults)
    return kept


def _answers(inbox: Inbox, given: Submission) -> tuple[dict[str, Any], list[Detail]]:
    kept: dict[str, Any] = {}
    wrong: list[Detail] = []
    for asked in inbox.prechat:
        try:
            value = check_answer(asked, given.answers.get(asked["name"]))
        except ValueError as problem:
            wrong.append(_fault(f"answers.{asked['name']}", str(problem)))
            continue
        if value is not None and value != "":
            kept[asked["label"]] = value
    return kept, wrong


def _fault(name: str, msg: str) -> Detail:
    return {"loc": ["body", *name.split(".")], "msg": msg, "type": "value_error"}


def submit(
    inbox: Inbox,
    given: Submission,
    *,
    files: Sequence[tuple[Checked, str]] = (),
    place: str = "",
    locale: str | None = None,
    session: Any = None,
) -> Ticket:
    """Opens a ticket of channel `form`; the same `client_id` again returns the first one.

    Raises `Invalid` naming each field at fault, `Forbidden` where the place or the sender is blocked.
    """
    session = session or db.session()
    answers = check_submission(inbox, given)
    if place and is_address_blocked(place):
        raise Forbidden("Messages from here are not taken", code="blocked")
    mark = f"form:{given.client_id}" if given.client_id else None
    if mark and (earlier := session.scalar(sa.select(Ticket).where(Ticket.external_id == mark))):
        return earlier  # type: ignore[no-any-return]
    customer = _sender(given, locale, session)
    if customer.is_blocked:
        raise Forbidden("Messages from here are not taken", code="blocked")
    if inbox.consent:
        customer.consented_at = customer.consented_at or clock.now()
    actor = _actor(inbox, customer)
    with acting_as(actor):
        made = [add_attachment(checked, key, session=session, actor=actor).id for checked, key in files]
        return create_ticket(
            visible(given.subject) or _title(given.message),
            customer=customer,
            channel="form",
            inbox=inbox,
            external_id=mark,
            metadata={"form": answers} if answers else None,
            first=CommentDraft(_content(given, answers), attachment_ids=tuple(made)),
            session=session,
            actor=actor,
        )


def _sender(given: Submission, locale: str | None, session: Any) -> Customer:
    name = visible(given.name)[:NAME_CHARS] or None
    address = visible(given.email)
    return claiming_customer(address, name=name, locale=locale, session=session, actor=_actor(None, None))


def _actor(inbox: Inbox | None, customer: Customer | None) -> Actor:
    return Actor(
        kind="customer",
        id=customer.id if customer else None,
        workspace_id=inbox.workspace_id if inbox else None,
        name=customer.shown_name if customer else "Visitor",
        role="customer",
        door="page",
        email=customer.claimed_email if customer else None,
        inbox_id=inbox.id if inbox else None,
    )


def _title(message: str) -> str:
    line = " ".join(visible(message.replace("\n", " ")).split())
    return line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1]}…"


def _content(given: Submission, answers: dict[str, Any]) -> str:
    """The message, and below it the answers, so that whoever answers sees them."""
    said = {True: "yes", False: "no"}
    lines = [
        f"{label}{'' if label.endswith(('?', ':')) else ':'} {said.get(value, value)}"
        for label, value in answers.items()
    ]
    return "\n\n".join(filter(None, (given.message.strip(), "\n".join(lines))))[:MAX_CHARS]
