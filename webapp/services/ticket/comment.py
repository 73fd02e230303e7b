"""Writing a comment: the one path that every door's message takes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from webapp import clock, database
from webapp.auth import Actor, current_actor
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Comment, Event, Ticket
from webapp.schemas.event import event_for_staff
from webapp.schemas.paging import read_cursor, write_cursor
from webapp.services import attachment as attachments
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.reading import advance_mark
from webapp.services.ticket.status import change_status

MAX_CHARS = 10_000
PREVIEW_CHARS = 140


@dataclass(frozen=True)
class CommentDraft:
    """What somebody wants to say. `client_id` makes saying it twice the same as saying it once; `mail`: see
    `Comment`.
    """

    content: str
    kind: str = "reply"
    client_id: uuid.UUID | None = None
    attachment_ids: tuple[uuid.UUID, ...] = ()
    mail: dict[str, Any] | None = None


def add_comment(
    ticket_id: uuid.UUID,
    content: str,
    *,
    kind: str = "reply",
    client_id: uuid.UUID | None = None,
    attachment_ids: Sequence[uuid.UUID] = (),
    seen_seq: int | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> Comment:
    """Writes a reply or note on a ticket; the same `client_id` again returns the first comment.

    `seen_seq`: the last sequence its author has seen. Raises `Conflict` "stale" if comments of others lie
    after it, "client_id_reused" for other content under a used id, and "conflict" on a closed ticket.
    """
    session, actor = session or db.session(), actor or current_actor()
    draft = CommentDraft(content, kind, client_id, tuple(attachment_ids))
    ticket = ticket_for(ticket_id, _permission(draft, actor), session=session, actor=actor, lock=True)
    if (earlier := find_repeat(draft, session=session, actor=actor)) is not None:
        return earlier
    if ticket.status == "closed" and draft.kind == "reply":
        raise Conflict("This ticket is closed; reopen it to reply", current={"status": "closed"})
    if seen_seq is not None:
        _refuse_stale(ticket, seen_seq, session=session, actor=actor)
    if actor.kind == "customer":
        from webapp.services.ticket.transitions import customer_writes

        customer_writes(ticket, session=session, actor=actor)
    return write_comment(ticket, draft, session=session, actor=actor)


def list_comments(
    ticket: Ticket, *, kind: str | None = None, cursor: str | None = None, limit: int = 50
) -> tuple[list[Comment], str | None]:
    """A page of a ticket's replies and notes in their order, and the cursor of the next."""
    query = sa.select(Comment).where(Comment.ticket_id == ticket.id)
    if kind is not None:
        query = query.where(Comment.kind == kind)
    if cursor:
        query = query.where(Comment.seq > read_cursor(cursor, int)[0])
    loaded = query.options(sa.orm.selectinload(Comment.attachments)).order_by(Comment.seq)
    found = list(db.session.scalars(loaded.limit(limit + 1)))
    return found[:limit], write_cursor((found[limit - 1].seq,)) if len(found) > limit else None


def comment_for(ticket: Ticket, comment_id: uuid.UUID) -> Comment:
    """A ticket's comment. Raises `NotFound`."""
    query = sa.select(Comment).where(Comment.id == comment_id, Comment.ticket_id == ticket.id)
    found: Comment | None = db.session.scalar(query)
    if found is None:
        raise NotFound("There is no such comment")
    return found


def _permission(draft: CommentDraft, actor: Actor) -> str:
    if actor.kind == "customer":
        if draft.kind != "reply":
            raise Invalid.field("kind", "Only replies can be written here")
        return "chat:write"
    return "ticket:reply" if draft.kind == "reply" else "ticket:note"


def find_repeat(draft: CommentDraft, *, session: Any, actor: Actor) -> Comment | None:
    """The comment this author already wrote under the draft's `client_id`, if any.

    Raises `Conflict` when that one says something else.
    """
    if draft.client_id is None:
        return None
    query = sa.select(Comment).where(Comment.author_id == actor.id, Comment.client_id == draft.client_id)
    found: Comment | None = session.scalar(query)
    if found is None:
        return None
    same_files = {row.id for row in found.attachments} == set(draft.attachment_ids)
    if found.content != clean(draft) or found.kind != draft.kind or not same_files:
        raise Conflict("This id was used for another message", code="client_id_reused")
    return found


