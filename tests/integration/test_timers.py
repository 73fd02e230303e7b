"""Timers and reactions: what is due fires once, and what happens is answered in the same transaction."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from webapp import clock
from webapp.database import transaction
from webapp.models import Timer
from webapp.services import event
from webapp.services import ticket as tickets
from webapp.services.timer import clear_timer, set_timer, timer_due_at
from webapp.tasks import timer as timers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration
OURS = Timer.kind.startswith("test.")


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """What the test's own kind of timer was fired with."""
    calls: list[Any] = []
    timers.handlers["test.heard"] = lambda subject_id, params: calls.append((subject_id, params))
    yield calls
    del timers.handlers["test.heard"]


@pytest.fixture
def ticket(make: Any, session: Any) -> Iterator[Any]:
    workspace = make.workspace()
    with use_workspace(workspace.id):
        with transaction():
            made = tickets.create_ticket("Broken scanner", "", "ann@example.com")
        yield made


def test_a_timer_fires_at_its_time_and_only_once(
    session: Any, ticket: Any, heard: list[Any], clock: Any
) -> None:
    with transaction():
        set_timer("test.heard", ticket.id, due(minutes=5), ticket_id=ticket.id, params={"why": "silence"})
    assert timers.fire_due() == 0
    clock.advance(minutes=5)
    assert timers.fire_due() == 1
    assert timers.fire_due() == 0
    assert heard == [(ticket.id, {"why": "silence"})]


def test_setting_a_timer_again_moves_it(session: Any, ticket: Any, heard: list[Any]) -> None:
    with transaction():
        set_timer("test.heard", ticket.id, due(minutes=5))
        set_timer("test.heard", ticket.id, due(minutes=9))
        assert timer_due_at("test.heard", ticket.id) == session.scalar(sa.select(Timer.due_at).where(OURS))
    assert session.scalar(sa.select(sa.func.count(Timer.id)).where(OURS)) == 1


def test_a_cleared_timer_never_fires(session: Any, ticket: Any, heard: list[Any]) -> None:
    with transaction():
        set_timer("test.heard", ticket.id, due(minutes=-1))
        clear_timer("test.heard", ticket.id)
    assert timers.fire_due() == 0
    assert heard == []


def test_f19_a_poisoned_timer_is_tried_later_and_holds_up_nobody(
    session: Any, ticket: Any, heard: list[Any], caplog: Any
) -> None:
    with transaction():
        set_timer("test.poison", uuid.uuid4(), due(minutes=-9))
        set_timer("test.heard", ticket.id, due(minutes=-1))
    assert timers.fire_due() == 1
    assert [subject for subject, _ in heard] == [ticket.id]
    left = session.scalars(sa.select(Timer).where(OURS)).one()
    assert left.attempts == 1
    assert left.fire_at > clock.now() - timedelta(seconds=2)
    assert left.due_at < clock.now() - timedelta(minutes=8)


def test_a_reaction_hears_every_event_once_and_may_record_more(session: Any, ticket: Any) -> None:
    told: list[str] = []

    def reaction(_session: Any, recorded: list[Any]) -> None:
        told.extend(fact.name for fact, _ in recorded)
        if told.count("ticket.updated") == 1 and "ticket.marked_as_spam" not in told:
            tickets.mark_spam(ticket.id, True)

    event.react(reaction)
    try:
        with transaction():
            tickets.update_ticket(ticket.id, title="Another title")
    finally:
        event._reactions.remove(reaction)
    assert told == ["ticket.updated", "ticket.marked_as_spam"]


def due(**ago: float) -> Any:
    return clock.now() + timedelta(**ago)
