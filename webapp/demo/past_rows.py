"""Writing the demo's past: table by table, its events into the feed in the order of their time."""

import random
from collections.abc import Iterable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from webapp.auth import SYSTEM
from webapp.demo.house import Cast
from webapp.demo.past import COUNT, QUIET, Person, id_at, made_up
from webapp.demo.past_ledger import Row, Rows, rows_of
from webapp.extensions import db
from webapp.models import (
    Comment,
    Customer,
    Event,
    ReadMark,
    SlaClock,
    Tag,
    Ticket,
    TicketNumber,
    TicketTag,
    Timer,
    WorkspaceFeed,
)
from webapp.services import report, search
from webapp.services.sla import rules_now
from webapp.tenancy import require_workspace_id


def write_past(cast: Cast, now: datetime) -> None:
    """Fills a new workspace with what happened before; in the caller's transaction."""
    session = db.session()
    rules = rules_now(session=session)
    hours = rules.hours(cast.calendar_id, None)
    lives = made_up(cast, now, hours)
    told = [rows_of(life, cast, rules, now, now - QUIET) for life in lives]
    people = {life.person.id: life.person for life in lives}
    customers = [_customer(person) for person in people.values()]
    comments = [row for one in told for row in one.comments]
    _insert(Customer, customers)
    _insert(Ticket, [one.ticket for one in told])
    _insert(Comment, comments)
    _insert(Event, _feed(told, people.values()))
    _insert(SlaClock, [row for one in told for row in one.clocks])
    _insert(Timer, [one.timer for one in told if one.timer])
    _insert(ReadMark, [mark for one in told for mark in _marks(one.ticket)])
    _insert(TicketTag, _tags(told))
    _count(len(told))
    _index(customers, [one.ticket for one in told], comments)
    report.rebuild(limit=2 * COUNT)


def _insert(model: Any, rows: list[Row]) -> None:
    names = {name for row in rows for name in row}
    whole = [{name: row.get(name) for name in names} for row in rows]
    db.session.execute(model.__table__.insert(), whole, execution_options={"unscoped": True})


def _customer(person: Person) -> Row:
    return {
        "id": person.id,
        "workspace_id": require_workspace_id(),
        "name": person.name,
        "email": person.email,
        "tier": person.tier,
        "created_at": person.since,
        "last_seen_at": person.since,
    }


def _feed(told: Iterable[Rows], people: Iterable[Person]) -> list[Row]:
    """All events in the order of their time, numbered after those that there are."""
    events = [row for one in told for row in one.events]
    events += [_met(person) for person in people]
    events.sort(key=lambda row: (row["at"], row["ticket_seq"] or 0))
    feed = sa.select(WorkspaceFeed).with_for_update()
    row = db.session.scalars(feed.execution_options(populate_existing=True)).one()
    for event in events:
        row.seq += 1
        event["workspace_seq"] = row.seq
    db.session.flush()
    return events


def _met(person: Person) -> Row:
    named = ("comment_id", "ticket_id", "ticket_seq", "public_seq", "public_changes", "actor_id")
    return {
        **dict.fromkeys(named),
        "id": id_at(random.Random(person.email), person.since),
        "workspace_id": require_workspace_id(),
        "name": "customer.created",
        "actor_kind": SYSTEM.kind,
        "actor_name": SYSTEM.name,
        "door": SYSTEM.door,
        "at": person.since,
        "subject_id": person.id,
        "changes": {},
    }


def _marks(ticket: Row) -> Iterable[Row]:
    """Everybody has read everything."""
    seen = ticket["last_public_seq"]
    for side in ("customer", "staff"):
        about = {"workspace_id": ticket["workspace_id"], "ticket_id": ticket["id"]}
        yield {**about, "side": side, "delivered": seen, "seen": seen}


def _tags(told: Iterable[Rows]) -> list[Row]:
    ids = {tag.name: tag.id for tag in db.session.scalars(sa.select(Tag))}
    return [
        {"workspace_id": one.ticket["workspace_id"], "ticket_id": one.ticket["id"], "tag_id": ids[name]}
        for one in told
        for name in one.ticket["tags"]
    ]


def _count(tickets: int) -> None:
    counting = sa.update(TicketNumber).values(number=TicketNumber.number + tickets)
    db.session.execute(counting.execution_options(synchronize_session=False))


def _index(customers: list[Row], tickets: list[Row], comments: list[Row]) -> None:
    """What can be searched for, the oldest first: the newest are found first."""
    documents = [
        search.customer_document(SimpleNamespace(claimed_email=None, company=None, **row))
        for row in customers
    ]
    written = [
        (row["created_at"], search.ticket_document(SimpleNamespace(description="", **row))) for row in tickets
    ]
    written += [
        (row["created_at"], search.comment_document(SimpleNamespace(withdrawn_at=None, **row)))
        for row in comments
    ]
    documents += [document for _, document in sorted(written, key=lambda one: one[0])]
    search.write_documents(documents, session=db.session())
