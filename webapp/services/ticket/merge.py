"""Merging a ticket into another and taking that back; making a new ticket of some comments.

No comment moves: rows and ledger stay where they are, and the other ticket's own ledger gets an event for
each comment that it shows (docs/adr/0008). So a merge is undone by setting a few fields back.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Comment, Event, Follower, Ticket, TicketMerge
from webapp.models.ticket import ENDED
from webapp.schemas.ticket import CUSTOMER_STATUS
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.create import create_ticket
from webapp.services.ticket.follow import follower_ids
from webapp.services.ticket.link import link_tickets
from webapp.services.ticket.status import set_status

MOST_COMMENTS = 1_000
SOURCE_FIELDS = (
    "status",
    "status_id",
    "pending_on",
    "status_changed_at",
    "waiting_since",
    "resolved_at",
    "snoozed_until",
    "wakes_on_reply",
    "warned_at",
    "merged_into_id",
    "merged_into_number",
)
TARGET_FIELDS = ("waiting_since",)
TIMES = ("status_changed_at", "waiting_since", "resolved_at", "snoozed_until", "warned_at")

IDS = ("status_id", "merged_into_id")


def merge_ticket(
    ticket_id: uuid.UUID, into_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> Ticket:
    """Merges a ticket into another of the same customer and closes it; returns the other.

    The other one shows its comments from then on, and gets what the customer writes. Raises `Invalid` naming
    `into` for a ticket that cannot take it, `Conflict` for one that lies in another already.
    """
    session, actor = session or db.session(), actor or current_actor()
    if ticket_id == into_id:
        ticket_for(ticket_id, "ticket:merge", session=session, actor=actor)
        raise Invalid.field("into", "A ticket cannot be merged into itself")
    inside = _inside(ticket_id, session)
    found = _lock({ticket_id, into_id, *inside}, into_id, session=session, actor=actor)
    source, target = found[ticket_id], found[into_id]
    _check(source, target)
    comments = _carried(source, target, session)
    followers = _follow_along(source, target, session)
    made = TicketMerge(
        source_id=source.id,
        target_id=target.id,
        actor_id=actor.id if actor.kind == "user" else None,
        source_before=_kept(source, SOURCE_FIELDS),
        target_before={**_kept(target, TARGET_FIELDS), "followers": followers},
    )
    waits = [moment for moment in (source.waiting_since, target.waiting_since) if moment]
    _close(source, target, session=session, actor=actor)
    target.waiting_since = min(waits, default=None)
    _absorb(source, target, comments, followers, session=session, actor=actor)
    made.target_after = _kept(target, TARGET_FIELDS)
    session.add(made)
    _point([found[one] for one in inside], target, session=session, actor=actor)
    _note_inboxes(target, session)
    return target


def unmerge_ticket(ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Ticket:
    """Takes a merge back: the ticket is as it was, and its comments stand in the other one no more.

    What was written on the other since stays there. Raises `Conflict` for a ticket that is not merged.
    """
    session, actor = session or db.session(), actor or current_actor()
    chain, inside = _chain(ticket_id, session), _inside(ticket_id, session)
    found = _lock({ticket_id, *chain, *inside}, None, session=session, actor=actor)
    merge = session.scalar(sa.select(TicketMerge).where(TicketMerge.source_id == ticket_id))
    if merge is None or merge.target_id not in found:
        raise Conflict("This ticket is not merged into another")
    source = found[ticket_id]
    _restore_source(source, merge, session=session, actor=actor)
    target = found[merge.target_id]
    for one in chain:
        changes = {"absorbed": [{"number": source.number, "title": source.title}, None]}
        if one == target.id:
            changes |= _unfollow(target, merge.target_before["followers"], session)
        about = {"ticket": found[one], "subject_id": source.id, "changes": changes}
        record("ticket.released", session=session, actor=actor, **about)
    if _kept(target, TARGET_FIELDS) == merge.target_after:
        _put_back(target, {name: merge.target_before[name] for name in TARGET_FIELDS})
    session.delete(merge)
    _point([found[one] for one in inside], source, session=session, actor=actor)
    for one in chain:
        _note_inboxes(found[one], session)
    return source


def _unfollow(target: Ticket, added: list[str], session: Any) -> dict[str, list[Any]]:
    """Takes those away whom a merge had brought."""
    change = _followers(target, added, session)
    going = sa.delete(Follower).where(
        Follower.ticket_id == target.id, Follower.user_id.in_([uuid.UUID(one) for one in added])
    )
    session.execute(going, execution_options={"synchronize_session": "fetch"})
    return {name: values[::-1] for name, values in change.items()}


def _inside(ticket_id: uuid.UUID, session: Any) -> list[uuid.UUID]:
    """The tickets that lie merged in one, at any depth."""
    found: list[uuid.UUID] = []
    wanted = [ticket_id]
    while wanted:
        query = sa.select(TicketMerge.source_id).where(TicketMerge.target_id.in_(wanted))
        wanted = list(session.scalars(query))
        found += wanted
    return found


def _chain(ticket_id: uuid.UUID, session: Any) -> list[uuid.UUID]:
    """What a ticket was merged into, and what that was merged into, and so on."""
    found: list[uuid.UUID] = []
    query = sa.select(TicketMerge.target_id)
    while (target_id := session.scalar(query.where(TicketMerge.source_id == ticket_id))) is not None:
        found.append(target_id)
        ticket_id = target_id
    return found


def _lock(
    ids: set[uuid.UUID], into_id: uuid.UUID | None, *, session: Any, actor: Actor
) -> dict[uuid.UUID, Ticket]:
    """The tickets, locked by id as everywhere."""
    found: dict[uuid.UUID, Ticket] = {}
    for one in sorted(ids):
        try:
            found[one] = ticket_for(one, "ticket:merge", session=session, actor=actor, lock=True)
        except NotFound:
            if one != into_id:
                raise
            raise Invalid.field("into", "There is no such ticket") from None
    return found


def _check(source: Ticket, target: Ticket) -> None:
    if source.merged_into_id is not None:
        raise Conflict(
            f"This ticket was merged into #{source.merged_into_number} already",
            code="merged",
            current={"merged_into": source.merged_into_number},
        )
    if source.shelf == "trash" or source.is_spam:
        raise Conflict("Spam and what is in the trash cannot be merged")
    problem = None
    if target.shelf == "trash":
        problem = f"#{target.number} is in the trash"
    elif target.merged_into_id is not None:
        problem = f"#{target.number} was itself merged into #{target.merged_into_number}"
    elif target.is_spam or target.status in ENDED:
        problem = f"#{target.number} has ended; reopen it first"
    elif target.customer_id != source.customer_id:
        problem = f"#{target.number} is another customer's, who would read this; merge the customers first"
    if problem:
        raise Invalid.field("into", problem)


def _carried(source: Ticket, target: Ticket, session: Any) -> list[Comment]:
    """What the source shows and the target does not: its own comments, those merged or split into it."""
    inside = sa.select(Ticket.id).where(sa.or_(Ticket.id == source.id, Ticket.merged_into_id == source.id))
    query = sa.select(Comment).where(
        sa.or_(Comment.ticket_id.in_(inside), Comment.id.in_(_split_into(source))),
        Comment.ticket_id != target.id,
        Comment.id.not_in(_split_into(target)),
    )
    found = list(session.scalars(query.order_by(Comment.created_at, Comment.id).limit(MOST_COMMENTS + 1)))
    if len(found) > MOST_COMMENTS:
        raise Invalid.field("into", f"A ticket with over {MOST_COMMENTS:,} comments cannot be merged")
    return found


def _split_into(ticket: Ticket) -> Any:
    """The comments that a ticket was made of: carried by no merge, they name the ticket itself."""
    return sa.select(Event.comment_id).where(
        Event.ticket_id == ticket.id, Event.name == "comment.carried", Event.subject_id == ticket.id
    )


def _close(source: Ticket, target: Ticket, *, session: Any, actor: Actor) -> None:
    changes, public = set_status(source, "closed")
    source.merged_into_id, source.merged_into_number = target.id, target.number
    record(
        "ticket.merged",
        session=session,
        actor=actor,
        ticket=source,
        subject_id=target.id,
        changes={**changes, "merged_into": [None, target.number]},
        public_changes=public or None,
    )


def _follow_along(source: Ticket, target: Ticket, session: Any) -> list[str]:
    """Lets who follows the source follow the target; returns who did not before."""
    query = sa.select(Follower.user_id).where(Follower.ticket_id == source.id)
    there = sa.select(Follower.user_id).where(Follower.ticket_id == target.id)
    added = list(session.scalars(query.where(Follower.user_id.not_in(there)).order_by(Follower.created_at)))
    for user_id in added:
        session.add(Follower(ticket_id=target.id, user_id=user_id, created_at=clock.now()))
    session.flush()
    return [str(user_id) for user_id in added]


def _followers(ticket: Ticket, without: Sequence[str], session: Any) -> dict[str, list[Any]]:
    """The change of a ticket's followers by a merge: `without` those that it brought."""
    after = [str(user_id) for user_id in follower_ids(ticket.id, session=session)]
    before = [user_id for user_id in after if user_id not in without]
    return {"followers": [before, after]} if before != after else {}


