"""Routing: who gets which ticket, at once on whatever changes it, and why."""

from webapp.services.routing import asking
from webapp.services.routing.decision import list_decisions, page_of_decisions
from webapp.services.routing.follow import agent_came, agent_left, follow
from webapp.services.routing.router import route_one, route_waiting

request, request_sweep = asking.request, asking.request_sweep

__all__ = [
    "agent_came",
    "agent_left",
    "follow",
    "list_decisions",
    "page_of_decisions",
    "request",
    "request_sweep",
    "route_one",
    "route_waiting",
]
