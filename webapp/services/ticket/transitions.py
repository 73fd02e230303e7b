"""What moves a ticket without staff: its customer writes, or nobody does for long (the contract's table)."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from webapp import clock
from webapp.auth import SYSTEM, Actor
from webapp.extensions import db
from webapp.models import Event, Ticket, User
from webapp.models.ticket import ENDED
from webapp.schemas.lifecycle import Lifecycle
from webapp.services import presence, setting
from webapp.services.availability import takes_tickets
from webapp.services.email import customers as customer_mail
from webapp.services.job import enqueue
from webapp.services.ticket.assignment import give_to
from webapp.services.ticket.comment import CommentDraft, write_comment
from webapp.services.ticket.snooze import end_snooze, follow_snooze
from webapp.services.ticket.status import change_status
from webapp.services.timer import clear_timer, set_timer
from webapp.tenancy import require_workspace_id

NEXT_STEP = "ticket.next_step"
LEAST_NOTICE = timedelta(days=1)
"""A ticket is never closed by itself sooner than this after its status was set."""
WARNINGS = {
    "en": "Are you still there? Without an answer we will close this conversation soon.",
    "de": "Sind Sie noch da? Ohne Antwort schließen wir diese Unterhaltung bald.",
    "zh": "您还在吗？如果没有收到您的回复，我们将很快结束此对话。",  # noqa: RUF001
    "ar": "هل ما زلت هنا؟ سنغلق هذه المحادثة قريبًا إن لم نتلقَّ ردًا منك.",
}


class Step(NamedTuple):
    """What a ticket does by itself next: `warn`, `resolve` or `close`."""

    name: str
    due_at: datetime


def customer_writes(ticket: Ticket, *, session: Any, actor: Actor) -> None:
    """What a customer's message does to a locked ticket, just before it is written.

    A snoozed one wakes. A pending or resolved one goes on: with its agent if they are available, else it is
    open, nobody's, and routed again.
    """
    if ticket.is_spam:
        return
    if ticket.snoozed_until is not None and ticket.wakes_on_reply:
        end_snooze(ticket, session=session, actor=actor)
    if ticket.status not in ("pending", "resolved"):
        return
    if is_agent_available(ticket, session):
        change_status(ticket, "in_progress", session=session, actor=actor)
        return
    change_status(ticket, "open", session=session, actor=actor)
    back_to_queue(ticket, session=session, actor=actor)


def is_agent_available(ticket: Ticket, session: Any) -> bool:
    """Whether the ticket's agent is here and says so."""
    if ticket.assigned_agent_id is None:
        return False
    agent = session.get(User, ticket.assigned_agent_id)
    online = presence.online_ids("user", ticket.workspace_id)
    if agent is None or not agent.is_active or agent.id not in online:
        return False
    return takes_tickets(agent, session=session)


def back_to_queue(ticket: Ticket, *, session: Any, actor: Actor) -> None:
    """Takes a locked ticket from its agent, so that it is routed again."""
    give_to(ticket, None, session=session, actor=actor)


def wake_ticket(ticket_id: uuid.UUID, *, session: Any = None) -> None:
    """Wakes a locked ticket at its time: with the same agent if they are available, else it is nobody's."""
    session = session or db.session()
    ticket = session.get(Ticket, ticket_id)
    if ticket.snoozed_until is None or ticket.snoozed_until > clock.now():
        return
    actor = replace(SYSTEM, door="job", workspace_id=ticket.workspace_id)
    end_snooze(ticket, session=session, actor=actor)
    if ticket.status not in ENDED and not is_agent_available(ticket, session):
        back_to_queue(ticket, session=session, actor=actor)


def next_step(ticket: Ticket, rules: Lifecycle) -> Step | None:
    """What the ticket does by itself next, and when. Pure."""
    if ticket.is_spam or ticket.merged_into_id is not None or ticket.shelf == "trash":
        return None
    steps = [_closing(ticket, rules), _resolving(ticket, rules)]
    return min((step for step in steps if step), key=lambda step: step.due_at, default=None)