def _absorb(
    source: Ticket,
    target: Ticket,
    comments: Sequence[Comment],
    followers: Sequence[str],
    *,
    session: Any,
    actor: Actor,
) -> None:
    changes = {"absorbed": [None, {"number": source.number, "title": source.title}]}
    changes |= _followers(target, followers, session)
    about: dict[str, Any] = {"session": session, "actor": actor, "subject_id": source.id}
    record("ticket.absorbed", ticket=target, changes=changes, **about)
    for comment in comments:
        carry(comment, target, **about)


def carry(comment: Comment, ticket: Ticket, *, session: Any, actor: Actor, subject_id: uuid.UUID) -> None:
    """Shows a comment of another ticket on a locked one."""
    record(
        "comment.carried",
        session=session,
        actor=actor,
        ticket=ticket,
        comment=comment,
        subject_id=subject_id,
        is_public=comment.kind == "reply",
    )


def _restore_source(source: Ticket, merge: TicketMerge, *, session: Any, actor: Actor) -> None:
    old = {name: getattr(source, name) for name in ("status", "status_id", "pending_on", "snoozed_until")}
    number = source.merged_into_number
    _put_back(source, merge.source_before)
    changes: dict[str, list[Any]] = {"merged_into": [number, None]}
    for name, value in old.items():
        if value != getattr(source, name):
            changes[name] = [_shown(value), _shown(getattr(source, name))]
    words = [CUSTOMER_STATUS[old["status"]], CUSTOMER_STATUS[source.status]]
    record(
        "ticket.unmerged",
        session=session,
        actor=actor,
        ticket=source,
        subject_id=merge.target_id,
        changes=changes,
        public_changes={"status": words} if words[0] != words[1] else None,
    )


