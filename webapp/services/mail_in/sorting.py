"""Where a mail belongs, decided from what it says and what is proved of it. Reads only."""

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from webapp import clock
from webapp.extensions import db
from webapp.models import BlockedSender, CustomerAlias, InboundMail, Inbox, Mailbox, Ticket, User
from webapp.services.email import carriers
from webapp.services.email.thread import ReplyClaim, open_reply_token, read_message_id
from webapp.services.mail_in import marks
from webapp.services.mail_in.parse import ParsedMail
from webapp.services.user import actor_of
from webapp.validators import fold_email

if TYPE_CHECKING:
    from webapp.services.mail_in.arrival import Arrival

AUTOMATIC_A_DAY = 5
"""Of what machines write, a ticket takes so much in a day."""
NEW_AN_HOUR = 20
"""So many tickets one sender opens in an hour; what comes then waits for a person."""
_NUMBER = re.compile(r"#(\d{1,9})\b")

REASONS = {
    "spam": "Its server calls it spam",
    "automatic": "A machine wrote it",
    "list": "It was sent to a mailing list",
    "flood": "Too many from this sender in an hour",
    "stranger": "Nobody has proved who sent it",
    "broken": "It could not be taken: a mistake of ours. Look at the original",
    "no_sender": "It names no sender",
    "own_address": "It names our own address as its sender",
    "agent_token": "It came to an agent's reply address, but not provably from that agent",
    "closed": "The agent's answer came after the ticket was closed",
    "blocked": "The sender is blocked",
    "loop": "Too many of them on one ticket in a day",
    "own": "We sent it ourselves",
    "reported": "A mail of ours came back",
    "unknown": "It reports on a mail that is not ours",
    "discarded": "Somebody deleted it",
}
"""Why a mail is held, dropped or set apart, in plain words."""


@dataclass(frozen=True)
class Route:
    """What becomes of a mail.

    `ticket_id`: the ticket it joins; of a new one, the ticket it is related to. `user_id`: the agent who
    answers by it. `is_other`: its author is not the ticket's customer. `is_note`: shown to staff alone.
    """

    status: str
    reason: str | None = None
    ticket_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    is_verified: bool = False
    is_other: bool = False
    is_note: bool = False

    @property
    def shows(self) -> bool:
        """Whether its text and files become a comment."""
        return self.status in ("new", "threaded")


@dataclass(frozen=True)
class Thread:
    """The ticket that a mail names, and the token by which it does, if it does so by one."""

    ticket: Ticket
    claim: ReplyClaim | None = None


def find_known(fingerprint: str, *, session: Any = None) -> InboundMail | None:
    """The same mail, if it has come before."""
    query = sa.select(InboundMail).where(InboundMail.fingerprint == fingerprint)
    found: InboundMail | None = (session or db.session()).scalar(query)
    return found


@dataclass(frozen=True)
class _Case:
    """A mail with what is known of it. `proof` of its author: yes, no, or None: nothing."""

    parsed: ParsedMail
    box: Mailbox
    address: str
    proof: bool | None
    found: Thread | None
    session: Any


def find_route(parsed: ParsedMail, arrival: "Arrival", inbox: Inbox, *, session: Any = None) -> Route:
    """Where a mail of this inbox belongs, as things are now."""
    session = session or db.session()
    if parsed.message_id and read_message_id(parsed.message_id):
        return Route("dropped", "own")
    if parsed.bounce is not None:
        return Route("bounce")
    if parsed.author is None or parsed.sender is None:
        return Route("suspended", "no_sender")
    box = mailbox_of(inbox, session=session)
    if (refused := _refuse(parsed, arrival, box, session)) is not None:
        return refused
    proof = _proof(parsed, arrival, box)
    found = find_thread(parsed, arrival, bool(proof), session=session)
    case = _Case(parsed, box, parsed.author.address, proof, found, session)
    is_staffs = found is not None and found.claim is not None and found.claim.purpose == "staff"
    return _of_staff(case) if is_staffs else _of_customer(case)


