"""The demo: a workspace in the middle of its day, made through the same services as everything else.

Its accounts get random passwords, kept in the instance folder for the owner's eyes and printed at each start.
"""

import json
import os
import secrets
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask import Flask, has_app_context

from webapp import clock
from webapp.auth import SYSTEM, Actor, acting_as
from webapp.config import Settings, settings
from webapp.database import read_only, transaction, uuid7
from webapp.demo.story import (
    CONSENT,
    CONVERSATIONS,
    GREETING,
    PRECHAT,
    STAFF,
    TEAMS,
    WORKSPACE,
    Conversation,
    Said,
)
from webapp.extensions import db
from webapp.models import Inbox, User
from webapp.schemas.routing import RoutingSettings
from webapp.services import chat
from webapp.services import inbox as inboxes
from webapp.services import skill as skills
from webapp.services import team as teams
from webapp.services import ticket as tickets
from webapp.services import user as users
from webapp.services import workspace as workspaces
from webapp.services.routing.agent import save_agent
from webapp.services.setting import save_section
from webapp.services.ticket.comment import CommentDraft
from webapp.tenancy import use_workspace

SKILLS = {"German": ("Jonas", 3), "Sails and rope": ("Mei", 2)}


@dataclass(frozen=True)
class Demo:
    """The demo workspace's inbox and accounts."""

    inbox_key: str
    accounts: list[dict[str, str]]


@dataclass(frozen=True)
class _Cast:
    """Who is in the story, by first name and team."""

    inbox_id: Any
    staff: dict[str, Actor]
    teams: dict[str, Any]


def ensure_demo(app: Flask) -> Demo | None:
    """Makes the demo if there is no workspace yet, and prints its accounts and addresses.

    None where there is a workspace that is not the demo's.
    """
    with nullcontext() if has_app_context() else app.app_context():
        with read_only():
            is_empty = not workspaces.any_workspace()
        found = _build() if is_empty else _read()
        if found is not None:
            click.echo(_table(found, settings()))
        return found


# --- making it ------------------------------------------------------------------------------------


def _build() -> Demo:
    passwords = [secrets.token_urlsafe(9) for _ in STAFF]
    hashes = [users.new_password_hash(password) for password in passwords]
    now = clock.now()
    # The past is written in one go, so that hardly anybody could look at a clock that runs behind.
    with use_workspace(uuid7()), acting_as(SYSTEM), transaction(), clock.moved(now):
        cast, key = _people(hashes)
        for told in sorted(CONVERSATIONS, key=lambda conversation: -conversation.began):
            _tell(told, cast, now)
        _route(cast, now)
    accounts = [
        {"role": role, "name": name, "email": email, "password": password}
        for (role, name, email), password in zip(STAFF, passwords, strict=True)
    ]
    made = Demo(key, accounts)
    _keep(made)
    return made


def _people(hashes: list[str]) -> tuple[_Cast, str]:
    workspaces.create_workspace(WORKSPACE, only_first=True)
    staff = {}
    for (role, name, email), password_hash in zip(STAFF, hashes, strict=True):
        made = users.create_user(email, name, role, password_hash=password_hash)
        staff[name.split()[0]] = users.actor_of(made)
    named = {
        name: teams.create_team(
            name, [staff[member.split()[0]].id for member in members], lead_id=staff[lead.split()[0]].id
        ).id
        for name, lead, members in TEAMS
    }
    inbox = inboxes.create_inbox(
        "Harbour Supplies",
        allowed_sites=_shop_origins(settings()),
        greeting=GREETING,
        colour="#0f5c6e",
        prechat=PRECHAT,
        consent=CONSENT,
    )
    return _Cast(inbox.id, staff, named), inbox.key


def _route(cast: _Cast, now: datetime) -> None:
    """Routing is on. Everybody has been here before and nobody is now: whoever signs in gets what waits."""
    seen = sa.update(User).where(User.id.in_([actor.id for actor in cast.staff.values()]))
    db.session.execute(seen.values(last_seen_at=now - timedelta(hours=1)))
    for name, (person, level) in SKILLS.items():
        made = skills.create_skill(name)
        save_agent(cast.staff[person].id, capacity=None, takes_tickets=True, skills={made.id: level})  # type: ignore[arg-type]
    patience = {"low": 1800, "medium": 1200, "high": 900, "critical": 600}
    save_section(RoutingSettings(is_on=True, watchdog_seconds=patience))  # type: ignore[arg-type]


def _shop_origins(current: Settings) -> list[str]:
    return [f"http://{name}:{current.demo_port}" for name in ("localhost", "127.0.0.1")]


