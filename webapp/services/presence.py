"""Who is here: rows renewed by each process for its own sockets.

A row says that somebody is there until `expires_at`. Nobody counts as gone just because we were: in the first
minute after a start, everybody who was here a little before still counts.
"""

import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from webapp import clock
from webapp.config import settings
from webapp.extensions import db
from webapp.models import Presence, User
from webapp.services.availability import open_reasons
from webapp.services.event import record
from webapp.services.permission import allows, might
from webapp.tenancy import use_workspace

PROCESS_ID = uuid.uuid4().hex
REMEMBERED = timedelta(minutes=10)
_started_at = time.monotonic()


def opened(kind: str, subject_id: uuid.UUID, workspace_id: uuid.UUID, *, session: Any = None) -> None:
    """Somebody is here, on this process. Of staff the ledger is told, so inside their workspace."""
    session = session or db.session()
    values = {
        "process_id": PROCESS_ID,
        "subject_id": subject_id,
        "kind": kind,
        "workspace_id": workspace_id,
        "sockets": 1,
        "expires_at": _expiry(),
    }
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    adding = dialect.insert(Presence).values(values)
    again = {"sockets": Presence.sockets + 1, "expires_at": adding.excluded.expires_at}
    session.execute(adding.on_conflict_do_update(index_elements=["process_id", "subject_id"], set_=again))
    if kind == "user":
        _came(subject_id, session)


def _came(user_id: uuid.UUID, session: Any) -> None:
    """Notes that somebody of staff is here, and records that they came unless the ledger knows.

    Their row is locked by the first statement, so that coming and going happen one after the other.
    """
    theirs = sa.update(User).where(User.id == user_id).execution_options(synchronize_session=False)
    session.execute(theirs.values(last_seen_at=clock.now()))
    first = theirs.where(User.online_since.is_(None)).values(online_since=clock.now())
    if session.execute(first).rowcount:
        changes = {"online": [False, True]}
        record("user.came_online", session=session, subject_id=user_id, changes=changes)


def went(user_id: uuid.UUID, seen_until: datetime, *, session: Any = None) -> bool:
    """Records that somebody of staff has gone, once; False if they are here still, or known to be gone.

    `seen_until`: when they really were here last; the event comes after the grace period.
    """
    session = session or db.session()
    session.execute(sa.select(User.id).where(User.id == user_id).with_for_update())
    if is_online("user", user_id):
        return False
    theirs = sa.and_(User.id == user_id, User.online_since.is_not(None))
    gone = sa.update(User).where(theirs).values(online_since=None)
    if not session.execute(gone.execution_options(synchronize_session=False)).rowcount:
        return False
    changes = {"online": [True, False], "at": [None, clock.iso(seen_until)]}
    record("user.went_offline", session=session, subject_id=user_id, changes=changes)
    return True


def closed(kind: str, subject_id: uuid.UUID, *, session: Any = None) -> None:
    """Somebody's last socket of this process has gone, for good."""
    session = session or db.session()
    theirs = sa.and_(
        Presence.process_id == PROCESS_ID, Presence.subject_id == subject_id, Presence.kind == kind
    )
    session.execute(sa.delete(Presence).where(theirs).execution_options(synchronize_session=False))


def renew(*, session: Any = None) -> int:
    """Prolongs everybody on this process by one statement; how many rows there were."""
    session = session or db.session()
    mine = sa.update(Presence).where(Presence.process_id == PROCESS_ID).values(expires_at=_expiry())
    return int(session.execute(mine.execution_options(synchronize_session=False)).rowcount)


def sweep(*, session: Any = None) -> list[tuple[str, uuid.UUID, uuid.UUID, datetime]]:
    """Removes rows of processes that died.

    Those who are nowhere now, as (kind, subject id, workspace id, until when they were here); also staff
    who were swept before, but whom nobody came to call gone.
    """
    session = session or db.session()
    if just_started():
        return []
    dead = sa.delete(Presence).where(Presence.expires_at <= clock.now())
    columns = Presence.kind, Presence.subject_id, Presence.workspace_id, Presence.expires_at
    swept = session.execute(dead.returning(*columns).execution_options(synchronize_session=False)).all()
    latest: dict[tuple[str, uuid.UUID, uuid.UUID], datetime] = {}
    for *who, until in swept:
        latest[tuple(who)] = max(until, latest.get(tuple(who), until))
    for user_id, workspace_id, seen_at in session.execute(_left_behind()):
        latest.setdefault(("user", user_id, workspace_id), seen_at or clock.now())
    return [(*who, until) for who, until in latest.items() if who[1] not in online_ids(who[0], who[2])]


def _left_behind() -> Any:
    rows = sa.exists().where(Presence.subject_id == User.id)
    return sa.select(User.id, User.workspace_id, User.last_seen_at).where(
        User.online_since.is_not(None), ~rows
    )


def online_ids(kind: str, workspace_id: uuid.UUID | None) -> set[uuid.UUID]:
    """Who of that kind (`user` or `customer`) is here, in any process."""
    query = sa.select(Presence.subject_id).where(
        Presence.kind == kind, Presence.workspace_id == workspace_id, _is_here()
    )
    return set(db.session.scalars(query))


def is_online(kind: str, subject_id: uuid.UUID) -> bool:
    """Whether somebody is here, in any process."""
    query = sa.exists().where(Presence.kind == kind, Presence.subject_id == subject_id, _is_here())
    return bool(db.session.scalar(sa.select(query)))


def anyone_available(workspace_id: uuid.UUID | None) -> bool:
    """Whether somebody is here who can answer customers and takes tickets."""
    if workspace_id is None:
        return False
    here = sa.exists().where(Presence.subject_id == User.id, Presence.kind == "user", _is_here())
    with use_workspace(workspace_id):
        is_open = sa.or_(User.availability == "online", User.availability_reason.in_(open_reasons()))
        roles = sa.select(User.role).where(
            User.workspace_id == workspace_id,
            is_open,
            might("ticket:reply"),
            User.deactivated_at.is_(None),
            here,
        )
        return any(allows(role, "ticket:reply") for role in db.session.scalars(roles.distinct()).all())


def _is_here() -> Any:
    return Presence.expires_at > (clock.now() - REMEMBERED if just_started() else clock.now())


def just_started() -> bool:
    """Whether this process has started so lately that nobody counts as gone."""
    return time.monotonic() - _started_at < settings().start_grace_seconds


def _expiry() -> datetime:
    return clock.now() + timedelta(seconds=settings().presence_expire_seconds)
