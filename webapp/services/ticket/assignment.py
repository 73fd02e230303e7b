"""Giving a ticket to an agent or team, and taking it away."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor
from webapp.errors import Conflict, Invalid
from webapp.extensions import db
from webapp.models import Event, Team, Ticket, User
from webapp.models.ticket import ENDED
from webapp.services import notification, permission
from webapp.services.event import record
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.comment import CommentDraft, write_comment
from webapp.services.ticket.status import set_status

KEEP: Any = object()
"""Marks an argument that was not given, where None has a meaning."""


def assign_ticket(
    ticket_id: uuid.UUID,
    agent_id: uuid.UUID | None,
    *,
    team_id: uuid.UUID | None = KEEP,
    note: str | None = None,
    expected_agent_id: uuid.UUID | None = KEEP,
    session: Any = None,
    actor: Actor | None = None,
) -> Ticket:
    """Gives the ticket to an agent (None: back to the queue) and perhaps a team, with a note for them.

    `expected_agent_id`: who had it when the actor decided; raises `Conflict` "already_assigned" if that is no
    longer so. Raises `Conflict` on an ended ticket, `Invalid` for somebody who cannot take tickets.
    """
    session, actor = session or db.session(), actor or current_actor()
    ticket = ticket_for(ticket_id, "ticket:assign", session=session, actor=actor, lock=True)
    if expected_agent_id is not KEEP and ticket.assigned_agent_id not in (expected_agent_id, agent_id):
        raise _taken(ticket)
    if ticket.status in ENDED:
        raise Conflict("This ticket has ended; reopen it first", current={"status": ticket.status})
    agent = agent_for(agent_id, ticket, session) if agent_id else None
    team_changes = {} if team_id is KEEP else set_team(ticket, team_id, session)
    if note and note.strip():
        write_comment(ticket, CommentDraft(note, "note"), session=session, actor=actor)
    give_to(ticket, agent, team_changes, session=session, actor=actor)
    session.flush()
    return ticket


def _taken(ticket: Ticket) -> Conflict:
    holder = ticket.assigned_agent
    name = holder.name if holder else "nobody"
    current = {"assigned_agent_id": str(holder.id) if holder else None, "name": name}
    return Conflict(f"{name} has it now", code="already_assigned", current=current)


def agent_for(agent_id: uuid.UUID, ticket: Ticket, session: Any) -> User:
    """The member of staff who can be given a locked ticket. Raises `Invalid`."""
    found = hold(agent_id, session)
    fits = found is not None and found.workspace_id == ticket.workspace_id
    if not fits or not permission.allows(found.role, "ticket:reply", session=session):
        raise Invalid.field("agent_id", "Nobody here who can take tickets has this id")
    return found


def hold(user_id: uuid.UUID, session: Any) -> User | None:
    """A member of staff, whose access nobody takes away before this transaction ends; None without any.

    Else a ticket could be given to somebody while what they have is handed over to others.
    """
    query = sa.select(User).where(User.id == user_id, User.deactivated_at.is_(None))
    locked = query.with_for_update(read=True, of=User).execution_options(populate_existing=True)
    found: User | None = session.scalar(locked)
    return found


def set_team(ticket: Ticket, team_id: uuid.UUID | None, session: Any) -> dict[str, list[Any]]:
    """Gives a locked ticket to a team, or to none; returns the change. Raises `Invalid`."""
    if team_id == ticket.team_id:
        return {}
    if team_id is not None and session.get(Team, team_id) is None:
        raise Invalid.field("team_id", "There is no such team")
    old, ticket.team_id = ticket.team_id, team_id
    return {"team_id": [_text(old), _text(team_id)]}


def give_to(
    ticket: Ticket,
    agent: User | None,
    team_changes: dict[str, list[Any]] | None = None,
    *,
    session: Any,
    actor: Actor,
) -> None:
    """Hands a locked ticket to an agent, or back to the queue, and records it with the team's change."""
    old = ticket.assigned_agent
    agent_id = agent.id if agent else None
    if agent_id == ticket.assigned_agent_id and not team_changes:
        return
    changes, public = dict(team_changes or {}), {}
    if agent_id != ticket.assigned_agent_id:
        changes["assigned_agent_id"] = [_text(ticket.assigned_agent_id), _text(agent_id)]
        public = {"agent": [{"name": old.name} if old else None, {"name": agent.name} if agent else None]}
        ticket.assigned_agent_id, ticket.assigned_agent = agent_id, agent
        ticket.assigned_at = clock.now() if agent else None
        if ticket.status != "pending":
            changes |= set_status(ticket, "assigned" if agent else "open")[0]
    given = agent is not None or (team_changes and ticket.team_id is not None)
    event = record(
        "ticket.assigned" if given else "ticket.unassigned",
        session=session,
        actor=actor,
        ticket=ticket,
        changes=changes,
        public_changes=public or None,
        is_public=bool(public),
    )
    if agent is not None and "assigned_agent_id" in changes:
        _tell(agent, ticket, event, session=session, actor=actor)


def _tell(agent: User, ticket: Ticket, event: Event, *, session: Any, actor: Actor) -> None:
    """Tells the agent what is theirs now: at once, if it is urgent."""
    urgent = {"high": "High priority: ", "critical": "Critical: "}.get(ticket.priority, "")
    notification.notify_agent(
        agent.id,
        f"{urgent}#{ticket.number} {ticket.title} was assigned to you",
        ticket=ticket,
        body=(ticket.last_comment or {}).get("preview", ""),
        actor=actor,
        unique_key=f"event:{event.id}",
        session=session,
    )


def _text(value: uuid.UUID | None) -> str | None:
    return str(value) if value else None
