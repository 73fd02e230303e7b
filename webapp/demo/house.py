"""The demo's house: its people, inboxes and rules, before anybody has written."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor
from webapp.config import Settings, settings
from webapp.demo.policies import make_policies
from webapp.demo.story import (
    CAUSES,
    CONSENT,
    FORM,
    GREETING,
    HOURS,
    ORGANIZATIONS,
    PRECHAT,
    SKILLS,
    STAFF,
    STATUSES,
    TAGS,
    TEAMS,
    WORKSPACE,
)
from webapp.extensions import db
from webapp.models import Ticket, User
from webapp.models.ticket import ENDED
from webapp.schemas.routing import RoutingSettings, SkillRule, TeamRule
from webapp.services import calendar as calendars
from webapp.services import escalation
from webapp.services import field as fields
from webapp.services import inbox as inboxes
from webapp.services import organization as organizations
from webapp.services import skill as skills
from webapp.services import tag as tags
from webapp.services import team as teams
from webapp.services import ticket as tickets
from webapp.services import ticket_status as statuses
from webapp.services import user as users
from webapp.services import workspace as workspaces
from webapp.services.routing.agent import save_agent
from webapp.services.setting import read_section, save_section

ZONE = "Europe/Berlin"
PATIENCE = {"low": 1800, "medium": 1200, "high": 900, "critical": 600}


@dataclass
class Cast:
    """Who and what is in the story, by name; `told`: the last ticket of each customer."""

    inbox_id: uuid.UUID
    inbox_key: str
    form_id: uuid.UUID
    form_key: str
    calendar_id: uuid.UUID
    staff: dict[str, Actor]
    teams: dict[str, uuid.UUID]
    statuses: dict[str, uuid.UUID]
    told: dict[str, uuid.UUID] = field(default_factory=dict)


def furnish(hashes: list[str]) -> Cast:
    """Makes the workspace with everything but customers and tickets; `hashes`: of the staff's passwords."""
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
    inbox, form = _inboxes()
    own = {
        label: statuses.create_status("pending", label, pending_on=whom, actor=staff["Nora"]).id
        for label, whom in STATUSES
    }
    _words(staff["Nora"])
    calendar_id = _hours(staff["Nora"])
    make_policies(calendar_id, staff["Nora"])
    _rules(staff, named, form.id)
    return Cast(inbox.id, inbox.key, form.id, form.key, calendar_id, staff, named, own)


def _inboxes() -> tuple[Any, Any]:
    chat = inboxes.create_inbox(
        "Harbour Supplies",
        allowed_sites=_shop_origins(settings()),
        greeting=GREETING,
        colour="#0f5c6e",
        prechat=PRECHAT,
        consent=CONSENT,
    )
    form = inboxes.create_inbox(
        "Contact form",
        channel="form",
        allowed_sites=_shop_origins(settings()),
        greeting="Write to us, and we answer by e-mail within a working day.",
        colour="#0f5c6e",
        prechat=FORM,
        consent=CONSENT,
    )
    return chat, form


def _shop_origins(current: Settings) -> list[str]:
    return [f"http://{name}:{current.demo_port}" for name in ("localhost", "127.0.0.1")]


def _words(admin: Actor) -> None:
    """Tags, fields and organizations."""
    for name, colour in TAGS.items():
        tags.create_tag(name, colour=colour, actor=admin)
    fields.create_field(
        "Order number", "text", pattern="#####", hint="The five digits of the order", actor=admin
    )
    fields.create_field("Cause", "choice", choices=list(CAUSES), required_on_resolve=True, actor=admin)
    for name, domain, tier, notes in ORGANIZATIONS:
        organizations.create_organization(name, domains=[domain], tier=tier, notes=notes, actor=admin)


def _hours(admin: Actor) -> uuid.UUID:
    made = calendars.create_calendar("Desk hours", timezone=ZONE, week=HOURS, is_default=True, actor=admin)
    year = clock.now().year
    calendars.import_public(made.id, "DE", subdivision="SH", years=[year, year + 1], actor=admin)
    return made.id


def _rules(staff: dict[str, Actor], named: dict[str, uuid.UUID], form_id: uuid.UUID) -> None:
    """Who can do what; routing is not on yet, because nobody is here while the story is told."""
    known = {}
    for name, (person, level) in SKILLS.items():
        known[name] = skills.create_skill(name).id
        room = 16 if person == "Jonas" else None
        save_agent(staff[person].id, capacity=room, takes_tickets=True, skills={known[name]: level})  # type: ignore[arg-type]
    save_section(
        RoutingSettings(
            watchdog_seconds=PATIENCE,  # type: ignore[arg-type]
            team_rules=[TeamRule(inbox_id=form_id, team_id=named["Returns"])],
            skill_rules=[
                SkillRule(field="category", value="Invoice", skill_id=known["Invoices"]),
                SkillRule(field="category", value="Repair", skill_id=known["Sails and rope"]),
            ],
        )
    )


def open_doors(cast: Cast, now: datetime) -> None:
    """What is overdue goes up, and routing is on: whoever signs in gets what waits.

    Everybody has been here before, and nobody is now.
    """
    running = (Ticket.sla_state.is_not(None), Ticket.status.not_in(ENDED))
    query = sa.select(Ticket.id).where(*running).order_by(Ticket.id)
    for ticket_id in db.session.scalars(query).all():
        escalation.ring(tickets.ticket_for(ticket_id, "ticket:update", lock=True))
    seen = sa.update(User).where(User.id.in_([actor.id for actor in cast.staff.values()]))
    db.session.execute(seen.values(last_seen_at=now - timedelta(hours=1)))
    rules = read_section(RoutingSettings)
    save_section(rules.model_copy(update={"is_on": True}))
