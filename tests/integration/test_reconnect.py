"""What the people of a chat see in the end is what is stored, in its order, on whatever line (R-02, R-03)."""

import random
from collections.abc import Iterator
from functools import partial
from statistics import quantiles
from threading import Event as Signal
from typing import Any

import pytest

from tests.support.ledger import thread
from tests.support.live import Desk, Site
from tests.support.parallel import together
from tests.support.process import wait_until
from tests.support.viewer import Viewer

pytestmark = pytest.mark.e2e

WRITERS, EACH = 3, 70


@pytest.fixture(scope="module")
def site(database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running server with a workspace and an inbox."""
    with Site(database.settings(database.fresh()), tmp_path_factory.mktemp("site")) as made:
        yield made


def said(events: list[dict[str, Any]]) -> list[str]:
    return [event["comment"]["content"] for event in events if event.get("comment")]


def test_r03_whoever_was_cut_off_converges_to_what_is_stored(site: Site) -> None:
    maria = site.customer()
    ticket_id = maria.post("comments", maria.message("Hello")).json()["ticket"]["id"]
    desks = [site.desk() for _ in range(3)]
    tabs = [site.customer(token=maria.token) for _ in range(2)]
    viewers = [Viewer(browser, ticket_id, seed) for seed, browser in enumerate([*desks, *tabs])]
    writers = [site.desk().connect() for _ in range(WRITERS)]
    dice = random.Random(3)

    def write(desk: Desk) -> None:
        for number in range(EACH):
            kind = dice.choice(("reply", "reply", "note"))
            desk.must("comment.create", desk.message(f"{number}", ticket_id, kind=kind))

    def write_all() -> None:
        together([partial(write, desk) for desk in writers])
        for viewer in viewers:
            viewer.done.set()

    for viewer in viewers:
        viewer.come_back()
    together([write_all, *(viewer.live for viewer in viewers)])
    stored = thread(writers[0], ticket_id)
    public = [event for event in stored if event["public_seq"] is not None]
    for viewer in viewers:
        expected = stored if isinstance(viewer.browser, Desk) else public
        wait_until(partial(lambda viewer, last: viewer.last == last, viewer, len(expected)), "all of it")
        shown = viewer.shown()
        assert [event["seq"] for event in shown] == list(range(1, len(expected) + 1))
        assert said(shown) == said(expected)
        assert len(viewer.waits) > 2
    # Nine in ten of them all: the tenth may have met other work on this machine.
    assert quantiles([wait for viewer in viewers for wait in viewer.waits], n=10)[-1] < 2
    assert len(said(stored)) == WRITERS * EACH + 1


def test_r02_typed_twenty_times_a_second_keeps_its_order_at_every_viewer(site: Site) -> None:
    texts = [f"Line {number}" for number in range(40)]
    with site.customer() as maria, site.desk() as typist, site.desk() as viewer:
        ticket_id = maria.must("comment.create", maria.message("Hello"))["ticket"]["id"]
        for desk in (typist, viewer):
            desk.must("ticket.open", {"ticket_id": ticket_id})
        for number, text in enumerate(texts):
            typist.line.send("comment.create", typist.message(text, ticket_id))
            Signal().wait(0.05 if number < 20 else 0)  # then as an outbox does that has been waiting
        for browser in (maria, typist, viewer):
            browser.wait_for("ticket.event", lambda event: texts[-1] in said([event]))
            assert said(browser.all("ticket.event"))[-len(texts) :] == texts
        assert said(thread(viewer, ticket_id)) == ["Hello", *texts]
