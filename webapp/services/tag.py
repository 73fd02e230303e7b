"""Tags: a workspace's own words for what tickets are about.

`ticket_tags` is the truth; `ticket.tags` repeats the names for the row. Renaming, merging and deleting take
effect on the tag at once, on the tickets by a job in batches (`rewrite`).
"""

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, Invalid, NotFound
from webapp.extensions import db
from webapp.models import Tag, Ticket, TicketTag
from webapp.models.tag import COLOURS
from webapp.services.event import record
from webapp.services.job import enqueue
from webapp.validators import fold_name, has_unstorable, visible

NAME_CHARS = 40
FOLDED_CHARS = 160
MOST_TAGS = 30
BATCH = 200


def checked_name(name: str, *, field: str = "name") -> str:
    """The name as it is stored. Raises `Invalid` naming the field."""
    shown = "" if has_unstorable(name) else " ".join(visible(name).split())
    if not 1 <= len(shown) <= NAME_CHARS or len(fold_name(shown)) > FOLDED_CHARS:
        raise Invalid.field(field, f"A tag has between 1 and {NAME_CHARS} characters")
    return shown


def list_tags(*, session: Any = None, actor: Actor | None = None) -> list[Tag]:
    """The workspace's tags by name."""
    require(actor or current_actor(), "directory:read")
    query = sa.select(Tag).where(Tag.removed_at.is_(None)).order_by(Tag.folded)
    return list((session or db.session()).scalars(query))


def count_uses(*, session: Any = None) -> dict[uuid.UUID, int]:
    """On how many tickets each tag is."""
    query = sa.select(TicketTag.tag_id, sa.func.count()).group_by(TicketTag.tag_id)
    return {row[0]: row[1] for row in (session or db.session()).execute(query)}


def tag_for(
    tag_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, field: str | None = None
) -> Tag:
    """A tag, locked to be edited. Raises `NotFound`, or `Invalid` naming `field` where one is given."""
    session = session or db.session()
    require(actor or current_actor(), "tag:edit")
    query = sa.select(Tag).where(Tag.id == tag_id, Tag.removed_at.is_(None)).with_for_update()
    found: Tag | None = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise Invalid.field(field, "There is no such tag") if field else NotFound("There is no such tag")
    return found