def _tell(told: Conversation, cast: _Cast, now: datetime) -> None:
    at = now - timedelta(minutes=told.began)
    with clock.moved(at):
        ticket_id, customer, spoken = _begin(told, cast)
        _settle(ticket_id, told, cast)
    for line in told.lines[spoken:]:
        at = min(at + timedelta(minutes=line.after), now)
        with clock.moved(at):
            _say(ticket_id, line, customer, cast)
    with clock.moved(min(at + timedelta(minutes=1), now)):
        _finish(ticket_id, told, cast)


def _begin(told: Conversation, cast: _Cast) -> tuple[Any, Actor | None, int]:
    """Opens the conversation; its ticket, its customer where they chat, and how many lines that used up."""
    if told.lines[0].who != "customer":
        author = cast.staff[told.lines[0].who]
        made = tickets.create_ticket(
            told.title or "",
            told.lines[0].text,
            told.email,
            told.priority,
            customer_name=told.name,
            actor=author,
        )
        return made.id, None, 1
    page = {"url": f"http://localhost:{settings().demo_port}{told.page}", "title": WORKSPACE}
    inbox = db.session.get(Inbox, cast.inbox_id)
    token = chat.create_visitor(inbox, locale="en", page=page, client=told.client)  # type: ignore[arg-type]
    visitor = chat.actor_for_visitor(token, door="api")
    answers = {"name": told.name, "email": told.email}
    draft = CommentDraft(told.lines[0].text, client_id=uuid7())
    _, ticket = chat.send_message(draft, prechat=answers, consent=True, actor=visitor)
    return ticket.id, chat.actor_for_visitor(token, door="api"), 1


def _settle(ticket_id: Any, told: Conversation, cast: _Cast) -> None:
    admin = cast.staff["Nora"]
    changes: dict[str, Any] = {"category": told.category} if told.category else {}
    if told.priority != "medium" and told.lines[0].who == "customer":
        changes["priority"] = told.priority
    if changes:
        tickets.update_ticket(ticket_id, **changes, actor=admin)
    agent = cast.staff[told.agent] if told.agent else None
    if agent or told.team:
        team = {"team_id": cast.teams[told.team]} if told.team else {}
        tickets.assign_ticket(ticket_id, agent.id if agent else None, actor=agent or admin, **team)


def _say(ticket_id: Any, line: Said, customer: Actor | None, cast: _Cast) -> None:
    draft = CommentDraft(line.text, line.kind, uuid7())
    if line.who == "customer" and customer is not None:
        chat.send_message(draft, ticket_id=ticket_id, actor=customer)
        return
    tickets.add_comment(
        ticket_id, line.text, kind=line.kind, client_id=draft.client_id, actor=cast.staff[line.who]
    )


def _finish(ticket_id: Any, told: Conversation, cast: _Cast) -> None:
    actor = cast.staff[told.agent or "Nora"]
    if told.spam:
        tickets.mark_spam(ticket_id, True, actor=actor)
    if told.status:
        tickets.update_ticket_status(ticket_id, told.status, actor=actor)


# --- keeping and showing it -----------------------------------------------------------------------


def _path() -> Path:
    return settings().instance_path / "demo_accounts.json"


def _keep(made: Demo) -> None:
    body = json.dumps({"inbox_key": made.inbox_key, "accounts": made.accounts}, indent=2) + "\n"
    descriptor = os.open(_path(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(body)


def _read() -> Demo | None:
    try:
        kept = json.loads(_path().read_text())
        found = Demo(kept["inbox_key"], kept["accounts"])
    except (OSError, ValueError, KeyError):
        return None
    with read_only():
        known = db.session.scalar(sa.select(Inbox.id).where(Inbox.key == found.inbox_key))
    return found if known else None


def _table(made: Demo, current: Settings) -> str:
    rows = [f"    {row['role']:<13} {row['email']:<24} {row['password']}" for row in made.accounts]
    lines = (
        "",
        f"  {WORKSPACE}, the demo workspace",
        "",
        f"    Desk          {current.base_url}/agent",
        f"    Shop          http://{_shop_host(current)}:{current.demo_port}/",
        f"    Chat page     {current.base_url}/chat/{made.inbox_key}",
        "",
        *rows,
        "",
    )
    return "\n".join(lines)


def _shop_host(current: Settings) -> str:
    # Another name than the desk's: to a browser the shop is then another site, as a customer's would be.
    return "127.0.0.1" if "localhost" in current.base_url else "localhost"