def _refuse(parsed: ParsedMail, arrival: "Arrival", box: Mailbox, session: Any) -> Route | None:
    """What its sender alone decides."""
    named = [one.address for one in (parsed.sender, parsed.author) if one]
    if any(is_blocked_sender(address, session=session) for address in named):
        return Route("dropped", "blocked")
    if not own_addresses(box).isdisjoint(named):
        return Route("suspended", "own_address")
    return Route("suspended", "spam") if parsed.is_spam or arrival.is_spam else None


def mailbox_of(inbox: Inbox, *, session: Any) -> Mailbox:
    """How mail comes to an inbox; the defaults where nobody has set it up."""
    found: Mailbox | None = session.scalar(sa.select(Mailbox).where(Mailbox.inbox_id == inbox.id))
    return found or _usual(inbox)


def _usual(inbox: Inbox) -> Mailbox:
    defaults = {column.name: column.default for column in Mailbox.__table__.columns}
    usual = {name: found.arg for name, found in defaults.items() if found is not None and found.is_scalar}
    return Mailbox(inbox_id=inbox.id, **usual)


def own_addresses(box: Mailbox) -> set[str]:
    """The addresses from which only we write."""
    return {fold_email(one) for one in (box.address, carriers.sender().addr_spec, carriers.reply_to()) if one}


def is_blocked_sender(address: str, *, session: Any = None) -> bool:
    """Whether staff want no mail of an address, or of its domain."""
    wanted = (address, f"@{address.rpartition('@')[2]}")
    query = sa.select(BlockedSender.id).where(BlockedSender.address.in_(wanted)).limit(1)
    return (session or db.session()).scalar(query) is not None


def _proof(parsed: ParsedMail, arrival: "Arrival", box: Mailbox) -> bool | None:
    """What is proved of the author. A website that writes for somebody proves nothing."""
    if parsed.author != parsed.sender or parsed.sender is None:
        return None
    if arrival.verdict is not None:
        return arrival.verdict
    return marks.verdict(parsed.results, box.trusted_host, parsed.sender.address)


# --- the ticket that it names ---------------------------------------------------------------------


def find_thread(
    parsed: ParsedMail, arrival: "Arrival", is_proved: bool, *, session: Any = None
) -> Thread | None:
    """The ticket that a mail names: by a token of ours, by the mails it answers, by its number.

    A number counts for a proved sender alone, and only on their own ticket: anybody can count.
    """
    session = session or db.session()
    for recipient in dict.fromkeys((*arrival.recipients, *parsed.recipients)):
        claim = open_reply_token(recipient.partition("@")[0].rpartition("+")[2])
        if claim and (ticket := _living(claim.ticket_id, session)) is not None:
            return Thread(ticket, claim)
    for ticket_id in _answered(parsed, session):
        if (ticket := _living(ticket_id, session)) is not None:
            return Thread(ticket)
    return _numbered(parsed, session) if is_proved else None


def _living(ticket_id: uuid.UUID, session: Any) -> Ticket | None:
    """The ticket with that id, or what it was merged into; none for one that lies in the trash."""
    named = sa.orm.aliased(Ticket)
    leads_to = Ticket.id == sa.func.coalesce(named.merged_into_id, named.id)
    query = sa.select(Ticket).join(named, leads_to).where(named.id == ticket_id, Ticket.deleted_at.is_(None))
    found: Ticket | None = session.scalar(query)
    return found


def _answered(parsed: ParsedMail, session: Any) -> list[uuid.UUID]:
    """The tickets of the mails that it answers: ours are known by our mark, theirs by their id."""
    ours = [found for one in parsed.references if (found := read_message_id(one))]
    theirs = sa.select(InboundMail.ticket_id).where(
        InboundMail.message_id.in_(parsed.references), InboundMail.ticket_id.is_not(None)
    )
    came = list(session.scalars(theirs.limit(20))) if parsed.references else []
    return list(dict.fromkeys([*ours, *came]))


def _numbered(parsed: ParsedMail, session: Any) -> Thread | None:
    named = _NUMBER.search(parsed.subject)
    if named is None or parsed.author is None:
        return None
    ticket_id = session.scalar(sa.select(Ticket.id).where(Ticket.number == int(named[1])))
    ticket = _living(ticket_id, session) if ticket_id else None
    return Thread(ticket) if ticket and belongs(ticket, parsed.author.address, session=session) else None


