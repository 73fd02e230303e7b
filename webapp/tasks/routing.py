"""Routing's moments: a run that somebody asked for, and the times at which patience ends."""

import uuid
from typing import Any

from webapp.services import routing
from webapp.services.routing import asking, offer, place, watch
from webapp.tasks.timer import timer


@timer(asking.RUN)
def run(_subject_id: uuid.UUID, params: dict[str, Any]) -> None:
    """One ticket, or all that wait; then the customers who still wait are told their place."""
    trigger = params.get("trigger", "request")
    if "ticket_id" in params:
        routing.route_one(uuid.UUID(params["ticket_id"]), trigger=trigger)
    else:
        routing.route_waiting(trigger=trigger)
    place.tell_places()


@timer(offer.EXPIRE)
def offer_over(offer_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """Nobody answered an offer."""
    offer.expire_offer(offer_id)


@timer(watch.SILENT)
def agent_silent(ticket_id: uuid.UUID, params: dict[str, Any]) -> None:
    """An agent did not answer in time."""
    watch.agent_silent(ticket_id, params["agent_id"])


@timer(watch.IDLE)
def customer_idle(ticket_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """A customer went silent."""
    watch.customer_idle(ticket_id)


@timer(watch.GONE)
def agent_gone(user_id: uuid.UUID, _params: dict[str, Any]) -> None:
    """Somebody who left is still away."""
    watch.agent_gone(user_id)
