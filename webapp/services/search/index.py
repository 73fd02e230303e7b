"""Keeping the index: a document for each ticket, comment and customer, written with them in one flush."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm

from webapp.database import Session
from webapp.extensions import db
from webapp.models import Comment, Customer, Event, SearchDocument, Ticket
from webapp.tenancy import require_workspace_id
from webapp.upsert import put
from webapp.words import vector, words

BATCH = 500
MOVING = ("ticket.merged", "ticket.unmerged", "ticket.split")
MOVED = ("ticket_id", "customer_id", "title", "body", "vector")
UNSCOPED = {"unscoped": True}
Row = dict[str, Any]


def ticket_document(ticket: Ticket) -> Row:
    """A ticket's title and description."""
    return _document(ticket, "ticket", ticket.title, ticket.description, ticket_id=ticket.id)


def comment_document(comment: Comment) -> Row:
    """What a comment says; one that was taken back says nothing."""
    body = "" if comment.withdrawn_at else comment.content
    return _document(comment, "comment", "", body, ticket_id=comment.ticket_id)


def customer_document(customer: Customer) -> Row:
    """A customer's name, addresses and company."""
    body = " ".join(filter(None, (customer.email, customer.claimed_email, customer.company)))
    return _document(customer, "customer", customer.name or "", body, customer_id=customer.id)


_DOCUMENTS: dict[type, tuple[Callable[[Any], Row], tuple[str, ...]]] = {
    Ticket: (ticket_document, ("title", "description")),
    Comment: (comment_document, ("content", "ticket_id", "withdrawn_at")),
    Customer: (customer_document, ("name", "email", "claimed_email", "company")),
}


def _document(subject: Any, kind: str, title: str, body: str, **leads_to: uuid.UUID) -> Row:
    title_words, body_words = words(title or ""), words(body or "")
    return {
        "workspace_id": subject.workspace_id,
        "kind": kind,
        "subject_id": subject.id,
        "ticket_id": None,
        "customer_id": None,
        **leads_to,
        "title": " ".join(title_words),
        "body": " ".join(body_words),
        "vector": vector(title_words, body_words),
    }


@event.listens_for(Session, "after_flush")
def _follow(session: Session, _context: Any) -> None:
    """Whatever door a change came through, the index has it in the same transaction."""
    rows = [row for subject in (*session.new, *session.dirty) if (row := _changed(session, subject))]
    gone = [subject.id for subject in session.deleted if isinstance(subject, Comment)]
    if rows:
        write_documents(rows, session=session)
    if gone:
        table = SearchDocument.__table__
        session.execute(sa.delete(table).where(table.c.subject_id.in_(gone)), execution_options=UNSCOPED)


def _changed(session: Session, subject: Any) -> Row | None:
    known = _DOCUMENTS.get(type(subject))
    if known is None:
        return None
    make, watched = known
    if subject in session.new:
        row = make(subject)
        return row if row["title"] or row["body"] else None  # most visitors never say who they are
    state = sa.inspect(subject)
    return make(subject) if any(state.attrs[name].history.has_changes() for name in watched) else None


def write_documents(rows: list[Row], *, session: Any) -> None:
    """Writes documents, those of a subject in the place of the former."""
    if session.get_bind().dialect.name != "postgresql":
        rows = [{**row, "vector": None} for row in rows]
    put(SearchDocument, rows, keys=("subject_id", "kind"), moved=MOVED, session=session, flushes=False)


def follow_moves(session: Any, recorded: list[tuple[Event, Ticket | None]]) -> None:
    """Comments that a merge or a split moved to a ticket are found there: a reaction of the ledger."""
    for ticket_id in {ticket.id for event_, ticket in recorded if ticket and event_.name in MOVING}:
        here = sa.select(Comment.id).where(Comment.ticket_id == ticket_id)
        moved = sa.update(SearchDocument).where(
            SearchDocument.kind == "comment",
            SearchDocument.subject_id.in_(here),
            SearchDocument.ticket_id != ticket_id,
        )
        session.execute(moved.values(ticket_id=ticket_id), execution_options={"synchronize_session": False})


def rebuild(*, session: Any = None) -> int:
    """Makes the workspace's documents again, from what is stored; returns how many there are."""
    session = session or db.session()
    workspace_id = require_workspace_id()
    session.execute(sa.delete(SearchDocument).where(SearchDocument.workspace_id == workspace_id))
    count = 0
    for model, (make, _) in _DOCUMENTS.items():
        for rows in _batches(session, model, make):
            write_documents(rows, session=session)
            count += len(rows)
    return count


def _batches(session: Any, model: Any, make: Callable[[Any], Row]) -> Iterator[list[Row]]:
    """All rows' documents, by id: a cursor held open would not outlive the writes between."""
    after = uuid.UUID(int=0)
    query = sa.select(model).order_by(model.id).limit(BATCH).options(orm.lazyload("*"))
    while found := list(session.scalars(query.where(model.id > after))):
        after = found[-1].id
        rows = [make(subject) for subject in found]
        session.expunge_all()
        yield [row for row in rows if row["title"] or row["body"]] or []


def mend() -> None:
    """SQLite: the words in FTS5 are made again from the documents; nothing to do on PostgreSQL."""
    if db.session.get_bind().dialect.name == "sqlite":
        again = sa.text("INSERT INTO search_index(search_index) VALUES ('rebuild')")
        db.session.execute(again, execution_options=UNSCOPED)