def belongs(ticket: Ticket, address: str, *, session: Any) -> bool:
    """Whether an address is the one of a ticket's customer."""
    customer = ticket.customer
    if address in {fold_email(one) for one in (customer.email, customer.claimed_email) if one}:
        return True
    alias = sa.select(CustomerAlias.id).where(
        CustomerAlias.customer_id == customer.id,
        CustomerAlias.kind == "email",
        CustomerAlias.value == address,
    )
    return session.scalar(alias) is not None


# --- by whom --------------------------------------------------------------------------------------


def _of_staff(case: _Case) -> Route:
    """An agent's answer goes out only if the token is theirs, they may answer now, and nothing speaks
    against it being them.
    """
    assert case.found is not None
    ticket, claim = case.found.ticket, case.found.claim
    if case.parsed.is_automatic or case.parsed.lists:
        return Route("dropped", "automatic", ticket_id=ticket.id)
    query = sa.select(User).where(User.email == case.address, User.workspace_id == ticket.workspace_id)
    user: User | None = case.session.scalar(query)
    is_theirs = claim is not None and claim.is_from(case.address)
    is_proved = bool(case.proof) if case.box.trusted_host else case.proof is not False
    if user is None or not user.is_active or not (is_theirs and is_proved):
        return Route("suspended", "agent_token")
    if not actor_of(user).may("ticket:reply"):
        return Route("suspended", "agent_token")
    return Route("threaded", ticket_id=ticket.id, user_id=user.id, is_verified=True)


def _of_customer(case: _Case) -> Route:
    found, parsed = case.found, case.parsed
    is_owner = found is not None and belongs(found.ticket, case.address, session=case.session)
    claim = found.claim if found else None
    # Whoever answers our mail from the address it went to has read it there, unless their server denies it.
    is_verified = bool(case.proof) or (
        case.proof is None and claim is not None and claim.is_from(case.address)
    )
    if parsed.is_automatic:
        return _of_machine(found if is_owner else None, is_verified, case.session)
    if found is not None and (is_owner or claim is not None):
        return Route("threaded", ticket_id=found.ticket.id, is_verified=is_verified, is_other=not is_owner)
    if (reason := _why_held(case, is_verified)) is not None:
        return Route("suspended", reason)
    return Route("new", ticket_id=found.ticket.id if found else None, is_verified=is_verified)


def _why_held(case: _Case, is_verified: bool) -> str | None:
    """Why a mail that would open a ticket waits for a person instead."""
    if case.parsed.lists and not _is_own_list(case.parsed, case.box):
        return "list"
    if _opened_lately(case.address, case.session) >= NEW_AN_HOUR:
        return "flood"
    return "stranger" if case.box.strangers == "hold" and not is_verified else None


def _of_machine(found: Thread | None, is_verified: bool, session: Any) -> Route:
    """An absence on a ticket is told to staff; it moves nothing. Everything else waits for a person."""
    if found is None:
        return Route("suspended", "automatic")
    query = sa.select(sa.func.count(InboundMail.id)).where(
        InboundMail.ticket_id == found.ticket.id,
        InboundMail.is_automatic,
        InboundMail.received_at > clock.now() - timedelta(days=1),
    )
    if session.scalar(query) >= AUTOMATIC_A_DAY:
        return Route("dropped", "loop", ticket_id=found.ticket.id)
    return Route("threaded", ticket_id=found.ticket.id, is_verified=is_verified, is_note=True)


def _is_own_list(parsed: ParsedMail, box: Mailbox) -> bool:
    """Whether the list is our own address, which a group of the company forwards to us."""
    address = fold_email(box.address)
    return bool(address) and any(
        address in one or f"<{address.replace('@', '.')}>" in one for one in parsed.lists
    )


def _opened_lately(address: str, session: Any) -> int:
    query = sa.select(sa.func.count(InboundMail.id)).where(
        InboundMail.from_address == address,
        InboundMail.status == "new",
        InboundMail.received_at > clock.now() - timedelta(hours=1),
    )
    return int(session.scalar(query))
