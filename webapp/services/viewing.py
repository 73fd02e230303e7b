"""Who looks at which ticket, in memory: by this process's own sockets, and by what the other processes say.

Shown and never stored. What another process said is forgotten unless said again: it may be dead by then.
"""

import math
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

STATES = ("viewing", "noting", "replying")
"""What a person with several tabs is shown as: the last of them."""
LEFT = "left"


class Look(NamedTuple):
    """Somebody on a ticket, until a moment of `time.monotonic()`; by a socket of this process for good."""

    user_id: uuid.UUID
    state: str
    until: float = math.inf


_viewing: dict[uuid.UUID, dict[str, Look]] = defaultdict(dict)
"""By ticket, and there by the socket, or by the process and the person."""


def view(ticket_id: uuid.UUID, user_id: uuid.UUID, state: str, socket_id: str) -> str:
    """Notes what a socket does on a ticket (`left` included); what its person does there in this process."""
    _note(ticket_id, socket_id, Look(user_id, state))
    return _state(look for look in _looks(ticket_id, user_id) if look.until == math.inf)


def view_elsewhere(
    process_id: str, ticket_id: uuid.UUID, user_id: uuid.UUID, state: str, seconds: float
) -> str:
    """Notes what a person does by another process, for so long; what they are to be shown as."""
    _note(ticket_id, f"{process_id}:{user_id}", Look(user_id, state, time.monotonic() + seconds))
    return state_of(ticket_id, user_id)


def _note(ticket_id: uuid.UUID, source: str, look: Look) -> None:
    _viewing[ticket_id][source] = look
    now = time.monotonic()
    kept = {name: one for name, one in _viewing[ticket_id].items() if one.until > now and one.state != LEFT}
    if kept:
        _viewing[ticket_id] = kept
    else:
        del _viewing[ticket_id]


def state_of(ticket_id: uuid.UUID, user_id: uuid.UUID) -> str:
    """How a person is to be shown on a ticket: the most that they do there, `left` if nothing."""
    return _state(_looks(ticket_id, user_id))


def _looks(ticket_id: uuid.UUID, user_id: uuid.UUID) -> Iterator[Look]:
    now = time.monotonic()
    looks = list(_viewing.get(ticket_id, {}).values())
    return (look for look in looks if look.user_id == user_id and look.until > now)


def _state(looks: Iterator[Look]) -> str:
    return max((look.state for look in looks), key=STATES.index, default=LEFT)


def viewed_by(socket_id: str) -> list[uuid.UUID]:
    """The tickets that a socket is on."""
    return [ticket_id for ticket_id, looks in _viewing.items() if socket_id in looks]


def viewers(ticket_id: uuid.UUID) -> list[dict[str, str]]:
    """Who is on a ticket, as far as this process knows: `[{user_id, state}]`, each person once."""
    people = dict.fromkeys(look.user_id for look in _viewing.get(ticket_id, {}).values())
    shown = {user_id: state_of(ticket_id, user_id) for user_id in people}
    return [{"user_id": str(user_id), "state": state} for user_id, state in shown.items() if state != LEFT]


def forget_past() -> None:
    """Forgets what other processes said and did not say again."""
    now = time.monotonic()
    for ticket_id, looks in list(_viewing.items()):
        kept = {source: look for source, look in looks.items() if look.until > now}
        if kept:
            _viewing[ticket_id] = kept
        else:
            del _viewing[ticket_id]
