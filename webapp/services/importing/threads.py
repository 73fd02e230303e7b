"""Tickets of elsewhere, and what was said on them."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor
from webapp.models import Customer, Event, ImportedRow, Ticket, User
from webapp.models.ticket import ENDED
from webapp.services.importing.batch import Batch, Item, Values
from webapp.services.importing.known import comment_id, description_id, external_id
from webapp.services.importing.mapping import Wrong, digest_of
from webapp.services.importing.past import DOOR, Past
from webapp.services.importing.people import new_customer
from webapp.services.ticket.create import next_number

TITLE_CHARS = 200


def take_ticket(batch: Batch, item: Item, row: ImportedRow | None) -> str:
    """A ticket with what is said on its row; what became of it. Raises `Wrong`."""
    values = item.values
    key = external_id("ticket", values)
    ticket = batch.known.tickets.get(row.record_id) if row and row.record_id else None
    if row is not None and (ticket is None or _is_touched(batch, ticket)):
        return "left"
    customer = _requester(batch, values)
    agent = batch.known.user(values["agent_id"], values["agent"])
    if ticket is not None:
        _change(batch, ticket, customer, agent, values)
        batch.remember("ticket", key, ticket.id, item.digest, is_new=True)
        return "updated"
    ticket = _new_ticket(batch, customer, values)
    past = batch.pasts[ticket.id] = Past(ticket)
    _live(batch, past, customer, agent, values)
    batch.tickets.append(ticket)
    batch.known.tickets[ticket.id] = ticket
    batch.remember("ticket", key, ticket.id, item.digest, is_new=True)
    return "created"


def _is_touched(batch: Batch, ticket: Ticket) -> bool:
    """Whether anybody here has done anything with it, or put it in the trash."""
    if ticket.id in batch.pasts:
        return False
    query = sa.select(Event.id).where(Event.ticket_id == ticket.id, Event.door != DOOR).limit(1)
    return ticket.deleted_at is not None or batch.session.scalar(query) is not None


def _requester(batch: Batch, values: Values) -> Customer:
    external, email = values["customer_id"], values["customer_email"]
    found = batch.known.customer(external, email)
    if found is None and email:
        found = new_customer(batch, email, values["customer_name"], values["created_at"])
    if found is None and external:
        raise Wrong("customer_id", "This customer is not known: import the customers first")
    if found is None:
        raise Wrong("customer_email", "This must say who asked: an address, or a customer's id")
    if external and ("customer", external) not in batch.known.rows:
        batch.remember("customer", external, found.id, "", is_new=False)
    return found


def _new_ticket(batch: Batch, customer: Customer, values: Values) -> Ticket:
    at = values["created_at"] or clock.now()
    is_over = values["status"] in ENDED
    channel = values["channel"] if values["channel"] != "chat" or is_over else "api"
    counts = ("comment_count", "last_seq", "last_public_seq", "last_customer_seq", "unread")
    return Ticket(
        **dict.fromkeys(counts, 0),
        id=database.uuid7(),
        number=next_number(batch.session),
        title=values["title"][:TITLE_CHARS],
        description="",
        channel=channel,
        priority=values["priority"],
        category=(values["category"] or "")[:60] or None,
        status="open",
        tags=[],
        customer_id=customer.id,
        customer=customer,
        metadata_={"imported": {"source": batch.source, "id": values["id"]}},
        status_changed_at=at,
        created_at=at,
        updated_at=at,
        is_spam=False,
        escalated=False,
        merged_inbox_ids=[],
        wakes_on_reply=True,
    )


def _live(batch: Batch, past: Past, customer: Customer, agent: User | None, values: Values) -> None:
    """Its life from the beginning, in the order of its times."""
    began = past.ticket.created_at
    said = _said(values)
    past.create(_as_customer(customer), batch.source)
    past.tag(batch.put_tags(past.ticket, values["tags"]), batch.actor, began)
    moments = [one["created_at"] or began for one in said]
    acts = [(one["created_at"] or began, _saying(batch, past, customer, values, one)) for one in said]
    answered = [at for at, one in zip(moments, said, strict=True) if _is_staff(batch, one, customer, values)]
    given_at = min([*answered, values["resolved_at"] or values["updated_at"] or began])
    acts.insert(0, (given_at, lambda at: past.assign(agent, batch.actor, at)))
    last = values["resolved_at"] or max([values["updated_at"] or began, *moments])
    acts.append((last, lambda at: past.move(values["status"], _mover(batch, agent), at)))
    for at, act in sorted(acts, key=lambda pair: pair[0]):
        act(max(at, began))


def _said(values: Values) -> list[Values]:
    """Its comments; a description that is none of them comes first."""
    said = list(values["comments"])
    text = values["description"]
    if text and all(one["content"] != text for one in said):
        first = {"id": description_id(values["id"]), "content": text, "public": True}
        whose = {"author_id": None, "author_email": None, "author_name": None, "created_at": None}
        said.insert(0, {**whose, **first})
    return said


def _saying(
    batch: Batch, past: Past, customer: Customer, values: Values, one: Values
) -> Callable[[datetime], object]:
    author = _author(batch, one, customer, values)
    key = comment_id(values["id"], one)

    def say(at: datetime) -> None:
        made = past.say(author, at, one["content"], is_public=one["public"])
        batch.remember("comment", key, made.id, digest_of({"content": one["content"]}), is_new=True)

    return say


def _is_staff(batch: Batch, one: Values, customer: Customer, values: Values) -> bool:
    return one["public"] and _author(batch, one, customer, values).kind == "user"


def _author(batch: Batch, one: Values, customer: Customer, values: Values) -> Actor:
    """Who said it: the customer, one of ours, somebody else's agent, or another customer."""
    key, email, name = one["author_id"], one["author_email"], one["author_name"]
    if not (key or email or name) or (key and key == values["customer_id"]):
        return _as_customer(customer)
    if email and email in (customer.email, customer.claimed_email):
        return _as_customer(customer)
    user = batch.known.user(key, email or name)
    if user is not None:
        return Actor("user", user.id, None, user.name, user.role, DOOR, user.email)
    other = batch.known.customer(key, email)
    if other is not None:
        return _as_customer(other)
    row = batch.known.rows.get(("agent", key)) if key else None
    if row is None and not email and name and name == customer.name:
        return _as_customer(customer)
    shown = (row.label if row else None) or name or email or f"Agent {key}"
    return Actor("user", None, None, shown[:254], "agent", DOOR, email)


