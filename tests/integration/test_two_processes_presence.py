"""Who is here, who looks at what, how often somebody may: one answer, whichever of two processes is asked."""

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.conftest import Database
from tests.support import invariants
from tests.support.live import Browser, Desk, Site, sign_in
from tests.support.process import wait_until
from tests.support.valkey import Valkey
from webapp.database import transaction
from webapp.models import Ticket
from webapp.services import presence
from webapp.services.chat.limits import COMMENTS_PER_MINUTE
from webapp.services.customer import merge_customers

pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("database", ["postgresql"], indirect=True)]

EXPIRE_SECONDS = 4


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """A real Valkey."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def two(database: Database, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two processes that take the other for dead a little sooner than in production."""
    settings = {
        "REDIS_URL": valkey.url,
        "PRESENCE_RENEW_SECONDS": "0.3",
        "PRESENCE_EXPIRE_SECONDS": str(EXPIRE_SECONDS),
    }
    folder = tmp_path_factory.mktemp("two")
    with Site(database.settings(database.fresh()), folder, servers=2, **settings) as made:
        yield made


@pytest.fixture(autouse=True)
def nobody_left(two: Site) -> Iterator[None]:
    """Everybody of a test has gone for good before the next."""
    yield
    for browser in two.browsers:
        browser.close()
    wait_until(lambda: not here(two), "everybody to be gone")
    invariants.check(two.url)


def here(two: Site, kind: str = "user") -> set[uuid.UUID]:
    """Who is here, in any process."""
    with two.app.app_context():
        return presence.online_ids(kind, two.workspace.id)


def shown_online(desk: Desk) -> set[str]:
    """The staff who are here, as a page of that desk's process says."""
    return {user["id"] for user in desk.get("directory").json()["users"] if user["online"]}


def first_ticket(two: Site, server: int = 0) -> str:
    """A chat that somebody began, and left."""
    maria = two.customer(server=server)
    return str(maria.post("comments", maria.message("Hello")).json()["ticket"]["id"])


def looks(desk: Desk, ticket_id: str, state: str) -> None:
    desk.must("presence.update", {"ticket_id": ticket_id, "state": state})


def viewers(desk: Desk, ticket_id: str) -> dict[str, str]:
    """Who is on a ticket, as that desk's process says to somebody who opens it."""
    found = desk.must("ticket.open", {"ticket_id": ticket_id})["ticket"]["viewers"]
    return {viewer["user_id"]: viewer["state"] for viewer in found}


def test_who_opens_a_ticket_sees_who_writes_there_by_another_process(two: Site) -> None:
    ticket_id, ben = first_ticket(two), two.make.user(name="Ben")
    with two.desk(ben, server=0) as writer, two.desk(server=1) as far:
        looks(writer, ticket_id, "replying")
        assert far.wait_for("presence.updated")["state"] == "replying"
        assert viewers(far, ticket_id) == {str(ben.id): "replying"}
        looks(writer, ticket_id, "left")
        far.wait_for("presence.updated", lambda body: body["state"] == "left")
        assert viewers(far, ticket_id) == {}


def test_a_persons_tabs_in_two_processes_are_shown_as_one(two: Site) -> None:
    ticket_id, ben = first_ticket(two), two.make.user(name="Ben")
    tabs = [two.desk(ben, server=number).connect() for number in (0, 1)]
    with two.desk(server=0) as near, two.desk(server=1) as far:
        watchers = (near, far)
        looks(tabs[0], ticket_id, "replying")
        for watcher in watchers:
            watcher.wait_for("presence.updated")
        looks(tabs[1], ticket_id, "viewing")
        for watcher in watchers:
            assert len(wait_for_two(watcher)) == 2
            assert {body["state"] for body in watcher.all("presence.updated")} == {"replying"}
            assert viewers(watcher, ticket_id) == {str(ben.id): "replying"}
        tabs[0].disconnect()
        for watcher in watchers:
            watcher.wait_for("presence.updated", lambda body: body["state"] == "viewing")
            assert viewers(watcher, ticket_id) == {str(ben.id): "viewing"}
        tabs[1].disconnect()
        for watcher in watchers:
            watcher.wait_for("presence.updated", lambda body: body["state"] == "left")


def wait_for_two(watcher: Browser) -> list[Any]:
    wait_until(lambda: len(watcher.all("presence.updated")) >= 2, "both tabs to be told of")
    return watcher.all("presence.updated")


