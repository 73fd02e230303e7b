"""Two who give the same name or key at once: one makes it, the other is told what who comes later is told.

The first writes its row and holds its transaction until the second has come as far as it gets: to its own
row on PostgreSQL, to the beginning of its transaction on SQLite, which has one writer.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event as Signal
from threading import get_ident
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.browsers import StaffBrowser
from tests.support.parallel import House, together
from tests.support.who_may import GOLD, OFFICE
from webapp.database import Session, transaction
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.schemas.routing import RoutingSettings
from webapp.services import handover
from webapp.services.routing import route_one
from webapp.services.setting import save_section

pytestmark = pytest.mark.integration

PATIENCE_SECONDS = 120
BODIES: dict[str, dict[str, Any]] = {
    "teams": {"name": "Second line", "member_ids": []},
    "skills": {"name": "French"},
    "roles": {"name": "Writer", "permissions": ["ticket:note"]},
    "tags": {"name": "refund"},
    "fields": {"label": "Serial number", "kind": "text", "key": "serial"},
    "statuses": {"code": "open", "label": "Being looked at"},
    "organizations": {"name": "Harbour Ltd", "domains": ["harbour.example"]},
    "customers": {"email": "maria@example.com"},
    "admin/users": {"name": "Ben", "email": "ben@example.com", "role": "agent"},
    "calendars": {**OFFICE, "name": "Office"},
    "policies": GOLD,
}

TABLES = {
    "admin/users": "users",
    "statuses": "ticket_statuses",
    "policies": "sla_policies",
}


@pytest.fixture
def house(database: Any, tmp_path: Path) -> Iterator[House]:
    """A workspace on a database of its own."""
    made = House(database.settings(database.fresh()), tmp_path)
    yield made
    made.close()


@contextmanager
def met(house: House, table: str) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Calls by which the first and the second thread say who they are; rows of `table` meet."""
    with house.app.app_context():
        engine = db.engine
    written, arrived = Signal(), Signal()
    threads: dict[str, int] = {}

    def first() -> None:
        threads["first"] = get_ident()

    def second() -> None:
        assert written.wait(PATIENCE_SECONDS)
        threads["second"] = get_ident()

    def hold(session: Any, _context: Any) -> None:
        wrote = any(row.__tablename__ == table for row in session.new)
        if wrote and threads.get("first") == get_ident() and not written.is_set():
            written.set()
            assert arrived.wait(PATIENCE_SECONDS)

    def come(_connection: Any, *said: Any) -> None:
        sql = said[1] if len(said) > 1 else "BEGIN"
        waits = (
            sql == "BEGIN" if engine.dialect.name == "sqlite" else "advisory" in sql or f"INTO {table}" in sql
        )
        if waits and threads.get("second") == get_ident():
            arrived.set()

    listened = [(Session, "after_flush", hold, {}), (engine, "before_cursor_execute", come, {})]
    listened.append((engine, "begin", come, {"insert": True}))
    for target, name, listener, options in listened:
        sa.event.listen(target, name, listener, **options)
    yield first, second
    for target, name, listener, _ in listened:
        sa.event.remove(target, name, listener)


def posted(desk: StaffBrowser, noun: str, say_who: Callable[[], None]) -> Any:
    say_who()
    return desk.post(noun, BODIES[noun])


def test_who_comes_second_is_told_the_same_as_who_comes_later(house: House) -> None:
    one, other = house.desks(2, house.make.user(role="admin"))
    told = set()
    for noun, body in BODIES.items():
        with met(house, TABLES.get(noun, noun)) as turns:
            desks = zip((one, other), turns, strict=True)
            made, refused = together([partial(posted, desk, noun, turn) for desk, turn in desks])
        assert made.status_code == 201, made.json
        later = one.post(noun, body)
        assert (refused.status_code, refused.json) == (later.status_code, later.json), noun
        told.add(later.status_code)
    assert told == {409, 422}


def test_a_name_written_another_way_at_the_same_moment_is_the_same_name(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = house.desks(2, house.make.user(role="admin"))
    with met(house, "teams") as turns:
        monkeypatch.setitem(BODIES, "teams", {"name": "Øst É", "member_ids": []})
        made, refused = together(
            [
                partial(posted, one, "teams", turns[0]),
                lambda: (turns[1](), other.post("teams", {"name": "øst é", "member_ids": []}))[1],
            ]
        )
    assert (made.status_code, refused.status_code) == (201, 422)
    assert refused.json["detail"][0]["loc"] == ["body", "name"]


def test_what_goes_wrong_the_second_time_too_is_our_fault_and_says_nothing_of_the_inside(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = []

    def broken(*_args: Any, **_options: Any) -> Any:
        calls.append(1)
        raise sa.exc.IntegrityError("INSERT INTO tags", {}, Exception("duplicate"))

    monkeypatch.setattr("webapp.services.tag.create_tag", broken)
    [desk] = house.desks(1, house.make.user(role="admin"))
    answer = desk.post("tags", {"name": "refund"})
    assert (answer.status_code, len(calls)) == (500, 2)
    assert answer.json["code"] == "internal"
    assert caplog.records


def by_hand(house: House, ticket_id: str, ben: Any) -> None:
    [desk] = house.desks(1)
    assert desk.post(f"tickets/{ticket_id}/assign", {"agent_id": str(ben.id)}).status_code == 422


def by_routing(house: House, ticket_id: str, ben: Any) -> None:
    with house.acting(house.make.user(role="admin")), transaction():
        save_section(RoutingSettings(is_on=True))
    with house.acting(house.make.user(role="admin")), transaction():
        assert route_one(UUID(ticket_id), trigger="ticket_created") != ben.id


def by_handover(house: House, _ticket_id: str, ben: Any) -> None:
    leaving = house.make.user()
    with house.acting(house.make.user(role="admin")), pytest.raises(Invalid), transaction():
        handover.deactivate(leaving.id, to=f"user:{ben.id}")


@pytest.mark.parametrize("give", [by_hand, by_routing, by_handover])
def test_nobody_is_given_a_ticket_while_their_access_is_taken_away(house: House, give: Any) -> None:
    ben, boss = house.make.user(), house.make.user(role="admin")
    ticket_id = house.visitor().write("Hello")["ticket"]["id"]
    with ThreadPoolExecutor(1) as pool:
        with house.acting(boss), transaction() as session:
            handover.deactivate(ben.id)
            session.flush()
            giving = pool.submit(give, house, ticket_id, ben)
            wait([giving], 3)  # whoever does not wait for the end of it has given the ticket away by then
        giving.result(PATIENCE_SECONDS)