def read_tag(tag_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> Tag:
    """A tag, to be shown. Raises `NotFound`."""
    require(actor or current_actor(), "directory:read")
    query = sa.select(Tag).where(Tag.id == tag_id, Tag.removed_at.is_(None))
    found: Tag | None = (session or db.session()).scalar(query)
    if found is None:
        raise NotFound("There is no such tag")
    return found


def create_tag(name: str, *, colour: str = "grey", session: Any = None, actor: Actor | None = None) -> Tag:
    """Makes a tag. Raises `Invalid` for its name or colour, `Conflict` where there is one of that name."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "tag:edit")
    shown = checked_name(name)
    if _by_name([shown], session):
        raise _taken(shown)
    return _make(shown, _checked_colour(colour), session, actor)


def _make(name: str, colour: str, session: Any, actor: Actor) -> Tag:
    made = Tag(id=database.uuid7(), name=name, folded=fold_name(name), colour=colour, created_at=clock.now())
    session.add(made)
    session.flush()
    changes = {"name": [None, name], "colour": [None, colour]}
    record("tag.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def _checked_colour(colour: str) -> str:
    if colour not in COLOURS:
        raise Invalid.field("colour", f"Colour is one of {', '.join(COLOURS)}")
    return colour


def _taken(name: str) -> Conflict:
    detail = [{"loc": ["body", "name"], "msg": "There is a tag of this name", "type": "taken"}]
    return Conflict(f"There is a tag “{name}” already", detail=detail)


def _by_name(names: Iterable[str], session: Any) -> dict[str, Tag]:
    """The tags of these names by their folded form; held until the commit, so that none is merged away."""
    wanted = sa.select(Tag).where(
        Tag.folded.in_([fold_name(name) for name in names]), Tag.removed_at.is_(None)
    )
    held = wanted.order_by(Tag.id).with_for_update(read=True)
    return {tag.folded: tag for tag in session.scalars(held.execution_options(populate_existing=True))}


# --- on a ticket ----------------------------------------------------------------------------------


def set_tags(
    ticket: Ticket,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    session: Any = None,
    actor: Actor | None = None,
) -> bool:
    """Adds and removes tags of a locked ticket by name; returns whether anything changed.

    Both are sets: what two people do at once adds up. A name that no tag has is made, if the actor may edit
    tags. Raises `Invalid` naming the field.
    """
    session, actor = session or db.session(), actor or current_actor()
    wanted = {fold_name(name): name for name in (checked_name(name, field="tags") for name in add)}
    unwanted = {fold_name(name) for name in remove} - wanted.keys()
    known = _by_name([*wanted, *unwanted], session)
    added = [known.get(key) or _new(name, session, actor) for key, name in wanted.items()]
    present = set(session.scalars(sa.select(TicketTag.tag_id).where(TicketTag.ticket_id == ticket.id)))
    gone = [known[key].id for key in unwanted if key in known and known[key].id in present]
    fresh = [tag.id for tag in added if tag.id not in present]
    if len(present) - len(gone) + len(fresh) > MOST_TAGS:
        raise Invalid.field("tags", f"A ticket has at most {MOST_TAGS} tags")
    _unlink(ticket.id, gone, session)
    session.add_all(TicketTag(ticket_id=ticket.id, tag_id=tag_id) for tag_id in fresh)
    session.flush()
    return refresh(ticket, session=session, actor=actor)


def _new(name: str, session: Any, actor: Actor) -> Tag:
    if not actor.may("tag:edit"):
        raise Invalid.field("tags", f"There is no tag “{name}”; a senior agent can make it")
    found: Tag = database.find_or_make(
        lambda: _by_name([name], session).get(fold_name(name)), lambda: _make(name, "grey", session, actor)
    )
    return found


def _unlink(ticket_id: uuid.UUID, tag_ids: Iterable[uuid.UUID], session: Any) -> None:
    for tag_id in tag_ids:
        link = session.get(TicketTag, (ticket_id, tag_id))
        if link is not None:
            session.delete(link)
    session.flush()


def refresh(ticket: Ticket, *, session: Any, actor: Actor) -> bool:
    """Makes `ticket.tags` of a locked ticket what `ticket_tags` says, and records it if it moved."""
    query = sa.select(Tag.name).join(TicketTag, TicketTag.tag_id == Tag.id)
    here = query.where(TicketTag.ticket_id == ticket.id, Tag.removed_at.is_(None))
    names = list(session.scalars(here.order_by(Tag.folded)))
    old = list(ticket.tags or [])
    if names == old:
        return False
    ticket.tags = names
    record("ticket.tagged", session=session, actor=actor, ticket=ticket, changes={"tags": [old, names]})
    session.flush()
    return True


# --- rename, merge, delete ------------------------------------------------------------------------


def update_tag(
    tag_id: uuid.UUID,
    *,
    name: str | None = None,
    colour: str | None = None,
    session: Any = None,
    actor: Actor | None = None,
) -> Tag:
    """Renames or recolours a tag; its tickets follow. Raises `Invalid`; `Conflict` for a name taken."""
    session, actor = session or db.session(), actor or current_actor()
    tag = tag_for(tag_id, session=session, actor=actor)
    shown = tag.name if name is None else checked_name(name)
    other = _by_name([shown], session).get(fold_name(shown))
    if other is not None and other.id != tag.id:
        raise _taken(shown)
    new = {"name": shown, "colour": tag.colour if colour is None else _checked_colour(colour)}
    changes = {key: [getattr(tag, key), value] for key, value in new.items() if getattr(tag, key) != value}
    if not changes:
        return tag
    tag.name, tag.folded, tag.colour = shown, fold_name(shown), new["colour"]
    session.flush()
    record("tag.updated", session=session, actor=actor, subject_id=tag.id, changes=changes)
    if "name" in changes:
        _follow_up(tag.id, session, actor)
    return tag


def merge_tags(
    tag_id: uuid.UUID, into_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> Tag:
    """Tickets with the first tag get the second instead. Raises `Invalid` for a merge into itself."""
    session, actor = session or db.session(), actor or current_actor()
    if tag_id == into_id:
        raise Invalid.field("into_id", "A tag cannot be merged into itself")
    for each in sorted((tag_id, into_id)):  # one order of locks
        tag_for(each, session=session, actor=actor, field="into_id" if each == into_id else None)
    tag, into = session.get(Tag, tag_id), session.get(Tag, into_id)
    changes = {"name": [tag.name, into.name]}
    record("tag.merged", session=session, actor=actor, subject_id=tag.id, changes=changes)
    _retire(tag, session, into.id)
    _follow_up(tag.id, session, actor)
    return into  # type: ignore[no-any-return]


def delete_tag(tag_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Takes a tag away, from every ticket too."""
    session, actor = session or db.session(), actor or current_actor()
    tag = tag_for(tag_id, session=session, actor=actor)
    changes = {"name": [tag.name, None]}
    record("tag.deleted", session=session, actor=actor, subject_id=tag.id, changes=changes)
    _retire(tag, session)
    _follow_up(tag.id, session, actor)


def _retire(tag: Tag, session: Any, into_id: uuid.UUID | None = None) -> None:
    """Out of every list, its name free for another; the row stays, so that late tickets find their way."""
    # `fold_name` leaves no such character in a name: nobody can take this one.
    tag.removed_at, tag.folded, tag.merged_into_id = clock.now(), f"\x7f{tag.id}", into_id
    session.flush()


def _follow_up(tag_id: uuid.UUID, session: Any, actor: Actor) -> None:
    author = {"actor_id": str(actor.id) if actor.id else None, "actor_name": actor.name}
    enqueue("tag.rewrite", {"tag_id": str(tag_id), **author}, session=session)


def rewrite(
    tag_id: uuid.UUID,
    after: uuid.UUID | None = None,
    *,
    limit: int = BATCH,
    session: Any = None,
    actor: Actor | None = None,
) -> uuid.UUID | None:
    """Brings the next tickets of a changed tag up to date, in order of their ids; returns the last one's.

    A removed tag is taken off them, and what it was merged into put in its place. None: there are no more.
    """
    session, actor = session or db.session(), actor or current_actor()
    query = sa.select(TicketTag.ticket_id).where(TicketTag.tag_id == tag_id)
    if after is not None:
        query = query.where(TicketTag.ticket_id > after)
    ids = list(session.scalars(query.order_by(TicketTag.ticket_id).limit(limit)))
    locked = sa.select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id).with_for_update(key_share=True)
    found = session.scalars(locked.execution_options(populate_existing=True)).all()
    now_id = _now(tag_id, session)
    for ticket in found:
        if now_id != tag_id:
            _replace(ticket.id, tag_id, now_id, session)
        refresh(ticket, session=session, actor=actor)
    return ids[-1] if ids else None


def _now(tag_id: uuid.UUID, session: Any) -> uuid.UUID | None:
    """What a tag has become: itself, the one it was merged into, or nothing. Held until the commit."""
    held = sa.select(Tag).where(Tag.id == tag_id).with_for_update(read=True)
    tag = session.scalars(held.execution_options(populate_existing=True)).one()
    if tag.removed_at is None:
        return tag_id
    return _now(tag.merged_into_id, session) if tag.merged_into_id else None


def _replace(ticket_id: uuid.UUID, tag_id: uuid.UUID, now_id: uuid.UUID | None, session: Any) -> None:
    _unlink(ticket_id, [tag_id], session)
    if now_id is not None and session.get(TicketTag, (ticket_id, now_id)) is None:
        session.add(TicketTag(ticket_id=ticket_id, tag_id=now_id))
        session.flush()
