"""The settings pages of routing: what is typed is checked, kept, and given back filled."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.pages import submit
from webapp.extensions import db
from webapp.models import RoutingAgent, Skill, Team, TeamMember, UserSkill
from webapp.schemas.routing import RoutingSettings
from webapp.services.setting import read_section
from webapp.tenancy import use_workspace

TEAMS, SKILLS = "/settings/teams", "/settings/skills"
pytestmark = pytest.mark.integration


@pytest.fixture
def scene(make: Any, sign_in: Any, app: Any) -> Any:
    class Scene:
        workspace = make.workspace()
        admin = make.user(role="admin", name="Zoe")
        ana = make.user(role="agent", name="Ana")
        inbox = make.inbox(name="Shop")
        team = make.team(ana, name="German desk")
        browser = sign_in(admin)

        def inside(self) -> Any:
            return app.app_context(), use_workspace(self.workspace.id)

        def read(self, query: Any) -> Any:
            with app.app_context(), use_workspace(self.workspace.id):
                return list(db.session.scalars(query))

        def section(self) -> RoutingSettings:
            with app.app_context(), use_workspace(self.workspace.id):
                return read_section(RoutingSettings)

    return Scene()


RULES = {
    "is_on": "1",
    "strategy": "skills",
    "offer_seconds": "45",
    "capacity": "12",
    "channel_weights.chat": "3",
    "watchdog_channels.0": "chat",
    "watchdog_channels.2": "form",
    "watchdog_seconds.high": "90",
}


def test_the_rules_are_kept_as_typed(scene: Any) -> None:
    skill = submit(scene.browser, "/settings/skills", {"name": "German"})
    assert skill.status_code == 302
    (german,) = scene.read(sa.select(Skill))
    extra = {
        "team_rules.0.inbox_id": str(scene.inbox.id),
        "team_rules.0.team_id": str(scene.team.id),
        "skill_rules.0.field": "inbox",
        "skill_rules.0.value": "Shop",
        "skill_rules.0.skill_id": str(german.id),
        "skill_rules.0.level": "2",
        "skill_rules.1.field": "category",
        "skill_rules.1.value": "",
        "skill_rules.1.skill_id": str(german.id),
        "skill_rules.1.level": "1",
    }
    assert submit(scene.browser, "/settings/routing", {**RULES, **extra}).status_code == 302
    section = scene.section()
    assert (section.is_on, section.strategy, section.capacity, section.offers) == (True, "skills", 12, False)
    assert section.watchdog_channels == ["chat", "form"]
    assert [(rule.inbox_id, rule.team_id) for rule in section.team_rules] == [(scene.inbox.id, scene.team.id)]
    assert [(rule.field, rule.value) for rule in section.skill_rules] == [("inbox", str(scene.inbox.id))]
    assert 'value="Shop"' in scene.browser.get("/settings/routing").text


@pytest.mark.parametrize(
    "field, value",
    [
        ("capacity", "-1"),
        ("capacity", "many"),
        ("offer_seconds", "1"),
        ("hops", "0"),
        ("watchdog_seconds.high", "0"),
        ("strategy", "by_name"),
        ("channel_weights.pigeon", "1"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field_and_the_form_comes_back(
    scene: Any, field: str, value: str
) -> None:
    answer = submit(scene.browser, "/settings/routing", {**RULES, "idle_minutes": "77", field: value})
    assert answer.status_code == 422
    assert 'value="77"' in answer.text
    assert scene.section().capacity == 20


def test_a_rule_that_speaks_of_what_there_is_not_is_refused(scene: Any) -> None:
    nowhere = {
        "team_rules.0.inbox_id": str(scene.team.id),
        "team_rules.0.team_id": str(scene.team.id),
    }
    assert submit(scene.browser, "/settings/routing", {**RULES, **nowhere}).status_code == 422


def test_a_team_is_made_changed_and_taken_away(scene: Any) -> None:
    members = {"name": "Billing", "lead_id": str(scene.admin.id), "member_ids": str(scene.ana.id)}
    assert submit(scene.browser, "/settings/teams", members).status_code == 302
    made = next(one for one in scene.read(sa.select(Team)) if one.name == "Billing")
    assert made.lead_id == scene.admin.id
    path = f"/settings/teams/{made.id}"
    assert submit(scene.browser, path, {"name": "Money", "lead_id": ""}, page=TEAMS).status_code == 302
    assert scene.read(sa.select(TeamMember).where(TeamMember.team_id == made.id)) == []
    again = submit(scene.browser, path, {"name": "german DESK", "lead_id": ""}, page=TEAMS)
    assert again.status_code == 422
    assert "There is a team with this name already" in again.text
    assert submit(scene.browser, f"{path}/delete", {"confirm": "Money"}, page=TEAMS).status_code == 302
    assert [one.name for one in scene.read(sa.select(Team))] == ["German desk"]


def test_what_somebody_carries_and_knows_is_kept(scene: Any) -> None:
    submit(scene.browser, "/settings/skills", {"name": "German"})
    (german,) = scene.read(sa.select(Skill))
    path = f"/settings/skills/people/{scene.ana.id}"
    assert (
        submit(scene.browser, path, {"capacity": "7", f"skills.{german.id}": "3"}, page=SKILLS).status_code
        == 302
    )
    (own,) = scene.read(sa.select(RoutingAgent))
    assert (own.capacity, own.takes_tickets) == (7, False)
    assert [row.level for row in scene.read(sa.select(UserSkill))] == [3]
    for wrong in ("-1", "1001", "lots"):
        assert submit(scene.browser, path, {"capacity": wrong}, page=SKILLS).status_code == 422
    assert (
        submit(
            scene.browser, f"/settings/skills/{german.id}/delete", {"confirm": "German"}, page=SKILLS
        ).status_code
        == 302
    )
    assert scene.read(sa.select(UserSkill)) == []
    for name in ("", "x" * 61):
        assert submit(scene.browser, "/settings/skills", {"name": name}).status_code == 422