def _point(tickets: Sequence[Ticket], target: Ticket, *, session: Any, actor: Actor) -> None:
    """Lets locked tickets that lie in a merged one point at where its thread goes on."""
    for ticket in tickets:
        changes = {"merged_into": [ticket.merged_into_number, target.number]}
        ticket.merged_into_id, ticket.merged_into_number = target.id, target.number
        record("ticket.updated", session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()


def _note_inboxes(target: Ticket, session: Any) -> None:
    query = sa.select(Ticket.inbox_id).where(Ticket.merged_into_id == target.id, Ticket.inbox_id.is_not(None))
    inboxes = sorted({str(found) for found in session.scalars(query)} - {str(target.inbox_id)})
    if inboxes != target.merged_inbox_ids:
        target.merged_inbox_ids = inboxes
        session.flush()


def _kept(ticket: Ticket, fields: Sequence[str]) -> dict[str, Any]:
    """Fields as JSON, to the microsecond."""
    return {name: _text(getattr(ticket, name)) for name in fields}


def _put_back(ticket: Ticket, kept: dict[str, Any]) -> None:
    for name, value in kept.items():
        read = datetime.fromisoformat if name in TIMES else uuid.UUID if name in IDS else None
        setattr(ticket, name, read(value) if read and value is not None else value)


def _text(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _shown(value: Any) -> Any:
    return clock.iso(value) if isinstance(value, datetime) else _text(value)


def split_ticket(
    ticket_id: uuid.UUID,
    comment_ids: Sequence[uuid.UUID],
    title: str,
    *,
    session: Any = None,
    actor: Actor | None = None,
) -> Ticket:
    """Makes a new ticket of some comments of one, which keeps them; merging the new one back undoes it.

    Raises `Invalid` naming `comment_ids` for comments that are not its own.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "ticket:create")
    origin = ticket_for(ticket_id, "ticket:merge", session=session, actor=actor, lock=True)
    query = sa.select(Comment).where(Comment.ticket_id == origin.id, Comment.id.in_(set(comment_ids)))
    comments = list(session.scalars(query.order_by(Comment.seq)))
    if not comments or len(comments) != len(set(comment_ids)):
        raise Invalid.field("comment_ids", "Choose messages of this conversation")
    made = create_ticket(
        title,
        customer=origin.customer,
        priority=origin.priority,
        metadata={"split_from": str(origin.id)},
        session=session,
        actor=actor,
    )
    for comment in comments:
        carry(comment, made, session=session, actor=actor, subject_id=made.id)
    link_tickets(origin.id, made.id, "related", session=session, actor=actor)
    changes = {"split_into": [None, {"number": made.number, "title": made.title}]}
    record("ticket.split", session=session, actor=actor, ticket=origin, subject_id=made.id, changes=changes)
    session.flush()
    return made
