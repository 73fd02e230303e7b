"""Lost access reaches live sockets: at once in the process where it happened, within a second in the others.

Each process reads the database for what was revoked since its last look, so that it holds without Redis too.
"""

import threading
import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from webapp import bus, clock, green
from webapp.database import read_only
from webapp.models import User, UserSession, VisitorToken, WallboardLink
from webapp.realtime import rooms, server
from webapp.services.chat.visitor import VisitorsEnded
from webapp.services.event import Recorded
from webapp.services.permission import permissions_of
from webapp.services.role import RoleRevised
from webapp.services.session import SessionsEnded
from webapp.tenancy import use_workspace

# A transaction may commit some time after it set `revoked_at`, and clocks differ; ending twice does no harm.
OVERLAP = timedelta(seconds=30)
EXPIRY_SECONDS = 60
REVOKED = "revoked"

_lock = threading.Lock()
_looked_at: datetime | None = None


def poll() -> None:
    """Ends this process's sockets whose session, user, token or link was revoked since the last look."""
    global _looked_at
    now = clock.now()
    with _lock:
        since, _looked_at = (_looked_at or now) - OVERLAP, now
    if not server.connections():
        return
    with read_only() as session:
        revoked = _revoked(since, session)
        deactivated = set(session.scalars(sa.select(User.id).where(User.deactivated_at > since)))
    for reason, session_ids in revoked.items():
        server.end_sessions(session_ids, reason)
    for connection in _with_other_rights():
        server.end(connection, "role_changed")
    for connection in server.connections():
        if connection.actor.kind == "user" and connection.actor.id in deactivated:
            server.end(connection, "deactivated")


def _revoked(since: datetime, session: Any) -> dict[str, set[uuid.UUID]]:
    """What was revoked since, by the reason that its page is told: the same that whoever ended it told."""
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    ended = sa.select(UserSession.id, UserSession.ended_for).where(UserSession.revoked_at > since)
    for session_id, reason in session.execute(ended):
        found[reason or REVOKED].add(session_id)
    for model in (VisitorToken, WallboardLink):
        found[REVOKED] |= set(session.scalars(sa.select(model.id).where(model.revoked_at > since)))
    return found


def _with_other_rights() -> list[server.Connection]:
    """This process's sockets of people whose role, one of a workspace's own, allows another thing by now."""
    found = []
    with read_only():
        for connection in server.connections():
            actor = connection.actor
            if actor.permissions is None or actor.workspace_id is None:
                continue
            with use_workspace(actor.workspace_id):
                if permissions_of(actor.role) != actor.permissions:
                    found.append(connection)
    return found


def end_expired() -> None:
    """Ends this process's sockets whose session or visitor token has reached its age."""
    held = {connection.actor.session_id for connection in server.connections()}
    if not held:
        return
    with read_only() as session:
        expired = {
            found
            for model in (UserSession, VisitorToken)
            for found in session.scalars(
                sa.select(model.id).where(model.id.in_(held), model.expires_at <= clock.now())
            )
        }
    server.end_sessions(expired, "expired")


def _ended(fact: SessionsEnded) -> None:
    server.end_sessions(fact.session_ids, fact.reason)


def _visitors_ended(fact: VisitorsEnded) -> None:
    server.end_sessions(fact.token_ids, fact.reason)


def merged(fact: Recorded) -> None:
    """Browsers that are another customer's by now connect again, and are put into the right rooms then.

    For what this process commits and, by the ledger, for what the others do.
    """
    if fact.name != "customer.merged":
        return
    _, gone = fact.staff["changes"]["merged_id"]
    for connection in server.connections():
        if connection.namespace == rooms.CHAT and str(connection.actor.id) == gone:
            server.reconnect(connection)


def _role_revised(fact: RoleRevised) -> None:
    """Their pages begin again: what they show and offer goes by what their people may do."""
    for connection in server.connections():
        actor = connection.actor
        if (actor.workspace_id, actor.role) == (fact.workspace_id, fact.key):
            server.end(connection, "role_changed")


def register(_app: Flask) -> None:
    """Listens to what is revoked in this process."""
    bus.subscribe(RoleRevised, _role_revised)
    bus.subscribe(SessionsEnded, _ended)
    bus.subscribe(VisitorsEnded, _visitors_ended)
    bus.subscribe(Recorded, merged)


def start(app: Flask) -> None:
    """Starts to look for what was revoked elsewhere."""
    settings: Any = app.config["PARLEY"]
    green.every(settings.revocation_poll_seconds, poll, inside=app.app_context)
    green.every(EXPIRY_SECONDS, end_expired, inside=app.app_context)
