"""The workspace's rules of routing: checked against what there is, then saved."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Inbox, Skill, Team
from webapp.schemas.routing import RoutingSettings
from webapp.services.setting import save_section
from webapp.tenancy import require_workspace_id


def save_settings(section: RoutingSettings, *, session: Any = None, actor: Actor | None = None) -> None:
    """Saves the section. Raises `Invalid` naming a rule that speaks of what there isn't."""
    session = session or db.session()
    inboxes = set(session.scalars(sa.select(Inbox.id).where(Inbox.workspace_id == require_workspace_id())))
    teams, skills = set(session.scalars(sa.select(Team.id))), set(session.scalars(sa.select(Skill.id)))
    for index, rule in enumerate(section.team_rules):
        _check(rule.inbox_id in inboxes, f"team_rules.{index}.inbox_id", "There is no such inbox")
        _check(rule.team_id in teams, f"team_rules.{index}.team_id", "There is no such team")
    known = {"inbox": inboxes, "team": teams}
    for index, skill_rule in enumerate(section.skill_rules):
        place = f"skill_rules.{index}"
        _check(skill_rule.skill_id in skills, f"{place}.skill_id", "There is no such skill")
        if skill_rule.field in known:
            _check(
                _uuid(skill_rule.value) in known[skill_rule.field], f"{place}.value", "There is no such thing"
            )
    if not any(section.channel_weights.values()):
        raise Invalid.field("channel_weights", "Something must take room, or nobody is ever full")
    save_section(section, session=session, actor=actor)


def _check(holds: bool, field: str, message: str) -> None:
    if not holds:
        raise Invalid.field(field, message)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
