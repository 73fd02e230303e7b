"""Reading a ticket through the cache. For showing alone: code that decides or writes takes `ticket_for`."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from webapp import cache
from webapp.auth import Actor, current_actor, require
from webapp.cache import agent_cache, customer_cache, ticket_cache
from webapp.database import UTCDateTime
from webapp.errors import NotFound
from webapp.models import Customer, Ticket, User
from webapp.services.ticket.access import ticket_for

cache.watch(Ticket, ticket_cache)
cache.watch(Customer, customer_cache)
cache.watch(User, agent_cache)

_COLUMNS = {attribute.key: attribute.columns[0].type for attribute in sa.inspect(Ticket).column_attrs}


class ReadTicket:
    """A ticket as it was read: its columns, `customer_email` and small predicates, and nothing to change."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    def __setattr__(self, name: str, _value: Any) -> None:
        raise AttributeError(
            f"{name}: this ticket is for reading; take ticket_for(…, lock=True) to change it"
        )

    __delattr__ = __setattr__  # type: ignore[assignment]

    is_active = Ticket.is_active
    is_urgent = Ticket.is_urgent
    to_dict = Ticket.to_dict


def get_ticket(ticket_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> ReadTicket:
    """The ticket, detached and read-only; a repeated read asks the database nothing about it.

    A change made in this process shows at the next read, one of another process within five seconds. Raises
    `NotFound`.
    """
    actor = actor or current_actor()
    if actor.kind == "customer" or cache.is_changing(Ticket, ticket_id):
        permission = "chat:read" if actor.kind == "customer" else "ticket:read"
        return _thaw(_freeze(ticket_for(ticket_id, permission, session=session, actor=actor)))
    require(actor, "ticket:read")
    cache.forget_if_file_changed()
    known = ticket_cache.get(ticket_id)
    if known is None:
        version = ticket_cache.version(ticket_id)
        known = _freeze(ticket_for(ticket_id, "ticket:read", session=session, actor=actor))
        ticket_cache.set(ticket_id, known, version)
    found = _thaw(known)
    if found.deleted_at is not None:
        raise NotFound("There is no such ticket")
    return found


def _freeze(ticket: Ticket) -> str:
    values = {name: _plain(getattr(ticket, name)) for name in _COLUMNS}
    return json.dumps({**values, "customer_email": ticket.customer_email})


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _thaw(text: str) -> ReadTicket:
    values = json.loads(text)
    return ReadTicket({name: _typed(name, value) for name, value in values.items()})


def _typed(name: str, value: Any) -> Any:
    kind = _COLUMNS.get(name)
    if value is None or kind is None:
        return value
    if isinstance(kind, sa.Uuid):
        return uuid.UUID(value)
    if isinstance(kind, UTCDateTime):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value
