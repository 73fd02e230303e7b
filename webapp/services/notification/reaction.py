"""What follows from events, in the same transaction: who is told, and the watch over critical tickets."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from webapp import clock
from webapp.auth import AGENT, Actor
from webapp.errors import Invalid
from webapp.models import Comment, Event, Ticket
from webapp.models.ticket import ENDED
from webapp.services.notification.recipients import mentioned_ids, team_lead_ids
from webapp.services.notification.telling import URGENT, notify, tell_desk
from webapp.services.ticket.follow import follow, follower_ids
from webapp.services.timer import clear_timer, set_timer, timer_due_at

CRITICAL_UNASSIGNED = timedelta(hours=1)
WATCH = "notification.critical"
BEGINNINGS = ("ticket.created", "ticket.unassigned", "ticket.unmarked_as_spam", "ticket.restored")

Recorded = list[tuple[Event, Ticket | None]]


def tell_of_events(session: Any, recorded: Recorded) -> None:
    """Tells staff of what was recorded. Registered last, so that it sees what routing decided."""
    given = {
        ticket.id for event, ticket in recorded if ticket is not None and event.name == "ticket.assigned"
    }
    for event, ticket in recorded:
        if ticket is None:
            continue
        if not ticket.is_spam and ticket.deleted_at is None:
            _tell(event, ticket, session, just_given=ticket.id in given)
        _watch(event, ticket, session)


def _tell(event: Event, ticket: Ticket, session: Any, *, just_given: bool) -> None:
    if event.name == "comment.created" and event.comment is not None:
        _comment(event, event.comment, ticket, session, just_given=just_given)
    elif event.name == "ticket.created" and ticket.assigned_agent_id is None:
        title = f"New, unassigned: #{ticket.number} {ticket.title}"
        key = f"event:{event.id}"
        tell_desk(
            "new_unassigned", ticket=ticket, title=title, actor=_actor(event), unique_key=key, session=session
        )
    elif "priority" in event.changes and event.name != "ticket.created":
        _priority(event, ticket, session)


def _priority(event: Event, ticket: Ticket, session: Any) -> None:
    """A ticket that became urgent reaches its agent at once."""
    old, new = event.changes["priority"]
    if new not in URGENT or old == "critical" or ticket.assigned_agent_id is None:
        return
    title = f"{new.title()} priority now: #{ticket.number} {ticket.title}"
    to = [ticket.assigned_agent_id]
    key = f"event:{event.id}"
    notify(
        to, "assigned_to_me", ticket=ticket, title=title, actor=_actor(event), unique_key=key, session=session
    )


# --- comments -------------------------------------------------------------------------------------


def _comment(event: Event, comment: Comment, ticket: Ticket, session: Any, *, just_given: bool) -> None:
    """One fact for each person: what they were named in, else what is theirs, else what they follow."""
    actor = _actor(event)
    groups: list[tuple[str, set[Any]]] = []
    if comment.kind == "note":
        groups.append(("mention", _mentioned(comment, ticket, actor, session)))
    else:
        if event.actor_kind == "customer":
            groups.append(("message_in_mine", {ticket.assigned_agent_id} - {None}))
        groups.append(("reply_on_followed", set(follower_ids(ticket.id, session=session))))
    known = {ticket.assigned_agent_id} if just_given and event.actor_kind == "customer" else set()
    said = comment.content or "Sent a file"
    for kind, found in groups:
        key, title = f"event:{event.id}", _title(kind, actor, ticket)
        to = found - known
        known |= found
        notify(to, kind, ticket=ticket, title=title, body=said, actor=actor, unique_key=key, session=session)
    first = event.ticket_seq is not None and event.ticket_seq <= 2  # its creation has just been told
    if event.actor_kind == "customer" and ticket.assigned_agent_id is None and not first:
        tell_desk("new_unassigned", ticket=ticket, title="", actor=actor, only_sound=True, session=session)


def _title(kind: str, actor: Actor, ticket: Ticket) -> str:
    if kind == "mention":
        return f"{actor.name} mentioned you in #{ticket.number} {ticket.title}"
    if kind == "message_in_mine":
        return f"{actor.name}: #{ticket.number} {ticket.title}"
    return f"{actor.name} replied on #{ticket.number} {ticket.title}"


def _mentioned(comment: Comment, ticket: Ticket, actor: Actor, session: Any) -> set[Any]:
    """Whom a note names; they follow the ticket from now on."""
    found = mentioned_ids(comment.content, session=session)
    for user_id in sorted(found - {actor.id, ticket.assigned_agent_id}):
        with suppress(Invalid):  # as many as may follow do already
            follow(ticket.id, user_id, session=session, actor=actor)
    return found


def _actor(event: Event) -> Actor:
    """Who did it."""
    return Actor(
        kind=event.actor_kind,
        id=event.actor_id,
        workspace_id=event.workspace_id,
        name=event.actor_name,
        role="system" if event.actor_kind == "system" else AGENT,
        door=event.door,
    )


# --- critical and unassigned ----------------------------------------------------------------------


def _watch(event: Event, ticket: Ticket, session: Any) -> None:
    """A timer runs while a critical ticket stands unassigned; nothing is asked for other tickets."""
    old_priority, new_priority = event.changes.get("priority", (None, None))
    if ticket.priority != "critical" and old_priority != "critical":
        return
    if not _stands(ticket):
        clear_timer(WATCH, ticket.id, session=session)
        return
    old_status = event.changes.get("status", [None])[0]
    begins = event.name in BEGINNINGS or new_priority == "critical" or old_status in ENDED
    if begins and timer_due_at(WATCH, ticket.id, session=session) is None:
        now = clock.now()
        since = {"since": clock.iso(now)}
        due = now + CRITICAL_UNASSIGNED
        set_timer(WATCH, ticket.id, due, ticket_id=ticket.id, params=since, session=session)


def _stands(ticket: Ticket) -> bool:
    return ticket.priority == "critical" and ticket.assigned_agent_id is None and ticket.is_active


def alert_unassigned(ticket: Ticket, since: str, *, session: Any = None) -> None:
    """Tells the team's lead of a critical ticket that nobody has taken for an hour; the ticket is locked."""
    if not _stands(ticket):
        return
    notify(
        team_lead_ids(ticket, session=session),
        "routing_alert",
        ticket=ticket,
        title=f"Critical and unassigned for an hour: #{ticket.number} {ticket.title}",
        body=(ticket.last_comment or {}).get("preview", ""),
        unique_key=f"critical:{ticket.id}:{since}",
        session=session,
    )
