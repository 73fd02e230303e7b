"""Opening a ticket."""

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Customer, Inbox, Ticket, TicketNumber
from webapp.models.ticket import PRIORITIES
from webapp.services import customer as customers
from webapp.services.email.customers import tell_created
from webapp.services.event import record, remember
from webapp.services.field import set_values
from webapp.services.sla.clocks import customer_facts
from webapp.services.sla.reaction import start
from webapp.services.tag import set_tags
from webapp.services.ticket.assignment import set_team
from webapp.services.ticket.comment import CommentDraft, find_repeat, place_comment
from webapp.services.ticket.update import checked, flush_external_id
from webapp.tenancy import require_workspace_id
from webapp.validators import visible

TITLE_CHARS = 200
CREATED_FIELDS = ("title", "status", "priority", "channel", "category")


def create_ticket(
    title: str,
    description: str = "",
    customer_email: str | None = None,
    priority: str = "medium",
    *,
    customer: Customer | None = None,
    customer_name: str | None = None,
    channel: str = "api",
    inbox: Inbox | None = None,
    external_id: str | None = None,
    metadata: dict[str, Any] | None = None,
    category: str | None = None,
    team_id: uuid.UUID | None = None,
    tags: Sequence[str] = (),
    fields: Mapping[str, Any] | None = None,
    page: dict[str, Any] | None = None,
    client: dict[str, Any] | None = None,
    first: CommentDraft | None = None,
    tell: bool = True,
    session: Any = None,
    actor: Actor | None = None,
) -> Ticket:
    """Opens a ticket for a customer (found or made by `customer_email`) and records `ticket.created`.

    `tell`: they hear of it by mail. `tags`: names; `fields`: values of custom fields by key. `first`: its
    first comment, written in the same breath; the same again finds the first ticket. Raises `Invalid` naming
    the field, `Conflict` for an external id that is taken.
    """
    session, actor = session or db.session(), actor or current_actor()
    if actor.kind != "customer":
        require(actor, "ticket:create")
    title = _checked_title(title, priority)
    if customer is None:
        customer = customers.customer_by_email(
            customer_email or "", name=customer_name, session=session, actor=actor
        )
    if (earlier := _repeated(first, session, actor)) is not None:
        return earlier
    ticket = Ticket(
        number=next_number(session),
        title=title,
        description=description,
        channel=channel,
        inbox_id=inbox.id if inbox else None,
        priority=priority,
        customer_id=customer.id,
        external_id=checked("external_id", external_id),
        metadata_=checked("metadata", metadata),
        category=checked("category", category),
        page=page,
        client=client or {},
        **_beginnings(),
    )
    set_team(ticket, team_id, session)
    _enter(ticket, customer, session=session, actor=actor)
    _mark(ticket, tags, fields or {}, session=session, actor=actor)
    _begin(ticket, first, tell=tell, session=session, actor=actor)
    return ticket


def _checked_title(title: str, priority: str) -> str:
    title = visible(title)[:TITLE_CHARS]
    if not title:
        raise Invalid.field("title", "A ticket needs a title")
    if priority not in PRIORITIES:
        raise Invalid.field("priority", f"Priority is one of {', '.join(PRIORITIES)}")
    return title


def _repeated(first: CommentDraft | None, session: Any, actor: Actor) -> Ticket | None:
    """The ticket that staff already opened with this first comment; decided under the numbers' lock."""
    if first is None or first.client_id is None or actor.kind == "customer":
        return None  # a customer's repeats are found under the lock on their own row
    session.scalars(sa.select(TicketNumber).with_for_update()).one()
    earlier = find_repeat(first, session=session, actor=actor)
    return earlier.ticket if earlier else None


def _enter(ticket: Ticket, customer: Customer, *, session: Any, actor: Actor) -> None:
    """Adds the row and its event; they are written with its first comment."""
    set_committed_value(ticket, "customer", customer)  # known: nobody has to ask for them
    session.add(ticket)
    if ticket.external_id:
        flush_external_id(session)
    remember(ticket, session=session, is_new=True)
    record("ticket.created", session=session, actor=actor, ticket=ticket, changes=_every_field(ticket))


def _mark(
    ticket: Ticket, tags: Sequence[str], fields: Mapping[str, Any], *, session: Any, actor: Actor
) -> None:
    if tags or fields:
        session.flush()
    if tags:
        set_tags(ticket, add=tags, session=session, actor=actor)
    if fields:
        set_values(ticket, fields, session=session, actor=actor)


def _begin(ticket: Ticket, first: CommentDraft | None, *, tell: bool, session: Any, actor: Actor) -> None:
    """Its first comment, its clocks, and word to its customer."""
    if first is not None:
        place_comment(ticket, first, session=session, actor=actor)
    elif actor.kind == "customer":
        ticket.waiting_since = clock.now()
    start(ticket, session=session)
    session.flush()
    if tell:
        tell_created(ticket, session=session)


def _beginnings() -> dict[str, Any]:
    now = clock.now()
    counts = ("comment_count", "last_seq", "last_public_seq", "last_customer_seq", "unread")
    return {
        **dict.fromkeys(counts, 0),
        "id": database.uuid7(),
        "workspace_id": require_workspace_id(),
        "status": "open",
        "status_changed_at": now,
        "shelf": "queue",
        "wakes_on_reply": True,
        "merged_inbox_ids": [],
        "created_at": now,
        "updated_at": now,
        "is_spam": False,
        "escalated": False,
    }


def _every_field(ticket: Ticket) -> dict[str, list[Any]]:
    changes = {name: [None, getattr(ticket, name)] for name in CREATED_FIELDS}
    changes["number"] = [None, ticket.number]
    changes["customer_id"] = [None, str(ticket.customer_id)]
    changes |= {name: [None, value] for name, value in customer_facts(ticket).items()}
    changes["inbox_id"] = [None, str(ticket.inbox_id) if ticket.inbox_id else None]
    rare = {
        "team_id": str(ticket.team_id) if ticket.team_id else None,
        "external_id": ticket.external_id,
        "metadata": ticket.metadata_,
    }
    return changes | {name: [None, value] for name, value in rare.items() if value}


def next_number(session: Any) -> int:
    """The number of the next ticket; the row that counts them is locked until the commit."""
    return int(session.execute(_counting(), execution_options={"synchronize_session": False}).scalar_one())


@cache
def _counting() -> Any:
    return sa.update(TicketNumber).values(number=TicketNumber.number + 1).returning(TicketNumber.number)


class TicketService:
    """A thin shell over the functions of `services.ticket`, for callers that prefer objects."""

    def __init__(self, session: Any = None) -> None:
        self.session = session

    def create_ticket(
        self,
        title: str,
        description: str = "",
        customer_email: str | None = None,
        priority: str = "medium",
        **rest: Any,
    ) -> Ticket:
        """As `services.ticket.create_ticket`."""
        return create_ticket(title, description, customer_email, priority, session=self.session, **rest)