def _closing(ticket: Ticket, rules: Lifecycle) -> Step | None:
    waits = ticket.status == "resolved" or (ticket.status == "pending" and ticket.pending_on == "customer")
    if not waits or not rules.close_after_days:
        return None
    set_at = ticket.status_changed_at or ticket.updated_at
    patience = timedelta(days=rules.close_after_days)
    if (
        ticket.replied_at is None or ticket.waiting_since is not None
    ):  # it is not their answer that is missing
        return Step("close", set_at + patience)
    return Step("close", max(ticket.replied_at + patience, set_at + min(patience, LEAST_NOTICE)))


def _resolving(ticket: Ticket, rules: Lifecycle) -> Step | None:
    silent = ticket.replied_at is not None and ticket.waiting_since is None
    on_hold = ticket.status == "pending" and ticket.pending_on != "customer"
    if not rules.auto_resolve or not silent or on_hold or ticket.status in ENDED or ticket.snoozed_until:
        return None
    notice = timedelta(minutes=rules.warn_minutes)
    if ticket.warned_at is not None and ticket.warned_at >= ticket.replied_at:
        return Step("resolve", ticket.warned_at + notice)
    return Step("warn", ticket.replied_at + timedelta(minutes=rules.auto_resolve_minutes) - notice)


def follow(session: Any, recorded: list[tuple[Event, Ticket | None]]) -> None:
    """A reaction: keeps the timers of the tickets that changed at what they do next."""
    tickets: dict[uuid.UUID, Ticket] = {}
    for event, ticket in recorded:
        if ticket is not None:
            tickets[ticket.id] = ticket
            if "snoozed_until" in event.changes:
                follow_snooze(ticket, session=session)
    for ticket in tickets.values():
        plan(ticket, session=session)


def plan(ticket: Ticket, *, session: Any) -> None:
    """Sets, moves or clears a locked ticket's timer for its next step."""
    moves = ticket.status in ("pending", "resolved") or (ticket.replied_at and not ticket.waiting_since)
    moves = moves and ticket.status != "closed"
    step = next_step(ticket, setting.read_section(Lifecycle, session=session)) if moves else None
    due_at = step.due_at if step else None
    if due_at == ticket.next_step_at:
        return
    ticket.next_step_at = due_at
    if due_at is None:
        clear_timer(NEXT_STEP, ticket.id, session=session)
    else:
        set_timer(NEXT_STEP, ticket.id, due_at, ticket_id=ticket.id, session=session)


def save_rules(rules: Lifecycle, *, session: Any = None, actor: Actor | None = None) -> None:
    """Stores when tickets move by themselves; a job sets the timers of those that there are anew."""
    session = session or db.session()
    setting.save_section(rules, session=session, actor=actor)
    workspace_id = require_workspace_id()
    params = {"workspace_id": str(workspace_id)}
    enqueue("lifecycle.plan", params, unique_key=f"lifecycle.plan:{workspace_id}", session=session)


def take_step(ticket_id: uuid.UUID, *, session: Any = None) -> None:
    """What is due on a locked ticket; what is due later by the rules of now waits for its time."""
    session = session or db.session()
    ticket = session.get(Ticket, ticket_id)
    rules = setting.read_section(Lifecycle, session=session)
    ticket.next_step_at = None
    step = next_step(ticket, rules)
    if step is None or step.due_at > clock.now():
        plan(ticket, session=session)
        return
    actor = replace(SYSTEM, door="job", workspace_id=ticket.workspace_id)
    if step.name == "warn":
        _warn(ticket, rules, session=session, actor=actor)
    else:
        status = "closed" if step.name == "close" else "resolved"
        change_status(ticket, status, session=session, actor=actor)


def _warn(ticket: Ticket, rules: Lifecycle, *, session: Any, actor: Actor) -> None:
    """Says it in the conversation; who hears from us by mail gets a mail of its own for it."""
    ticket.warned_at = clock.now()
    draft = CommentDraft(_warning(ticket, rules))
    comment = write_comment(ticket, draft, session=session, actor=actor)
    if ticket.channel in customer_mail.MAIL_CHANNELS:
        closes_at = ticket.warned_at + timedelta(minutes=rules.warn_minutes)
        customer_mail.tell_warning(ticket, comment, closes_at, session=session)


def _warning(ticket: Ticket, rules: Lifecycle) -> str:
    language = (ticket.customer.locale or "en").split("-")[0]
    return rules.warning.strip() or WARNINGS.get(language, WARNINGS["en"])