def _mover(batch: Batch, agent: User | None) -> Actor:
    if agent is None:
        return batch.actor
    return Actor("user", agent.id, None, agent.name, agent.role, DOOR, agent.email)


def _change(batch: Batch, ticket: Ticket, customer: Customer, agent: User | None, values: Values) -> None:
    """What the row says now, on a ticket that nobody here has touched."""
    past = _past(batch, ticket)
    at = max(values["updated_at"] or clock.now(), ticket.created_at)
    for one in _said(values):
        key = comment_id(values["id"], one)
        if ("comment", key) not in batch.known.rows:
            _saying(batch, past, customer, values, one)(max(one["created_at"] or at, ticket.created_at))
    title, category = values["title"][:TITLE_CHARS], (values["category"] or "")[:60] or None
    past.update(batch.actor, at, title=title, priority=values["priority"], category=category)
    past.assign(agent, batch.actor, at)
    past.tag(batch.put_tags(ticket, values["tags"]), batch.actor, at)
    past.move(values["status"], _mover(batch, agent), values["resolved_at"] or at)


def _past(batch: Batch, ticket: Ticket) -> Past:
    return batch.pasts.setdefault(ticket.id, Past(ticket))


# --- comments -------------------------------------------------------------------------------------


def take_comment(batch: Batch, item: Item, row: ImportedRow | None) -> str:
    """A comment in a row of its own, on a ticket that came before it. Raises `Wrong`."""
    values = item.values
    key = comment_id(values["ticket_id"], values)
    about = batch.known.rows.get(("ticket", values["ticket_id"]))
    ticket = batch.known.tickets.get(about.record_id) if about and about.record_id else None
    if ticket is None:
        raise Wrong("ticket_id", "This ticket is not known: import the tickets first")
    digest = digest_of({"content": values["content"]})
    before = row or batch.known.rows.get(("comment", description_id(values["ticket_id"])))
    if row is not None or (before is not None and before.digest == digest):
        outcome = "same" if before.digest == digest else "left"
        batch.remember("comment", key, before.record_id, item.digest, is_new=False)
        return outcome
    context = {"customer_id": None, "id": values["ticket_id"]}
    author = _author(batch, values, ticket.customer, context)
    at = max(values["created_at"] or clock.now(), ticket.created_at)
    made = _past(batch, ticket).say(author, at, values["content"], is_public=values["public"])
    batch.remember("comment", key, made.id, item.digest, is_new=True)
    return "created"


def _as_customer(customer: Customer) -> Actor:
    return Actor("customer", customer.id, None, customer.shown_name, "customer", DOOR, customer.email)
