"""Connections to CRM and billing: the rows, what they hold in secret, and their log. No network here."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.models import BillingAccount, Connection, CrmContact, Customer, SyncEntry
from webapp.models.connection import CRMS, SAID_CHARS
from webapp.schemas.connection import LABELS
from webapp.services.event import record
from webapp.signing import hook_key, seal, unseal
from webapp.tenancy import require_workspace_id

KEPT_DAYS = 30
QUIET = timedelta(minutes=5)
UNSYNCED = {"synchronize_session": False}
UNREADABLE = "Its secrets cannot be opened: SECRET_KEY has changed. Connect again"


@dataclass(frozen=True)
class Account:
    """A connection as plain values: no row outlives its transaction. `secrets`: tokens and the app's."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    kind: str
    base_url: str
    name: str
    secrets: dict[str, str]
    mapping: dict[str, Any]


def find_connection(kind: str, *, session: Any = None, lock: bool = False) -> Connection | None:
    """The workspace's connection of that kind, if it has one."""
    query = sa.select(Connection).where(Connection.kind == kind)
    return _one(query, session, lock)


def find_crm(*, session: Any = None, lock: bool = False) -> Connection | None:
    """The workspace's CRM, if it is connected to one."""
    return _one(_of_crm(), session, lock)


@cache
def _of_crm() -> Any:
    return sa.select(Connection).where(Connection.kind.in_(CRMS))


def _one(query: Any, session: Any, lock: bool) -> Connection | None:
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found: Connection | None = (session or db.session()).scalar(query)
    return found


def connection_for(kind: str, *, session: Any = None, actor: Actor | None = None) -> Connection:
    """The connection of that kind, for whoever may set it. Raises `NotFound`."""
    require(actor or current_actor(), "settings:manage")
    found = find_connection(kind, session=session)
    if found is None:
        raise NotFound(f"{LABELS.get(kind, 'This')} is not connected")
    return found


def list_connections(*, actor: Actor | None = None) -> list[Connection]:
    """All of the workspace's."""
    require(actor or current_actor(), "directory:read")
    return list(db.session.scalars(sa.select(Connection).order_by(Connection.kind)))


def is_connected() -> bool:
    """Whether the workspace is connected to anything."""
    return db.session.scalar(sa.select(Connection.id).limit(1)) is not None


def account_of(found: Connection) -> Account:
    """What is needed to ask them. `secrets` is empty if they cannot be opened any more."""
    try:
        secrets = json.loads(unseal(found.secret_box))
    except ValueError:
        secrets = {}
    return Account(
        id=found.id,
        workspace_id=found.workspace_id,
        kind=found.kind,
        base_url=found.base_url,
        name=found.account,
        secrets=secrets,
        mapping=found.mapping,
    )


def hook_path(found: Connection) -> str:
    """Where their changes are posted to; whoever knows it is believed to be them."""
    return f"/hooks/crm/{found.kind}/{hook_key(found.workspace_id, found.id)}"


# --- making, changing, cutting --------------------------------------------------------------------


def create_connection(
    kind: str,
    method: str,
    *,
    secrets: dict[str, str],
    session: Any = None,
    actor: Actor | None = None,
    **fields: Any,
) -> Connection:
    """Connects, or connects again: what is shared and the log stay. `fields`: account, base_url, …

    Raises `Conflict` where another CRM is connected.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    found = find_connection(kind, session=session, lock=True)
    other = find_crm(session=session)
    if kind in CRMS and other is not None and other.kind != kind:
        raise Conflict(f"This workspace is connected to {LABELS[other.kind]}; disconnect that first")
    name = "connection.updated" if found else "connection.created"
    if found is None:
        found = Connection(id=database.uuid7(), kind=kind, mapping={}, created_at=clock.now())
        session.add(found)
    for field, value in {**fields, "method": method, "status": "active", "said": ""}.items():
        setattr(found, field, value)
    found.paused_until, found.secret_box = None, seal(json.dumps(secrets))
    session.flush()
    changes = {"kind": [None, kind], "account": [None, found.account]}
    record(name, session=session, actor=actor, subject_id=found.id, changes=changes)
    note(found.id, "none", "ok", f"Connected by {actor.name}", session=session)
    return found


def keep_secrets(connection_id: uuid.UUID, secrets: dict[str, str], base_url: str, *, session: Any) -> None:
    """Keeps another access token."""
    found = session.scalar(sa.select(Connection).where(Connection.id == connection_id))
    if found is not None:
        found.secret_box, found.base_url = seal(json.dumps(secrets)), base_url or found.base_url


def delete_connection(kind: str, *, session: Any = None, actor: Actor | None = None) -> None:
    """Cuts it, and forgets everything that came of it. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    found = connection_for(kind, session=session, actor=actor)
    forgotten: list[Any] = [BillingAccount]
    if kind in CRMS:
        forgotten = [CrmContact]
        known = sa.update(Customer).where(Customer.crm_id.is_not(None)).values(crm_id=None)
        session.execute(known, execution_options={"synchronize_session": "fetch"})
    for model in forgotten:
        session.execute(sa.delete(model), execution_options=UNSYNCED)
    changes = {"kind": [kind, None]}
    record("connection.deleted", session=session, actor=actor, subject_id=found.id, changes=changes)
    session.delete(found)
    session.flush()


