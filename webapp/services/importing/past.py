"""A ticket's life elsewhere, written into our ledger at its own times.

Nobody reacts to it: no mail, no notification, no webhook, no routing, no promise. Reports and search read it
like any other.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp import database
from webapp.auth import Actor
from webapp.models import Comment, Event, Ticket
from webapp.models.ticket import ENDED
from webapp.schemas.ticket import CUSTOMER_STATUS
from webapp.services.sla.clocks import customer_facts, happening_of
from webapp.services.sla.fold import State, settle, step
from webapp.services.sla.memory import Memory, dump, load
from webapp.services.ticket.comment import preview_of

DOOR = "import"
Changes = dict[str, list[Any]]


@dataclass
class Past:
    """Does to a ticket, in order, what was done to it; `events` and `comments` are to be added."""

    ticket: Ticket
    events: list[Event] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)

    def note(
        self,
        name: str,
        actor: Actor,
        at: datetime,
        changes: Changes | None = None,
        *,
        shown: bool = False,
        public: Changes | None = None,
    ) -> Event:
        """One event, counted as `services.event.record` counts."""
        ticket = self.ticket
        ticket.last_seq += 1
        ticket.last_public_seq += shown
        event = Event(
            id=database.uuid7(),
            name=name,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            door=DOOR,
            at=at,
            ticket_id=ticket.id,
            changes=changes or {},
            public_changes=public,
            ticket_seq=ticket.last_seq,
            public_seq=ticket.last_public_seq if shown else None,
        )
        self.events.append(event)
        return event

    def create(self, actor: Actor, source: str) -> None:
        """It came into being, open."""
        ticket = self.ticket
        names = ("title", "status", "priority", "channel", "category", "number")
        changes = {name: [None, getattr(ticket, name)] for name in names}
        changes |= {"customer_id": [None, str(ticket.customer_id)], "inbox_id": [None, None]}
        changes |= {name: [None, value] for name, value in customer_facts(ticket).items()}
        changes["imported"] = [None, source]
        self.note("ticket.created", actor, ticket.created_at, changes, shown=True)

    def say(self, actor: Actor, at: datetime, content: str, *, is_public: bool) -> Comment:
        """A reply or a note."""
        ticket = self.ticket
        event = self.note("comment.created", actor, at, shown=is_public)
        comment = Comment(
            id=database.uuid7(),
            ticket_id=ticket.id,
            kind="reply" if is_public else "note",
            content=content,
            author_kind=actor.kind,
            author_id=actor.id,
            author_name=actor.name[:254],
            author_email=actor.email,
            seq=event.ticket_seq,
            public_seq=event.public_seq,
            created_at=at,
        )
        event.comment_id = comment.id
        ticket.comment_count += 1
        ticket.last_comment = preview_of(comment, ())
        if is_public:
            self._heard(actor, comment)
        self.comments.append(comment)
        return comment

    def _heard(self, actor: Actor, comment: Comment) -> None:
        ticket = self.ticket
        if actor.kind == "customer":
            ticket.waiting_since = ticket.waiting_since or comment.created_at
            ticket.last_customer_seq = comment.public_seq or 0
        else:
            ticket.waiting_since = None
            ticket.answered_at = ticket.answered_at or comment.created_at
            ticket.replied_at = comment.created_at

    def assign(self, agent: Any, actor: Actor, at: datetime) -> None:
        """An agent got it, or (None) nobody has it."""
        ticket = self.ticket
        if agent is None or ticket.assigned_agent_id == agent.id:
            return
        old = ticket.assigned_agent_id
        changes: Changes = {"assigned_agent_id": [str(old) if old else None, str(agent.id)]}
        if ticket.status == "open":
            changes["status"] = ["open", "assigned"]
            ticket.status = "assigned"
        ticket.assigned_agent_id, ticket.assigned_at = agent.id, at
        public = {"agent": [None, {"name": agent.name}]}
        self.note("ticket.assigned", actor, at, changes, shown=True, public=public)

    def tag(self, names: list[str], actor: Actor, at: datetime) -> None:
        """It carries these tags."""
        old = list(self.ticket.tags or [])
        if old != names:
            self.ticket.tags = names
            self.note("ticket.tagged", actor, at, {"tags": [old, names]})

    def update(self, actor: Actor, at: datetime, **values: Any) -> None:
        """Title, priority or category are others."""
        moved = {name: value for name, value in values.items() if getattr(self.ticket, name) != value}
        if moved:
            changes = {name: [getattr(self.ticket, name), value] for name, value in moved.items()}
            for name, value in moved.items():
                setattr(self.ticket, name, value)
            self.note("ticket.updated", actor, at, changes)

    def move(self, status: str, actor: Actor, at: datetime) -> None:
        """It stands at another status; `hold`: pending on somebody else than the customer."""
        ticket = self.ticket
        on = {"hold": "third_party", "pending": "customer"}.get(status)
        status = "pending" if on else self._standing(status)
        if (ticket.status, ticket.pending_on) == (status, on):
            return
        changes: Changes = {"status": [ticket.status, status]}
        if ticket.pending_on != on:
            changes["pending_on"] = [ticket.pending_on, on]
        words = [CUSTOMER_STATUS[ticket.status], CUSTOMER_STATUS[status]]
        public = {"status": words} if words[0] != words[1] else None
        ticket.status, ticket.pending_on, ticket.status_changed_at = status, on, at
        if status not in ENDED:
            ticket.resolved_at = None
        else:
            ticket.resolved_at = ticket.resolved_at or at
            ticket.waiting_since = None
        self.note("ticket.status_changed", actor, at, changes, shown=public is not None, public=public)

    def _standing(self, status: str) -> str:
        """Open is assigned where somebody has it, and in progress only then."""
        if status in ("open", "in_progress"):
            has_agent = self.ticket.assigned_agent_id is not None
            return {"open": "assigned"}.get(status, status) if has_agent else "open"
        return status

    def close(self) -> None:
        """Its clocks have seen all of it, so that the next event moves them on from there."""
        ticket = self.ticket
        ticket.updated_at = max(ticket.updated_at, *(event.at for event in self.events))
        if ticket.status in ENDED:
            ticket.waiting_since = None
        memory = load(ticket.sla_state) if ticket.sla_state else Memory(State())
        for event in self.events:
            step(memory.state, happening_of(event), (), _always)
        settle(memory.state, (), _always)
        ticket.sla_state = dump(memory)


def _always(_calendar_id: uuid.UUID | None, _inbox_id: str | None) -> None:
    """Hours for folding without a promise: none are asked for."""
