"""Presence over the socket: who came, who has gone for good, who looks at what, whether anybody answers."""

import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask, current_app

from webapp import bus, clock, green
from webapp.auth import Actor
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.models import Inbox, User, VisitorToken
from webapp.realtime import boards, rooms
from webapp.realtime.server import emit
from webapp.services import chat, routing
from webapp.services import presence as rows
from webapp.services import viewing as looks
from webapp.services.event import Recorded
from webapp.tenancy import use_workspace

Send = Callable[..., None]


class Person(NamedTuple):
    """Somebody who is here: a user or a customer."""

    kind: str
    id: uuid.UUID
    workspace_id: uuid.UUID


_lock = threading.Lock()
_sockets: dict[Person, set[str]] = defaultdict(set)
_leaving: dict[Person, datetime] = {}
_available: dict[uuid.UUID, bool] = {}


# --- coming and going -----------------------------------------------------------------------------


def connected(actor: Actor, sid: str) -> None:
    """A socket was let in: its person is here, and is announced unless they were."""
    person = _person(actor)
    with _lock:
        is_first = not _sockets[person]
        _sockets[person].add(sid)
        was_leaving = _leaving.pop(person, None) is not None
    if not is_first or was_leaving:
        return
    with use_workspace(person.workspace_id), transaction():
        was_available = _availability_with(person)
        rows.opened(*person)
        if person.kind == "user":
            routing.agent_came(person.id)
    with read_only():
        _announce(person, was_available, online=True, token_id=actor.session_id)


def disconnected(actor: Actor, sid: str) -> None:
    """A socket has gone; its person only if none comes back within the grace period."""
    for ticket_id in looks.viewed_by(sid):
        left(actor, ticket_id, sid)
    person = _person(actor)
    with _lock:
        _sockets[person].discard(sid)
        if not _sockets[person]:
            del _sockets[person]
            _leaving[person] = clock.now() + timedelta(seconds=settings().gone_grace_seconds)


def announce_gone() -> None:
    """Announces those whose grace period is over."""
    with _lock:
        due = {person: at for person, at in _leaving.items() if at <= clock.now()}
        for person in due:
            del _leaving[person]
    for person, at in due.items():
        with use_workspace(person.workspace_id), transaction():
            was_available = _availability_with(person)
            rows.closed(person.kind, person.id)
            _let_go(person, at - timedelta(seconds=settings().gone_grace_seconds))
        _announce_absence(person, was_available)


def _let_go(person: Person, seen_until: datetime) -> None:
    """Whoever is nowhere any more is recorded as gone, and loses what they work on after the grace."""
    if person.kind == "user" and not rows.is_online("user", person.id):
        rows.went(person.id, seen_until)
        routing.agent_left(person.id)


def _announce_absence(person: Person, was_available: bool | None) -> None:
    with read_only():
        if not rows.is_online(person.kind, person.id):
            _announce(person, was_available, online=False)


def _availability_with(person: Person) -> bool | None:
    """Whether anybody answers customers, where this person's coming or going may change it."""
    return rows.anyone_available(person.workspace_id) if person.kind == "user" else None


def renew() -> None:
    """Prolongs this process's rows, puts back any that a sweep took, and sweeps what dead processes left."""
    with transaction():
        found = rows.renew()
    people = [*_sockets, *_leaving]
    for person in people if found < len(people) else ():
        with use_workspace(person.workspace_id), transaction():
            rows.opened(*person)
    looks.forget_past()
    with transaction():
        gone = rows.sweep()
    for *who, until in gone:
        person = Person(*who)
        with use_workspace(person.workspace_id), transaction():
            _let_go(person, until)
        _announce_absence(person, None)


def _person(actor: Actor) -> Person:
    assert actor.id is not None
    assert actor.workspace_id is not None
    return Person(actor.kind, actor.id, actor.workspace_id)


# --- what is announced ----------------------------------------------------------------------------


def _announce(
    person: Person, was_available: bool | None, *, online: bool, token_id: uuid.UUID | None = None
) -> None:
    if person.kind == "customer":
        token = db.session.get(VisitorToken, token_id) if token_id else None
        _tell_customer(person.workspace_id, person.id, online, token.page if token else None)
        return
    _tell_user(person.workspace_id, person.id, online=online)
    _tell_availability(person.workspace_id, was=was_available)


def moved(actor: Actor, page: dict[str, Any] | None) -> None:
    """A customer is on another page."""
    _tell_customer(actor.workspace_id, actor.id, True, page)


def _tell_customer(
    workspace_id: uuid.UUID | None, customer_id: uuid.UUID | None, online: bool, page: dict[str, Any] | None
) -> None:
    shown = {"url": page.get("url"), "title": page.get("title")} if page else None
    body = {"customer_id": str(customer_id), "online": online, "page": shown}
    emit("customer.presence", body, room=rooms.staff(workspace_id), namespace=rooms.AGENT)


