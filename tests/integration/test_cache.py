"""Reading a ticket through the cache: no query twice, never older than the last change."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.queries import counted
from webapp import cache
from webapp.auth import acting_as
from webapp.cache import ticket_cache
from webapp.database import transaction
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import Ticket
from webapp.realtime.bumps import Bumps
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(session: Any, make: Any) -> Any:
    """An agent's desk with one ticket; services run as that agent."""
    cache.ticket_cache.clear()
    ana = make.user(role="admin", name="Ana")
    with use_workspace(ana.workspace_id), acting_as(make.actor(ana)):
        with transaction():
            made = tickets.create_ticket("Cannot log in", "It says no", "m@example.com", "high")
        yield made.id


def asked_of_tickets(call: Callable[[], Any]) -> list[str]:
    with counted() as seen:
        call()
    return [text for text in seen.statements if "FROM tickets" in text]


def test_a_repeated_read_asks_nothing_of_the_ticket(desk: uuid.UUID) -> None:
    first = tickets.get_ticket(desk)
    db.session.expire_all()
    assert asked_of_tickets(lambda: tickets.get_ticket(desk)) == []
    again = tickets.get_ticket(desk)
    assert (again.id, again.title, again.customer_email) == (desk, "Cannot log in", "m@example.com")
    assert again.created_at == first.created_at
    assert again.created_at.tzinfo is not None
    assert again.is_urgent()
    assert again.to_dict()["priority"] == "high"


def test_a_change_of_this_process_shows_at_the_next_read(desk: uuid.UUID) -> None:
    tickets.get_ticket(desk)
    with transaction():
        tickets.update_ticket(desk, title="Solved itself")
    assert tickets.get_ticket(desk).title == "Solved itself"


def test_a_transaction_that_changed_the_ticket_neither_reads_nor_fills_the_cache(desk: uuid.UUID) -> None:
    tickets.get_ticket(desk)
    with pytest.raises(ZeroDivisionError), transaction():
        tickets.update_ticket(desk, title="Never committed")
        assert tickets.get_ticket(desk).title == "Never committed"
        raise ZeroDivisionError
    assert tickets.get_ticket(desk).title == "Cannot log in"


def test_what_is_read_is_detached_and_cannot_be_changed(desk: uuid.UUID) -> None:
    found = tickets.get_ticket(desk)
    with pytest.raises(AttributeError, match="for reading"):
        found.title = "Mine"
    found.tags.append("x")
    assert tickets.get_ticket(desk).tags == []


def test_a_ticket_in_the_trash_or_of_another_workspace_is_not_there(desk: uuid.UUID, make: Any) -> None:
    tickets.get_ticket(desk)
    stranger = make.user(role="agent", workspace=make.workspace("Mountain"))
    with (
        use_workspace(stranger.workspace_id),
        acting_as(make.actor(stranger)),
        pytest.raises(NotFound),
    ):
        tickets.get_ticket(desk)
    with transaction():
        tickets.delete_ticket(desk)
    with pytest.raises(NotFound):
        tickets.get_ticket(desk)


def test_another_processs_change_shows_with_its_bump_and_by_age_without(
    desk: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(title: str) -> None:
        db.session.execute(
            sa.update(Ticket).where(Ticket.id == desk).values(title=title),
            execution_options={"synchronize_session": False},
        )
        db.session.expire_all()

    workspace_id = db.session.get(Ticket, desk).workspace_id
    monkeypatch.setattr(cache, "forget_if_file_changed", lambda: None)
    tickets.get_ticket(desk)
    elsewhere("By another process")
    assert tickets.get_ticket(desk).title == "Cannot log in"
    ours, theirs = Bumps("redis://unused", "x"), Bumps("redis://unused", "x")
    theirs.send("ticket", (workspace_id, desk))
    ours.take(theirs.outgoing.get_nowait())
    assert tickets.get_ticket(desk).title == "By another process"

    elsewhere("And again")
    monkeypatch.setattr("webapp.cache.time.monotonic", lambda: 10**9)
    assert tickets.get_ticket(desk).title == "And again"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"from": "x", "cache": "none"}', "nonsense"])
def test_what_is_no_bump_is_passed_over(text: str) -> None:
    Bumps("redis://unused", "x").take(text)


def test_what_was_read_before_a_change_is_not_kept_after_it(desk: uuid.UUID) -> None:
    version = ticket_cache.version(desk)
    with transaction():
        tickets.update_ticket(desk, title="New")
    ticket_cache.set(desk, "old", version)
    assert ticket_cache.get(desk) is None
    place = db.session.get(Ticket, desk).workspace_id, desk
    ticket_cache.mark(place)
    ticket_cache.set(desk, "old")
    assert ticket_cache.get(desk) is None, "nothing is kept while a change is being committed"


def test_on_sqlite_a_commit_of_another_connection_is_noticed(
    database: Any, desk: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.kind != "sqlite":
        return
    tickets.get_ticket(desk)
    cache.forget_if_file_changed()
    assert ticket_cache.get(desk) is not None

    class Probe:
        """Sees a commit: the test's own transaction keeps everybody else from one."""

        def execute(self, _text: str) -> Any:
            return self

        def fetchone(self) -> tuple[int]:
            return (7,)

    monkeypatch.setattr(cache, "_probes", {str(db.engine.engine.url.database): (Probe(), 6)})
    cache.forget_if_file_changed()
    assert ticket_cache.get(desk) is None