# --- how it goes ----------------------------------------------------------------------------------


def may_ask(found: Connection) -> bool:
    """Whether they let us in, and do not want to be left alone just now."""
    return found.status == "active" and not (found.paused_until and found.paused_until > clock.now())


def note_answered(connection_id: uuid.UUID, *, session: Any) -> None:
    """They answered: nothing is wrong with the connection. Written at most every few minutes."""
    found = session.scalar(sa.select(Connection).where(Connection.id == connection_id))
    if found is None:
        return
    if found.said or not found.answered_at or clock.now() - found.answered_at > QUIET:
        found.said, found.answered_at = "", clock.now()


def note_broken(connection_id: uuid.UUID, said: str, *, session: Any) -> None:
    """Nobody gets in any more until a person connects again; said once."""
    found = session.scalar(sa.select(Connection).where(Connection.id == connection_id).with_for_update())
    if found is None or found.status == "broken":
        return
    found.status, found.said = "broken", said[:SAID_CHARS]
    record("connection.broken", session=session, subject_id=found.id, changes={"said": [None, found.said]})
    waits = f"{said}. What there is to tell waits until you connect again"
    note(found.id, "none", "failed", waits, session=session)


def note_trouble(connection_id: uuid.UUID, said: str, *, session: Any) -> None:
    """They gave no answer; said until they give one."""
    found = session.scalar(sa.select(Connection).where(Connection.id == connection_id).with_for_update())
    if found is None or found.status == "broken" or found.said:
        return
    found.said = said[:SAID_CHARS]
    note(found.id, "none", "waiting", said, session=session)


def note_pause(connection_id: uuid.UUID, said: str, until: datetime, *, session: Any) -> None:
    """They want to be left alone until then; said once."""
    found = session.scalar(sa.select(Connection).where(Connection.id == connection_id).with_for_update())
    if found is None or (found.paused_until and found.paused_until >= until):
        return
    was_paused = found.paused_until is not None and found.paused_until > clock.now()
    found.paused_until, found.said = until, said[:SAID_CHARS]
    if not was_paused:
        when = f"{until:%Y-%m-%d %H:%M:%S} UTC"
        note(found.id, "none", "waiting", f"{said}. It goes on at {when}", session=session)


# --- the log --------------------------------------------------------------------------------------


def note(
    connection_id: uuid.UUID,
    direction: str,
    outcome: str,
    said: str,
    *,
    customer_id: uuid.UUID | None = None,
    session: Any,
) -> None:
    """Adds a line. `direction`: out, in, none. `outcome`: ok, waiting, failed."""
    session.add(
        SyncEntry(
            id=database.uuid7(),
            connection_id=connection_id,
            customer_id=customer_id,
            direction=direction,
            outcome=outcome,
            said=said[:SAID_CHARS],
            at=clock.now(),
        )
    )


def list_entries(
    connection_id: uuid.UUID | None = None,
    *,
    customer_id: uuid.UUID | None = None,
    only: str = "",
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> tuple[list[SyncEntry], bool]:
    """The newest lines of a connection or about a customer, and whether there are older ones."""
    query = sa.select(SyncEntry).order_by(SyncEntry.id.desc())
    if connection_id is not None:
        query = query.where(SyncEntry.connection_id == connection_id)
    if customer_id is not None:
        query = query.where(SyncEntry.customer_id == customer_id)
    if only:
        query = query.where(SyncEntry.outcome == only)
    if before is not None:
        query = query.where(SyncEntry.id < before)
    found = list(db.session.scalars(query.limit(limit + 1)))
    return found[:limit], len(found) > limit


def customer_names(entries: list[SyncEntry]) -> dict[uuid.UUID, str]:
    """The names of the customers of these lines."""
    ids = {entry.customer_id for entry in entries if entry.customer_id}
    found = db.session.scalars(sa.select(Customer).where(Customer.id.in_(ids))) if ids else ()
    return {customer.id: customer.shown_name for customer in found}


def forget_old_entries(*, session: Any) -> None:
    """Removes what is a month old from the current workspace's logs."""
    require_workspace_id()
    old = sa.delete(SyncEntry).where(SyncEntry.at < clock.now() - timedelta(days=KEPT_DAYS))
    session.execute(old, execution_options=UNSYNCED)
