"""Asking for a run of the router: a timer that is due at once, in the caller's transaction."""

import uuid
from datetime import timedelta
from typing import Any

from webapp import clock, database
from webapp.services.timer import set_timer

RUN = "routing.run"


def request(ticket_id: uuid.UUID, *, trigger: str = "request", session: Any = None) -> None:
    """Lets a ticket be routed right after the commit; nothing happens where routing is off."""
    _ask({"ticket_id": str(ticket_id), "trigger": trigger}, session)


def request_sweep(*, trigger: str, delay_seconds: float = 0, session: Any = None) -> None:
    """Lets every waiting ticket be looked at right after the commit: somebody may have room now."""
    _ask({"trigger": trigger}, session, delay_seconds)


def _ask(params: dict[str, Any], session: Any, delay_seconds: float = 0) -> None:
    # An id of its own: askers never wait for one another, nor for a run that is under way.
    due = clock.now() + timedelta(seconds=delay_seconds)
    set_timer(RUN, database.uuid7(), due, params=params, session=session)
