"""Telling a conversation of the demo: each thing at its time, by whoever did it."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from webapp import clock
from webapp.auth import Actor
from webapp.config import settings
from webapp.database import transaction, uuid7
from webapp.demo.house import Cast
from webapp.demo.story import WORKSPACE, Conversation, Said
from webapp.extensions import db
from webapp.models import Customer, Inbox
from webapp.services import assignment, chat
from webapp.services import customer as customers
from webapp.services import form as forms
from webapp.services import ticket as tickets
from webapp.services.chat.visitor import issue_token
from webapp.services.ticket.comment import CommentDraft


def tell(told: Conversation, cast: Cast, now: datetime) -> None:
    """Lets a conversation have happened, in a transaction of its own that ends when it did."""
    at = now - timedelta(minutes=told.began)
    ending = min(at + timedelta(minutes=1 + sum(line.after for line in told.lines)), now)
    with clock.moved(ending), transaction():
        with clock.moved(at):
            ticket_id, customer, spoken = _BEGINNINGS[_kind(told)](told, cast)
            _settle(ticket_id, told, cast)
        for line in told.lines[spoken:]:
            at = min(at + timedelta(minutes=line.after), now)
            with clock.moved(at):
                _say(ticket_id, line, customer, cast)
        _finish(ticket_id, told, cast)
    cast.told[told.name] = ticket_id


def _kind(told: Conversation) -> str:
    return "staff" if told.lines[0].who != "customer" else told.channel


# --- how it begins --------------------------------------------------------------------------------

Beginning = tuple[uuid.UUID, Actor | None, int]
"""The ticket, its customer where they go on writing, and how many lines that used up."""


def _by_staff(told: Conversation, cast: Cast) -> Beginning:
    first = told.lines[0]
    _known(told, cast)
    made = tickets.create_ticket(
        told.title or "",
        first.text,
        told.email,
        told.priority,
        customer_name=told.name,
        actor=cast.staff[first.who],
    )
    return made.id, None, 1


def _by_chat(told: Conversation, cast: Cast) -> Beginning:
    page = {"url": f"http://localhost:{settings().demo_port}{told.page}", "title": WORKSPACE}
    inbox: Any = db.session.get(Inbox, cast.inbox_id)
    known = _known(told, cast)
    if known is None:
        token = chat.create_visitor(inbox, locale="en", page=page, client=told.client)
    else:
        token = issue_token(inbox, known, page=page, client=told.client, session=db.session())
    visitor = chat.actor_for_visitor(token, door="api")
    answers = {"name": told.name, "email": told.email}
    draft = CommentDraft(told.lines[0].text, client_id=uuid7())
    _, ticket = chat.send_message(draft, prechat=answers, consent=True, actor=visitor)
    return ticket.id, chat.actor_for_visitor(token, door="api"), 1


def _by_mail(told: Conversation, cast: Cast) -> Beginning:
    known: Any = _known(told, cast)
    sender = Actor(
        kind="customer",
        id=known.id,
        workspace_id=known.workspace_id,
        name=told.name,
        role="customer",
        door="mail",
        email=told.email,
    )
    draft = CommentDraft(told.lines[0].text, client_id=uuid7())
    made = tickets.create_ticket(told.title or "", customer=known, channel="email", first=draft, actor=sender)
    return made.id, sender, 1


def _by_form(told: Conversation, cast: Cast) -> Beginning:
    given = forms.Submission(
        told.name,
        told.email,
        told.title or "",
        told.lines[0].text,
        answers={"order": "20355", "topic": "A return"},
        consent=True,
    )
    return forms.submit(forms.form_by_key(cast.form_key), given).id, None, 1


_BEGINNINGS = {"staff": _by_staff, "chat": _by_chat, "email": _by_mail, "form": _by_form}


def _known(told: Conversation, cast: Cast) -> Customer | None:
    """The customer whose address is certain; their organization follows from it."""
    if told.tier is None:
        return None
    admin = cast.staff["Nora"]
    found = customers.customer_by_email(told.email, name=told.name, actor=admin)
    if found.tier != told.tier:
        customers.update_customer(found.id, tier=told.tier, actor=admin)
    return found


# --- how it goes on -------------------------------------------------------------------------------


def _settle(ticket_id: uuid.UUID, told: Conversation, cast: Cast) -> None:
    admin = cast.staff["Nora"]
    changes: dict[str, Any] = {"category": told.category} if told.category else {}
    if told.priority != "medium" and _kind(told) != "staff":
        changes["priority"] = told.priority
    if changes:
        tickets.update_ticket(ticket_id, **changes, actor=admin)
    agent = cast.staff[told.agent] if told.agent else None
    if told.is_routed:
        assignment.assign_by(ticket_id, "least_busy", trigger="created")
    elif agent or told.team:
        team = {"team_id": cast.teams[told.team]} if told.team else {}
        tickets.assign_ticket(ticket_id, agent.id if agent else None, actor=agent or admin, **team)
    for name in told.followers:
        tickets.follow(ticket_id, actor=cast.staff[name])


def _say(ticket_id: uuid.UUID, line: Said, customer: Actor | None, cast: Cast) -> None:
    draft = CommentDraft(line.text, line.kind, uuid7())
    if line.who == "customer" and customer is not None:
        chat.send_message(draft, ticket_id=ticket_id, actor=customer)
        return
    tickets.add_comment(
        ticket_id, line.text, kind=line.kind, client_id=draft.client_id, actor=cast.staff[line.who]
    )


def _finish(ticket_id: uuid.UUID, told: Conversation, cast: Cast) -> None:
    actor = cast.staff[told.agent or "Nora"]
    if told.tags:
        tickets.update_tags(ticket_id, add=told.tags, actor=actor)
    if told.fields:
        tickets.update_ticket(ticket_id, fields=told.fields, actor=actor)
    if told.spam:
        tickets.mark_spam(ticket_id, True, actor=actor)
    if told.own_status:
        tickets.update_ticket(ticket_id, status_id=cast.statuses[told.own_status], actor=actor)
    elif told.status:
        tickets.update_ticket_status(ticket_id, told.status, actor=actor)
    if told.child_of:
        tickets.link_tickets(ticket_id, cast.told[told.child_of], "parent", actor=actor)
    if told.absorbs:
        tickets.merge_ticket(cast.told[told.name], ticket_id, actor=actor)
    if told.snooze_hours:
        until = clock.now() + timedelta(hours=told.snooze_hours)
        tickets.snooze_ticket(ticket_id, until, actor=actor)
