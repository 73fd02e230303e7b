"""What follows for routing from whatever happened: a reaction, in the transaction in which it happened."""

import uuid
from datetime import timedelta
from typing import Any

from webapp import clock, database
from webapp.extensions import db
from webapp.models import Event, Ticket
from webapp.schemas.routing import RoutingSettings
from webapp.services.routing import asking, watch
from webapp.services.routing.offer import withdraw_offer
from webapp.services.routing.waiting import is_waiting
from webapp.services.setting import read_section
from webapp.services.timer import clear_timer, set_timer

PEOPLE = ("user.updated", "user.created", "user.deactivated", "user.reactivated")
ROUTING = ("team.created", "team.updated", "skill.created", "skill.deleted", "routing_agent.updated")
OFFERS = ("ticket.offered", "ticket.offer_declined")


def follow(session: Any, recorded: list[tuple[Event, Ticket | None]]) -> None:
    """Asks for a run where a ticket waits or somebody may have room, and keeps the watches."""
    wanted = [(event, ticket) for event, ticket in recorded if _matters(event)]
    if not wanted:
        return
    section = read_section(RoutingSettings, session=session)
    if not section.is_on:
        return
    sweeps: set[str] = set()
    for event, ticket in wanted:
        if ticket is None:
            sweeps |= _person_moved(event, section, session)
        elif event.name == "comment.created":
            _written(event, ticket, section, session)
        else:
            sweeps |= _ticket_moved(event, ticket, section, session)
    for trigger in sweeps:
        asking.request_sweep(trigger=trigger, session=session)


def _matters(event: Event) -> bool:
    if event.name == "comment.created":
        return event.comment is not None and event.comment.kind == "reply"
    if event.name == "workspace.updated":
        return any(name.startswith(("routing.", "availability.")) for name in event.changes)
    return event.name in (*PEOPLE, *ROUTING) or (event.ticket_id is not None and event.name not in OFFERS)


# --- people ---------------------------------------------------------------------------------------


def _person_moved(event: Event, section: RoutingSettings, session: Any) -> set[str]:
    if event.name == "user.updated" and not {"availability", "availability_reason", "role"} & set(
        event.changes
    ):
        return set()
    if event.name == "user.deactivated" or event.changes.get("availability", ["", ""])[1] == "offline":
        grace = 0 if event.name == "user.deactivated" else section.grace_seconds
        set_timer(watch.GONE, event.subject_id, _after(grace), session=session)  # type: ignore[arg-type]
        return set()
    return {event.name}


def _after(seconds: float) -> Any:
    return clock.now() + timedelta(seconds=seconds)


def agent_left(user_id: uuid.UUID, *, session: Any = None) -> None:
    """A member of staff is nowhere any more; after the grace their work goes back to the queue."""
    session = session or db.session()
    section = read_section(RoutingSettings, session=session)
    if section.is_on:
        set_timer(watch.GONE, user_id, _after(section.grace_seconds), session=session)


def agent_came(user_id: uuid.UUID, *, session: Any = None) -> None:
    """A member of staff is here (again): they keep what they have, and may get more."""
    session = session or db.session()
    if read_section(RoutingSettings, session=session).is_on:
        clear_timer(watch.GONE, user_id, session=session)
        asking.request_sweep(trigger="agent_online", session=session)


# --- tickets --------------------------------------------------------------------------------------


def _written(event: Event, ticket: Ticket, section: RoutingSettings, session: Any) -> None:
    if event.actor_kind == "user":
        watch.answered(ticket, section, session=session)
    elif event.actor_kind == "customer":
        watch.heard(ticket, session=session)
        if event.comment is not None and ticket.waiting_since == event.comment.created_at:
            watch.expect_answer(ticket, section, session=session)
        if is_waiting(ticket):
            _ask(ticket, "customer_wrote", session)


def _ticket_moved(event: Event, ticket: Ticket, section: RoutingSettings, session: Any) -> set[str]:
    if event.name == "ticket.created":
        _set_team(event, ticket, section)
    if is_waiting(ticket):
        if event.name != "ticket.created":
            watch.forget(ticket, session=session)
        _ask(ticket, event.name.removeprefix("ticket."), session)
        return set()
    if event.name == "ticket.assigned":
        _assigned(event, ticket, section, session)
    elif event.name == "comment.withdrawn":
        watch.expect_answer(ticket, section, session=session)
    elif not ticket.is_active:
        watch.forget(ticket, session=session)
        withdraw_offer(ticket, session=session)
    routed: set[uuid.UUID] = database.scratch(session, "routing.routed", set)
    return set() if ticket.id in routed else {event.name.removeprefix("ticket.")}


def _assigned(event: Event, ticket: Ticket, section: RoutingSettings, session: Any) -> None:
    if "assigned_agent_id" not in event.changes:
        return
    ticket.slot_freed_at = None
    withdraw_offer(ticket, session=session)
    if ticket.waiting_since is None:
        clear_timer(watch.SILENT, ticket.id, session=session)
    watch.expect_answer(ticket, section, session=session)


def _set_team(event: Event, ticket: Ticket, section: RoutingSettings) -> None:
    """The team that tickets of its inbox go to; a part of how it came into being."""
    rule = next((rule for rule in section.team_rules if rule.inbox_id == ticket.inbox_id), None)
    if rule is not None and ticket.team_id is None:
        ticket.team_id = rule.team_id
        event.changes = {**event.changes, "team_id": [None, str(rule.team_id)]}


def _ask(ticket: Ticket, trigger: str, session: Any) -> None:
    """Once a transaction for each ticket, however much happened to it."""
    asked: set[uuid.UUID] = database.scratch(session, "routing.asked", set)
    if ticket.id not in asked:
        asked.add(ticket.id)
        asking.request(ticket.id, trigger=trigger, session=session)
