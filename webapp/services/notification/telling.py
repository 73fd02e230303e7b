"""The one way to tell somebody something: a row in the caller's transaction, and what follows from it."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import bus, clock, database
from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import Notification, PushSubscription, Ticket
from webapp.schemas.notification import notification_out
from webapp.services import presence
from webapp.services.job import enqueue
from webapp.services.notification.preference import Wish, wish_of
from webapp.services.notification.recipients import people
from webapp.services.timer import set_timer
from webapp.tenancy import require_workspace_id
from webapp.upsert import add_unless_there

UNSEEN = timedelta(minutes=2)
"""How long something may stay unseen before it is mailed."""
URGENT = ("high", "critical")
TITLE_CHARS, BODY_CHARS = 200, 500


@dataclass(frozen=True)
class NotificationCreated:
    """Somebody was told something; `body` is what their open pages get."""

    user_id: uuid.UUID
    body: dict[str, Any]


@dataclass(frozen=True)
class SoundWished:
    """A sound for these people, about a ticket, and nothing to keep."""

    user_ids: tuple[uuid.UUID, ...]
    ticket_id: uuid.UUID
    kind: str


@dataclass(frozen=True)
class Fact:
    """What is told."""

    kind: str
    title: str
    body: str
    ticket: Ticket | None
    actor: Actor
    data: dict[str, Any]
    unique_key: str | None

    @property
    def urgent(self) -> bool:
        """A high-priority ticket reaches its agent at once."""
        return self.kind == "assigned_to_me" and self.ticket is not None and self.ticket.priority in URGENT


def notify(
    user_ids: Iterable[uuid.UUID],
    kind: str,
    *,
    ticket: Ticket | None = None,
    title: str,
    body: str = "",
    actor: Actor | None = None,
    data: dict[str, Any] | None = None,
    unique_key: str | None = None,
    session: Any = None,
) -> list[uuid.UUID]:
    """Tells staff something, in the channels that each of them wishes; the ids of the notifications made.

    `kind`: one of `models.notification.KINDS`. Nobody is told of what they did themselves (`actor`: who did
    it), nor twice of the same `unique_key`. Everything is queued in the caller's transaction.
    """
    actor = actor or current_actor()
    fact = Fact(kind, title[:TITLE_CHARS], body[:BODY_CHARS], ticket, actor, data or {}, unique_key)
    return [told[0] for told in _tell(user_ids, fact, session or db.session()).values() if told[0]]  # type: ignore[misc]


def notify_agent(
    agent_id: uuid.UUID,
    message: str,
    *,
    kind: str = "assigned_to_me",
    ticket: Ticket | None = None,
    body: str = "",
    actor: Actor | None = None,
    data: dict[str, Any] | None = None,
    unique_key: str | None = None,
    session: Any = None,
) -> dict[str, str]:
    """Tells one agent, as `notify` does; says per channel whether it is `queued`, `live` or `off`."""
    session, actor = session or db.session(), actor or current_actor()
    fact = Fact(kind, message[:TITLE_CHARS], body[:BODY_CHARS], ticket, actor, data or {}, unique_key)
    told = _tell([agent_id], fact, session).get(agent_id)
    if told is None or told[0] is None:
        return dict.fromkeys(("in_app", "sound", "push", "email"), "off")
    _, wish, pushed = told
    here = "live" if presence.is_online("user", agent_id) else "queued"
    return {
        "in_app": here if wish.in_app else "off",
        "sound": "live" if wish.sound and here == "live" else "off",
        "push": "queued" if pushed else "off",
        "email": "queued" if wish.email else "off",
    }


def tell_desk(
    kind: str,
    *,
    ticket: Ticket,
    title: str,
    body: str = "",
    actor: Actor | None = None,
    unique_key: str | None = None,
    only_sound: bool = False,
    session: Any = None,
) -> None:
    """Tells everybody who answers customers (the ticket's team, if it has one) what concerns nobody alone.

    `only_sound`: whoever wishes a sound hears one; nothing is kept.
    """
    session, actor = session or db.session(), actor or current_actor()
    fact = Fact(kind, title[:TITLE_CHARS], body[:BODY_CHARS], ticket, actor, {}, unique_key)
    wishes = {
        user.id: wish_of(user, preference, kind, ticket.inbox_id)
        for user, preference in people(None, team_id=ticket.team_id, session=session)
        if user.id != actor.id
    }
    kept = {} if only_sound else {user_id: wish for user_id, wish in wishes.items() if wish.any_row}
    _tell_each(kept, fact, session)
    heard = tuple(user_id for user_id, wish in wishes.items() if wish.sound and user_id not in kept)
    if heard:
        bus.announce(session, SoundWished(heard, ticket.id, kind))


Told = dict[uuid.UUID, tuple[uuid.UUID | None, Wish, int]]


def _tell(user_ids: Iterable[uuid.UUID], fact: Fact, session: Any) -> Told:
    """By person: the notification's id (None: known, or not wished), the wish, how many browsers."""
    wanted = {user_id for user_id in user_ids if user_id and user_id != fact.actor.id}
    if not wanted:
        return {}
    inbox_id = fact.ticket.inbox_id if fact.ticket else None
    wishes = {
        user.id: wish_of(user, preference, fact.kind, inbox_id, urgent=fact.urgent)
        for user, preference in people(wanted, session=session)
    }
    return _tell_each(wishes, fact, session)


def _tell_each(wishes: dict[uuid.UUID, Wish], fact: Fact, session: Any) -> Told:
    made = {user_id: _write(user_id, wish, fact, session) for user_id, wish in wishes.items() if wish.any_row}
    pushed = _push({user_id: made[user_id] for user_id in made if wishes[user_id].push}, session)
    return {user_id: (made.get(user_id), wish, pushed.count(user_id)) for user_id, wish in wishes.items()}


def _write(user_id: uuid.UUID, wish: Wish, fact: Fact, session: Any) -> uuid.UUID | None:
    values = {
        "id": database.uuid7(),
        "workspace_id": require_workspace_id(),
        "user_id": user_id,
        "kind": fact.kind,
        "ticket_id": fact.ticket.id if fact.ticket else None,
        "title": fact.title,
        "body": fact.body,
        "actor_name": fact.actor.name[:100] if fact.actor.kind != "system" else None,
        "data": fact.data,
        "unique_key": fact.unique_key,
        "in_app": wish.in_app,
        "sound": wish.sound,
        "push": wish.push,
        "email": wish.email,
        "created_at": clock.now(),
    }
    made: Notification | None = add_unless_there(Notification, values, session=session)
    if made is None:
        return None
    _follow_up(made, fact, wish, session)
    return made.id


def _follow_up(row: Notification, fact: Fact, wish: Wish, session: Any) -> None:
    """Shows it in open pages after the commit, and sees to the mail if it stays unseen."""
    if wish.in_app:
        bus.announce(session, NotificationCreated(row.user_id, notification_out(row, fact.ticket)))
    elif wish.sound and fact.ticket is not None:
        bus.announce(session, SoundWished((row.user_id,), fact.ticket.id, fact.kind))
    if wish.email:
        set_timer("notification.email", row.id, _mail_at(row, wish, fact), session=session)


def _mail_at(row: Notification, wish: Wish, fact: Fact) -> datetime:
    at_once = fact.urgent and not presence.is_online("user", row.user_id)
    return max(wish.email_from, row.created_at if at_once else row.created_at + UNSEEN)


def _push(made: dict[uuid.UUID, uuid.UUID | None], session: Any) -> list[uuid.UUID]:
    """Queues a push to every browser of these people; whose browsers they are."""
    fresh = {user_id: made_id for user_id, made_id in made.items() if made_id}
    if not fresh:
        return []
    columns = (PushSubscription.id, PushSubscription.user_id)
    found = session.execute(sa.select(*columns).where(PushSubscription.user_id.in_(fresh))).all()
    for subscription_id, user_id in found:
        params = {"notification_id": str(fresh[user_id]), "subscription_id": str(subscription_id)}
        enqueue("notification.push", params, session=session, priority=20, max_attempts=5)
    return [user_id for _, user_id in found]


class NotificationService:
    """The functions of this package, for callers that prefer an object."""

    def __init__(self, session: Any = None) -> None:
        self.session = session

    def notify(self, user_ids: Iterable[uuid.UUID], kind: str, *, title: str, **rest: Any) -> list[uuid.UUID]:
        """As `services.notification.notify`."""
        return notify(user_ids, kind, title=title, session=self.session, **rest)

    def notify_agent(self, agent_id: uuid.UUID, message: str, **rest: Any) -> dict[str, str]:
        """As `services.notification.notify_agent`."""
        return notify_agent(agent_id, message, session=self.session, **rest)