def test_what_a_killed_process_held_is_gone_for_the_other_in_its_time(two: Site) -> None:
    ben, maria = two.make.user(name="Ben"), two.customer(server=1).connect()
    ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
    visitor = two.customer(server=0).connect()
    two.desk(ben, server=1).connect().must("presence.update", {"ticket_id": ticket_id, "state": "replying"})
    with two.desk(two.make.user(availability="away"), server=0) as near:
        wait_until(lambda: viewers(near, ticket_id) == {str(ben.id): "replying"}, "the writer to be seen")
        assert near.must("ticket.open", {"ticket_id": ticket_id})["ticket"]["customer_online"]
        assert str(ben.id) in shown_online(near)
        two.servers[1].kill()
        try:
            near.wait_for("user.presence", lambda body: body["user_id"] == str(ben.id) and not body["online"])
            near.wait_for("customer.presence", lambda body: not body["online"])
            visitor.wait_for("availability.updated", lambda body: body["state"] == "nobody")
            assert str(ben.id) not in shown_online(near)
            wait_until(lambda: viewers(near, ticket_id) == {}, "the writer to be gone")
            assert not near.must("ticket.open", {"ticket_id": ticket_id})["ticket"]["customer_online"]
        finally:
            two.servers[1].start()
        with two.desk(ben, server=1):
            near.wait_for("user.presence", lambda body: body["user_id"] == str(ben.id) and body["online"])
            wait_until(lambda: states(visitor)[-1:] == ["online"], "somebody to answer")


def states(browser: Browser) -> list[str]:
    """Whether anybody answers, as a customer was told, one after the other."""
    return [body["state"] for body in browser.all("availability.updated")]


def test_customers_hear_each_time_that_the_last_goes_and_the_first_comes_by_whichever_process(
    two: Site,
) -> None:
    visitors = [two.customer(server=number).connect() for number in (0, 1)]
    told: list[str] = []

    def all_know(state: str) -> None:
        told.append(state)
        for visitor in visitors:
            wait_until(lambda visitor=visitor: states(visitor)[-1:] == [state], f"{state} to be told")

    for _ in range(2):
        near = two.desk(server=0).connect()
        all_know("online")
        far = two.desk(server=1).connect()
        near.disconnect()
        wait_until(lambda: len(here(two)) == 1, "the first to be gone")
        far.disconnect()
        all_know("nobody")
    for visitor in visitors:
        assert states(visitor)[-len(told) :] == told, "once each"


def test_without_valkey_who_comes_goes_and_takes_a_break_is_seen_in_the_other_process(
    two: Site, valkey: Valkey
) -> None:
    ben = two.make.user(name="Ben")
    with two.desk(server=0) as near:
        valkey.stop()
        try:
            far = two.desk(ben, server=1).connect()
            seen = partial(near.wait_for, "user.presence")
            seen(lambda body: body["user_id"] == str(ben.id) and body["online"])
            far.must("availability.set", {"availability": "busy"})
            seen(lambda body: body["user_id"] == str(ben.id) and body["availability"] == "busy")
            far.disconnect()
            seen(lambda body: body["user_id"] == str(ben.id) and not body["online"])
        finally:
            valkey.start()


def test_a_browser_whose_customer_is_merged_by_another_process_hears_what_is_theirs_by_now(
    two: Site,
) -> None:
    maria, other = two.customer(server=1).connect(), two.customer(server=1)
    ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
    with two.desk(server=0) as desk:
        merge_into(two, other.post("comments", other.message("Me again")).json()["ticket"]["id"], ticket_id)
        assert maria.is_cut(), "its page connects again"
        maria.connect()
        desk.must("comment.create", desk.message("Welcome back", ticket_id))
        maria.wait_for("ticket.event", lambda event: "Welcome back" in str(event.get("comment")))


def merge_into(two: Site, kept: str, gone: str) -> None:
    """Makes one customer of those of two tickets, as a program does that has no Redis."""
    with two.acting(two.make.user(role="admin")), transaction() as session:
        merge_customers(*(session.get(Ticket, uuid.UUID(one)).customer_id for one in (kept, gone)))


# --- rate limits ----------------------------------------------------------------------------------


def test_a_visitor_may_not_write_twice_as_much_by_going_to_both_processes(two: Site) -> None:
    maria = two.customer(server=0).connect()
    tab = two.customer(server=1, token=maria.token).connect()
    ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
    answers = []
    for number in range(COMMENTS_PER_MINUTE):
        browser = (maria, tab)[number % 2]
        answers.append(browser.say("comment.create", browser.message(f"{number}", ticket_id=ticket_id)))
    refused = [answer["error"]["code"] for answer in answers if not answer["ok"]]
    assert refused == ["rate_limited"], "the first message and nineteen of these"


def test_attempts_to_sign_in_are_counted_together_and_by_each_process_while_valkey_is_away(
    two: Site, valkey: Valkey
) -> None:
    def tries(server: int, email: str) -> int:
        return sign_in(two.servers[server].url, email, "wrong").status_code

    email = two.make.user().email
    assert [tries(number % 2, email) for number in range(11)].count(429) == 1
    valkey.stop()
    try:
        other = two.make.user().email
        assert [tries(0, other) for _ in range(11)].count(429) == 1, "the door does not stand open"
    finally:
        valkey.start()
