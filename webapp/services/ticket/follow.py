"""Followers: staff who want to know what happens to a ticket that isn't theirs."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.errors import Forbidden, Invalid
from webapp.extensions import db
from webapp.models import Follower, Ticket, User
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for

MOST_FOLLOWERS = 50


def follower_ids(ticket_id: uuid.UUID, *, session: Any = None) -> list[uuid.UUID]:
    """Who follows a ticket, in the order they began; people without access any more are left out."""
    query = (
        sa.select(Follower.user_id)
        .join(User, sa.and_(User.id == Follower.user_id, User.deactivated_at.is_(None)))
        .where(Follower.ticket_id == ticket_id)
        .order_by(Follower.created_at, Follower.user_id)
    )
    return list((session or db.session()).scalars(query))


def follow(
    ticket_id: uuid.UUID,
    user_id: uuid.UUID | None = None,
    *,
    session: Any = None,
    actor: Actor | None = None,
) -> list[uuid.UUID]:
    """Makes somebody (the actor, if not named) follow a ticket; returns all who do.

    Everybody on the staff may follow; adding somebody else takes `ticket:update`. Raises `Invalid`.
    """
    session, actor = session or db.session(), actor or current_actor()
    ticket, follower = _opened(ticket_id, user_id, session, actor)
    if session.get(Follower, (ticket.id, follower.id)) is not None:
        return follower_ids(ticket.id, session=session)
    if not follower.is_active:
        raise Invalid.field("user_id", "This person has no access any more")
    before = follower_ids(ticket.id, session=session)
    if len(before) >= MOST_FOLLOWERS:
        raise Invalid.field("user_id", f"A ticket has at most {MOST_FOLLOWERS} followers")
    session.add(Follower(ticket_id=ticket.id, user_id=follower.id, created_at=clock.now()))
    return _recorded("ticket.followed", ticket, before, session, actor)


def unfollow(
    ticket_id: uuid.UUID,
    user_id: uuid.UUID | None = None,
    *,
    session: Any = None,
    actor: Actor | None = None,
) -> list[uuid.UUID]:
    """Ends somebody's following; returns who still does."""
    session, actor = session or db.session(), actor or current_actor()
    ticket, follower = _opened(ticket_id, user_id, session, actor)
    found = session.get(Follower, (ticket.id, follower.id))
    before = follower_ids(ticket.id, session=session)
    if found is None:
        return before
    session.delete(found)
    return _recorded("ticket.unfollowed", ticket, before, session, actor)


def _opened(
    ticket_id: uuid.UUID, user_id: uuid.UUID | None, session: Any, actor: Actor
) -> tuple[Ticket, User]:
    ticket = ticket_for(ticket_id, "ticket:read", session=session, actor=actor, lock=True)
    who = user_id or actor.id
    if who is None:
        raise Forbidden("Only people follow tickets")
    if who != actor.id:
        require(actor, "ticket:update")
    found = session.get(User, who)
    if found is None or found.workspace_id != ticket.workspace_id:
        raise Invalid.field("user_id", "Nobody here has this id")
    return ticket, found


def _recorded(
    name: str, ticket: Ticket, before: list[uuid.UUID], session: Any, actor: Actor
) -> list[uuid.UUID]:
    session.flush()
    after = follower_ids(ticket.id, session=session)
    changes = {"followers": [[str(each) for each in before], [str(each) for each in after]]}
    record(name, session=session, actor=actor, ticket=ticket, changes=changes)
    session.flush()
    return after
