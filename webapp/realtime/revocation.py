"""Lost access reaches live sockets: at once in the process where it happened, within a second in the others.

Each process reads the database for what was revoked since its last look, so that it holds without Redis too.
"""

import threading
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from webapp import bus, clock, green
from webapp.database import read_only
from webapp.models import User, UserSession, VisitorToken
from webapp.realtime import server
from webapp.services.chat.visitor import VisitorsEnded
from webapp.services.customer import VisitorsMoved
from webapp.services.session import SessionsEnded

# A transaction may commit some time after it set `revoked_at`, and clocks differ; ending twice does no harm.
OVERLAP = timedelta(seconds=30)
EXPIRY_SECONDS = 60

_lock = threading.Lock()
_looked_at: datetime | None = None


def poll() -> None:
    """Ends this process's sockets whose session, user or visitor token was revoked since the last look."""
    global _looked_at
    now = clock.now()
    with _lock:
        since, _looked_at = (_looked_at or now) - OVERLAP, now
    if not server.connections():
        return
    with read_only() as session:
        revoked = {
            *session.scalars(sa.select(UserSession.id).where(UserSession.revoked_at > since)),
            *session.scalars(sa.select(VisitorToken.id).where(VisitorToken.revoked_at > since)),
        }
        deactivated = set(session.scalars(sa.select(User.id).where(User.deactivated_at > since)))
    server.end_sessions(revoked, "revoked")
    for connection in server.connections():
        if connection.actor.kind == "user" and connection.actor.id in deactivated:
            server.end(connection, "deactivated")


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


def _visitors_moved(fact: VisitorsMoved) -> None:
    """Not ended: these browsers connect again by themselves, and are put into the right rooms then."""
    for connection in server.connections():
        if connection.actor.session_id in fact.token_ids:
            server.reconnect(connection)


def register(_app: Flask) -> None:
    """Listens to what is revoked in this process."""
    bus.subscribe(SessionsEnded, _ended)
    bus.subscribe(VisitorsEnded, _visitors_ended)
    bus.subscribe(VisitorsMoved, _visitors_moved)


def start(app: Flask) -> None:
    """Starts to look for what was revoked elsewhere."""
    settings: Any = app.config["PARLEY"]
    green.every(settings.revocation_poll_seconds, poll, inside=app.app_context)
    green.every(EXPIRY_SECONDS, end_expired, inside=app.app_context)
