"""What staff are told: once, in the channels they wish, and never what they did themselves."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from webapp.auth import acting_as
from webapp.database import transaction
from webapp.models import Notification
from webapp.services import notification
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(make: Any, session: Any) -> Iterator[Any]:
    """A workspace with an admin, two agents and a ticket."""

    class Desk:
        workspace = make.workspace()
        boss = make.user(role="admin", name="Bea Boss")
        ana = make.user(role="agent", name="Ana Agent")
        ben = make.user(role="agent", name="Ben Berg")

        def ticket(self, title: str = "Broken scanner", **fields: Any) -> Any:
            with transaction():
                return tickets.create_ticket(title, "", "ann@example.com", **fields)

        def told(self, user: Any | None = None) -> list[Notification]:
            query = sa.select(Notification).order_by(Notification.id)
            return list(session.scalars(query.where(Notification.user_id == user.id) if user else query))

        def kinds(self, user: Any) -> list[str]:
            return [row.kind for row in self.told(user)]

    scene = Desk()
    with use_workspace(scene.workspace.id):
        yield scene


def as_(make: Any, user: Any) -> Any:
    return acting_as(make.actor(user))


def test_an_assigned_ticket_is_told_to_its_agent(desk: Any) -> None:
    ticket = desk.ticket()
    with transaction():
        tickets.assign_ticket(ticket.id, desk.ana.id)
    told = desk.told(desk.ana)
    assert [row.kind for row in told] == ["assigned_to_me"]
    assert told[0].ticket_id == ticket.id
    assert "Broken scanner" in told[0].title
    assert desk.told(desk.ben) == []


def test_assigning_calls_notify_agent_by_the_contracts_name(desk: Any) -> None:
    ticket = desk.ticket()
    with patch("webapp.services.notification.notify_agent") as called, transaction():
        tickets.assign_ticket(ticket.id, desk.ana.id)
    called.assert_called_once()
    assert called.call_args.args[0] == desk.ana.id
    assert "Broken scanner" in called.call_args.args[1]


def test_nobody_is_told_of_what_they_did_themselves(desk: Any, make: Any) -> None:
    ticket = desk.ticket()
    with as_(make, desk.ana), transaction():
        tickets.assign_ticket(ticket.id, desk.ana.id)
    assert desk.told() == []


def test_the_same_fact_is_told_once_whoever_tells_it(desk: Any) -> None:
    with transaction():
        for _ in range(3):
            notification.notify([desk.ana.id, desk.ben.id], "job_done", title="Ready", unique_key="job:1")
    assert len(desk.told()) == 2


def test_notify_agent_says_what_became_of_each_channel(desk: Any) -> None:
    with transaction():
        said = notification.notify_agent(desk.ana.id, "Look here")
    assert said == {"in_app": "queued", "sound": "off", "push": "off", "email": "queued"}
    with transaction():
        service = notification.NotificationService()
        assert service.notify_agent(desk.ana.id, "Look again")["in_app"] == "queued"