def clean(draft: CommentDraft) -> str:
    """The content as it is stored."""
    return draft.content.replace("\r\n", "\n").strip()


def _refuse_stale(ticket: Ticket, seen_seq: int, *, session: Any, actor: Actor) -> None:
    query = (
        sa.select(Event)
        .join(Comment, Comment.id == Event.comment_id)
        .where(
            Event.ticket_id == ticket.id,
            Event.ticket_seq > seen_seq,
            Comment.author_id.is_distinct_from(actor.id),
        )
        .order_by(Event.ticket_seq)
        .limit(50)
    )
    unseen = list(session.scalars(query))
    if unseen:
        raise Conflict(
            "Something new was written since you began",
            code="stale",
            current={"events": [event_for_staff(event) for event in unseen]},
        )


def write_comment(ticket: Ticket, draft: CommentDraft, *, session: Any, actor: Actor) -> Comment:
    """Writes the comment on a ticket that is locked, with everything it moves. Raises `Invalid`."""
    comment = place_comment(ticket, draft, session=session, actor=actor)
    session.flush()
    return comment


def place_comment(ticket: Ticket, draft: CommentDraft, *, session: Any, actor: Actor) -> Comment:
    """As `write_comment`, but leaves the flush to its caller, who has more to write."""
    content = clean(draft)
    if not content and not draft.attachment_ids:
        raise Invalid.field("content", "Write a message or add a file")
    if len(content) > MAX_CHARS:
        raise Invalid.field("content", f"At most {MAX_CHARS:,} characters; this has {len(content):,}")
    comment = Comment(
        id=database.uuid7(),
        ticket_id=ticket.id,
        kind=draft.kind,
        content=content,
        author_kind=actor.kind,
        author_id=actor.id,
        author_name=actor.name,
        author_email=actor.email,
        client_id=draft.client_id,
        mail=draft.mail,
        created_at=clock.now(),
    )
    files = attachments.claim(draft.attachment_ids, ticket, session=session, actor=actor)
    record(
        "comment.created",
        session=session,
        actor=actor,
        ticket=ticket,
        comment=comment,
        is_public=draft.kind == "reply",
    )
    attachments.bind(files, ticket, comment, session=session)
    set_committed_value(comment, "attachments", files)  # known: nobody has to ask for them
    _move_ticket(ticket, comment, files, session=session, actor=actor)
    return comment


def preview_of(comment: Comment, files: Sequence[Any] | None = None) -> dict[str, Any]:
    """What the queue shows of a comment; `files`: its attachments where they are at hand."""
    names = ", ".join(row.name for row in (comment.attachments if files is None else files))
    author_id = str(comment.author_id) if comment.author_id else None
    return {
        "preview": (comment.content or names)[:PREVIEW_CHARS],
        "kind": comment.kind,
        "author": {"kind": comment.author_kind, "id": author_id, "name": comment.author_name},
        "at": clock.iso(comment.created_at),
    }


def _move_ticket(ticket: Ticket, comment: Comment, files: list[Any], *, session: Any, actor: Actor) -> None:
    ticket.comment_count += 1
    ticket.last_comment = preview_of(comment, files)
    if comment.kind == "note":
        return
    if actor.kind == "customer":
        ticket.waiting_since = ticket.waiting_since or comment.created_at
        ticket.unread += 1
        ticket.last_customer_seq = comment.public_seq or 0
        advance_mark(ticket, "customer", seen=comment.public_seq or 0, session=session)
        return
    if actor.kind != "user":
        return  # what we say by ourselves answers nobody
    ticket.waiting_since = None
    ticket.answered_at = ticket.answered_at or comment.created_at
    ticket.replied_at = comment.created_at
    advance_mark(ticket, "staff", seen=comment.public_seq or 0, session=session)
    if ticket.status in ("open", "assigned") and ticket.assigned_agent_id == actor.id:
        change_status(ticket, "in_progress", session=session, actor=actor)
