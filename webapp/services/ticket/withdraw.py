"""Taking a reply back before it is mailed: it stays in the ledger, marked, and no longer counts as an
answer.
"""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.errors import Conflict, Forbidden, NotFound
from webapp.extensions import db
from webapp.models import Comment, Event, MailDelivery, Ticket
from webapp.services.email.customers import cancel
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.comment import preview_of
from webapp.services.ticket.status import change_status


def withdraw_comment(
    ticket_id: uuid.UUID, comment_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> Comment:
    """Takes the actor's own reply back; its mails are not sent, and the ticket is as if it had not been
    written.

    Raises `Conflict` "already_sent" once a mail of it is on its way, and for a reply that is not mailed at
    all.
    """
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:reply", session=session, actor=actor, lock=True)
    comment = _own(ticket, comment_id, actor, session)
    if comment.withdrawn_at is not None:
        return comment
    theirs = sa.select(MailDelivery).where(MailDelivery.comment_id == comment.id)
    wanted = len(list(session.scalars(theirs.execution_options(populate_existing=True))))
    if not wanted or cancel(theirs.where(MailDelivery.status == "queued"), session=session) < wanted:
        raise Conflict("It has left the house already", code="already_sent")
    comment.withdrawn_at = clock.now()
    session.flush()
    changes = {"comment_seq": [comment.seq, None]}
    record(
        "comment.withdrawn",
        session=session,
        actor=actor,
        ticket=ticket,
        subject_id=comment.id,
        changes=changes,
    )
    _as_before(ticket, comment, session=session, actor=actor)
    session.flush()
    return comment


def _own(ticket: Ticket, comment_id: uuid.UUID, actor: Actor, session: Any) -> Comment:
    query = sa.select(Comment).where(Comment.id == comment_id, Comment.ticket_id == ticket.id)
    found: Comment | None = session.scalar(query)
    if found is None:
        raise NotFound("There is no such message")
    if found.author_kind != actor.kind or found.author_id != actor.id:
        raise Forbidden("Only its author can take it back")
    return found


def _as_before(ticket: Ticket, comment: Comment, *, session: Any, actor: Actor) -> None:
    """The ticket's columns that the reply moved, made anew from the comments that count."""
    counting = (
        sa.select(Comment)
        .where(Comment.ticket_id == ticket.id, Comment.withdrawn_at.is_(None))
        .order_by(Comment.seq)
    )
    comments = list(session.scalars(counting))
    answers = [row for row in comments if row.kind == "reply" and row.author_kind == "user"]
    since = answers[-1].seq if answers else 0
    waiting = [row for row in comments if row.author_kind == "customer" and row.seq > since]
    ticket.comment_count = len(comments)
    ticket.last_comment = preview_of(comments[-1]) if comments else None
    ticket.answered_at = answers[0].created_at if answers else None
    ticket.replied_at = answers[-1].created_at if answers else None
    ticket.waiting_since = waiting[0].created_at if waiting else None
    _status_as_before(ticket, comment, session=session, actor=actor)


def _status_as_before(ticket: Ticket, comment: Comment, *, session: Any, actor: Actor) -> None:
    """Back from the status that the reply itself brought, if nobody has set another one since."""
    query = sa.select(Event).where(
        Event.ticket_id == ticket.id, Event.ticket_seq > comment.seq, Event.name == "ticket.status_changed"
    )
    moves = list(session.scalars(query.order_by(Event.ticket_seq).limit(2)))
    if len(moves) != 1 or moves[0].ticket_seq != comment.seq + 1 or ticket.status != "in_progress":
        return
    change_status(ticket, moves[0].changes["status"][0], session=session, actor=actor)
