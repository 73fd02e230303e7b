"""In-process subscribers, called after the commit, each isolated from the others."""

import logging
from collections.abc import Callable
from typing import Any

from webapp import database

log = logging.getLogger(__name__)

Subscriber = Callable[[Any], None]
_subscribers: dict[type, list[Subscriber]] = {}


def subscribe(kind: type, handler: Subscriber) -> None:
    """Calls `handler(announcement)` for each announcement of that class, once the commit is done."""
    handlers = _subscribers.setdefault(kind, [])
    if handler not in handlers:
        handlers.append(handler)


def announce(session: Any, announcement: Any) -> None:
    """Tells the subscribers after the root transaction commits; nothing if it rolls back."""
    database.after_commit(session, lambda: publish(announcement))


def publish(announcement: Any) -> None:
    """Tells the subscribers now: for what is shown but never stored, such as typing."""
    for handler in _subscribers.get(type(announcement), ()):
        try:
            handler(announcement)
        except Exception:  # one deaf listener must not silence the rest
            log.exception("%s failed on %s", handler.__name__, type(announcement).__name__)