def _tell_user(workspace_id: uuid.UUID, user_id: uuid.UUID, *, online: bool, emit: Send = emit) -> None:
    columns = User.availability, User.availability_reason
    availability, reason = db.session.execute(sa.select(*columns).where(User.id == user_id)).one()
    body = {"user_id": str(user_id), "availability": availability, "reason": reason, "online": online}
    emit("user.presence", body, room=rooms.staff(workspace_id), namespace=rooms.AGENT)
    boards.touch(workspace_id)


def _tell_availability(workspace_id: uuid.UUID, *, was: bool | None = None) -> None:
    """Tells this process's customers when there is somebody to answer now, or nobody any more.

    The other processes tell theirs when they see in the ledger why: what was told last is known only here.
    `was`: how it was before, where whoever calls knows; what was told last may be what another process ended.
    """
    available = rows.anyone_available(workspace_id)
    known = _available.get(workspace_id) if was is None else was
    _available[workspace_id] = available
    if known is available:
        return
    with use_workspace(workspace_id):
        inboxes = db.session.scalars(
            sa.select(Inbox).where(Inbox.workspace_id == workspace_id, Inbox.is_active)
        )
        for inbox in inboxes.all():
            body = chat.availability(inbox)
            emit(
                "availability.updated", body, room=rooms.customers(inbox.id), namespace=rooms.CHAT, here=True
            )


# --- who looks at which ticket --------------------------------------------------------------------


def viewing(actor: Actor, ticket_id: uuid.UUID, state: str, sid: str) -> None:
    """A member of staff looks at a ticket, writes there, or has left it.

    Where there are other processes, each shows with it what it knows of the person besides (backplane.py).
    """
    assert actor.id is not None
    here = looks.view(ticket_id, actor.id, state, sid)
    body = {"ticket_id": str(ticket_id), "user_id": str(actor.id), "state": here}
    emit("presence.updated", body, room=rooms.staff(actor.workspace_id), namespace=rooms.AGENT)


def left(actor: Actor, ticket_id: uuid.UUID, sid: str) -> None:
    """A socket is on a ticket no more."""
    if ticket_id in looks.viewed_by(sid):
        viewing(actor, ticket_id, "left", sid)


# --- what follows from the ledger -----------------------------------------------------------------

_CHANGES = {"user.updated", "user.deactivated", "user.reactivated"}
_COMING = {"user.came_online", "user.went_offline"}


def forget(workspace_id: uuid.UUID) -> None:
    """Nobody of a workspace is connected here: what happens there is not followed any more."""
    _available.pop(workspace_id, None)


def user_changed(fact: Recorded) -> None:
    """Somebody's availability, role or access changed here: says so, in a context of its own."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    if fact.name == "workspace.updated":
        green.soon(_tell_reasons, app, fact.workspace_id)
    elif fact.name in _CHANGES and fact.subject_id is not None:
        green.soon(_tell_change, app, fact.workspace_id, fact.subject_id)


def _tell_reasons(app: Flask, workspace_id: uuid.UUID) -> None:
    """Which reasons let people take tickets all the same may be another matter now."""
    with app.app_context(), read_only():
        _tell_availability(workspace_id)


def _tell_change(app: Flask, workspace_id: uuid.UUID, user_id: uuid.UUID) -> None:
    with app.app_context(), read_only():
        _tell_user(workspace_id, user_id, online=rows.is_online("user", user_id))
        _tell_availability(workspace_id)


def changed_elsewhere(facts: list[Recorded]) -> None:
    """The same by other processes, and that somebody of staff came or went there: told to sockets here."""
    matter = [fact for fact in facts if fact.name in (*_CHANGES, *_COMING, "workspace.updated")]
    for fact in matter:
        if fact.name != "workspace.updated" and fact.subject_id is not None:
            online = rows.is_online("user", fact.subject_id)
            _tell_user(fact.workspace_id, fact.subject_id, online=online, emit=partial(emit, here=True))
    if len(matter) > 1:  # who came here between two of them knows what we never told
        forget(matter[0].workspace_id)
    if matter:
        _tell_availability(matter[0].workspace_id)


def register() -> None:
    """Listens to the ledger."""
    bus.subscribe(Recorded, user_changed)


def start(app: Flask) -> None:
    """Starts the background work of presence."""
    wanted = app.config["PARLEY"]
    often = min(1.0, max(0.05, wanted.gone_grace_seconds / 4))
    green.every(wanted.presence_renew_seconds, renew, inside=app.app_context)
    green.every(often, announce_gone, inside=app.app_context)
