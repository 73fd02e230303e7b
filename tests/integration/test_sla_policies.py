"""Policies: what is taken, what is refused with the field named, and that their order decides."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from webapp.auth import acting_as
from webapp.database import transaction
from webapp.errors import Conflict, Forbidden, Invalid, NotFound
from webapp.models import Calendar, Event
from webapp.schemas.sla import PolicyIn
from webapp.services import calendar as calendars
from webapp.services import sla
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HOUR = {"high": {"basic": 3600}}
TARGET = {"metric": "first_response", "clock": "calendar", "seconds": HOUR}


def given(**fields: Any) -> PolicyIn:
    return PolicyIn.model_validate({"name": "Gold", "targets": [TARGET], **fields})


@pytest.fixture
def boss(make: Any, session: Any) -> Iterator[Any]:
    """An admin, acting in their workspace."""
    workspace = make.workspace()
    user = make.user(role="admin")
    with use_workspace(workspace.id), acting_as(make.actor(user)):
        yield user


def refused(policy: PolicyIn) -> str:
    """The field that a policy is refused for."""
    with pytest.raises(Invalid) as refusal, transaction():
        sla.create_policy(policy)
    return str(refusal.value.detail[0]["loc"][1])


def hand(agent: Any = None, team: Any = None, minutes: int = 0) -> dict[str, Any]:
    action = {"do": "reassign", "agent_id": agent and agent.id, "team_id": team and team.id}
    return {"on": "breach", "delay_minutes": minutes, "actions": [action]}


def test_a_policy_is_made_changed_put_in_order_and_deleted(boss: Any, session: Any) -> None:
    with transaction():
        gold = sla.create_policy(given())
        other = sla.create_policy(given(name="Silver"))
    assert [row.name for row in sla.list_policies()] == ["Gold", "Silver"]
    with transaction():
        sla.order_policies([other.id, gold.id])
        sla.update_policy(gold.id, given(name="Golden", warnings=[{"percent": 80}]), version=gold.version)
    assert [row.name for row in sla.list_policies()] == ["Silver", "Golden"]
    with pytest.raises(Conflict), transaction():
        sla.update_policy(gold.id, given(), version=1)
    with transaction():
        sla.delete_policy(gold.id)
    with pytest.raises(NotFound):
        sla.policy_row(gold.id)
    kept = [event.name for event in session.query(Event).order_by(Event.workspace_seq)]
    assert kept[-5:] == ["sla_policy.created"] * 2 + ["sla_policy.updated"] * 2 + ["sla_policy.deleted"]


def test_policies_are_the_admins(boss: Any, make: Any) -> None:
    with acting_as(make.actor(make.user(role="senior_agent"))), pytest.raises(Forbidden), transaction():
        sla.create_policy(given())


def test_two_policies_of_one_name_are_refused(boss: Any) -> None:
    with transaction():
        sla.create_policy(given())
    assert refused(given(name="GOLD")) == "name"


@pytest.mark.parametrize(
    "fields, named",
    [
        ({"targets": []}, "targets"),
        ({"targets": [{**TARGET, "seconds": {"high": {"basic": 0}}}]}, "targets"),
        ({"targets": [{**TARGET, "seconds": {"high": {"basic": -5}}}]}, "targets"),
        ({"targets": [{**TARGET, "seconds": {}}]}, "targets"),
        ({"targets": [TARGET, TARGET]}, "targets"),
        ({"targets": [{**TARGET, "metric": "happiness"}]}, "targets"),
        ({"name": "\u200b"}, "name"),
        ({"warnings": [{"percent": 100}]}, "warnings"),
        ({"warnings": [{"percent": 50, "minutes": 5}]}, "warnings"),
        ({"conditions": {"tags": ["x" * 10_000]}}, "conditions"),
        ({"conditions": {"moods": ["good"]}}, "conditions"),
        ({"ladder": [{"on": "breach", "actions": []}]}, "ladder"),
        ({"ladder": [{"on": "breach", "actions": [{"do": "reassign"}]}]}, "ladder"),
    ],
)
def test_what_cannot_be_a_policy_is_refused_with_its_field(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        given(**fields)
    assert {error["loc"][0] for error in refusal.value.errors()} == {named}


def test_a_step_after_a_warning_that_there_is_not_is_refused() -> None:
    step = {"on": "warning", "warning": 1, "actions": [{"do": "raise_priority"}]}
    with pytest.raises(ValidationError) as refusal:
        given(warnings=[{"percent": 50}], ladder=[step])
    assert refusal.value.errors()[0]["loc"] == ("ladder",)


def test_a_warning_longer_than_any_target_is_refused(boss: Any) -> None:
    assert refused(given(warnings=[{"minutes": 60}])) == "warnings"


def test_a_promise_on_a_calendar_that_never_opens_is_refused(boss: Any) -> None:
    with transaction() as own:
        empty = Calendar(name="Emptied", timezone="Europe/Berlin", week={})
        own.add(empty)
        full = calendars.create_calendar("Full", timezone="Europe/Berlin", week={"mon": [["09:00", "17:00"]]})
    target = {**TARGET, "clock": "business"}
    assert refused(given(targets=[target], calendar_id=empty.id)) == "calendar_id"
    assert refused(given(targets=[target], calendar_id=uuid.uuid4())) == "calendar_id"
    with transaction():
        sla.create_policy(given(targets=[target], calendar_id=full.id))
        sla.create_policy(given(name="All hours", calendar_id=empty.id))


def test_whoever_a_policy_names_must_be_here(boss: Any, make: Any) -> None:
    stranger = make.user(role="agent", workspace=make.workspace())
    viewer = make.user(role="viewer")
    assert refused(given(ladder=[hand(agent=stranger)])) == "ladder"
    assert refused(given(ladder=[hand(agent=viewer)])) == "ladder"
    told = {"on": "breach", "actions": [{"do": "notify", "user_ids": [stranger.id]}]}
    assert refused(given(ladder=[told])) == "ladder"
    for name in ("inbox_ids", "team_ids", "organization_ids"):
        assert refused(given(conditions={name: [uuid.uuid4()]})) == "conditions"


def test_a_ladder_that_hands_a_ticket_in_a_circle_is_refused(boss: Any, make: Any) -> None:
    ana, ben = make.user(), make.user()
    straight = [hand(ana), hand(ben, minutes=10)]
    with transaction():
        sla.create_policy(given(ladder=straight))
    assert refused(given(name="Round", ladder=[*straight, hand(ana, minutes=20)])) == "ladder"


def test_policies_that_hand_a_ticket_to_each_other_are_refused(boss: Any, make: Any) -> None:
    sales, support = make.team(), make.team()
    with transaction():
        sla.create_policy(given(conditions={"team_ids": [sales.id]}, ladder=[hand(team=support)]))
    back = {"conditions": {"team_ids": [support.id]}, "ladder": [hand(team=sales)]}
    assert refused(given(name="Back", **back)) == "ladder"
    with transaction():
        sla.create_policy(given(name="Back", is_active=False, **back))
