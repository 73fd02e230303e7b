"""What pages tell while a line is dead, answers are lost, a disk is full or the browser sleeps."""

import re
import resource
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support import invariants
from tests.support.actors import Agent, Chat
from tests.support.desk import Desk, Team
from tests.support.process import wait_until
from tests.support.proxy import Proxy
from tests.support.watch import NETWORK

PATIENCE = 60_000
ARRIVED = re.compile("sent|delivered|seen")


OF_THE_FAULT = ("database unavailable", "failed: OperationalError")
"""What the log may say while the disk is full: a request's line, and one of work in the background."""


@pytest.fixture(scope="module")
def line() -> Iterator[Proxy]:
    """What lies between the browsers and the server."""
    with Proxy(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, line: Proxy) -> Iterator[Desk]:
    """A server behind that line."""
    with Desk(tmp_path_factory.mktemp("desk"), behind=line) as served:
        yield served
        invariants.check(served.environment["DATABASE_URL"])
        complaints = [one for one in served.complaints() if not any(said in one for said in OF_THE_FAULT)]
    assert not complaints, "the server logged errors:\n" + "\n".join(complaints)


@pytest.fixture
def answers() -> list[str]:
    """All that the server says on the customer's socket."""
    return []


@pytest.fixture
def begun(
    desk: Desk, sign_in: Callable[..., Agent], open_context: Any, watch: Any, answers: list[str]
) -> tuple[Agent, Chat]:
    """A conversation that is going on."""
    watch.expects(NETWORK)
    team = Team(desk, {})
    agent = sign_in(team, team.person("Ana Costa"))
    agent.goto()
    page = open_context().new_page()
    chat = Chat(page)
    page.on("websocket", lambda one: one.on("framereceived", lambda frame: answers.append(str(frame))))
    page.goto(team.chat_url)
    expect(chat.scope.locator("[data-state=online]")).to_be_visible()
    chat.begin("Hello?")
    agent.open("Hello?")
    agent.say("Hello!")
    expect(chat.message("Hello!")).to_be_visible()
    return agent, chat


def reconnecting(*pages: Any) -> None:
    for page in pages:
        expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=2 * PATIENCE)


def both_read(agent: Agent, chat: Chat, *texts: str) -> None:
    """Both see exactly that, in that order, and nothing waits any more."""
    for bubbles in (chat.bubbles, agent.messages.locator(".bubble")):
        for text in texts:
            expect(bubbles.filter(has_text=text)).to_have_count(1)
    expect(chat.log.locator("li[data-state=sending]")).to_have_count(0)
    expect(agent.messages.locator("[data-state=pending]")).to_have_count(0)
    expect(agent.messages.locator(".bubble")).to_have_count(len(texts))
    assert agent.texts() == list(texts)
    assert [text for text in chat.texts() if text in texts] == list(texts)


def test_f08_on_a_dead_line_both_are_told_and_what_they_wrote_arrives_once(
    line: Proxy, begun: tuple[Agent, Chat]
) -> None:
    agent, chat = begun
    line.hold()
    chat.say("Is this on?")
    expect(chat.message("Is this on?")).to_have_attribute("data-state", "sending")
    agent.reply.fill("Half an ans")
    reconnecting(chat.page)
    line.forget()
    line.mend()
    expect(chat.message("Is this on?")).to_have_attribute("data-state", ARRIVED)
    expect(agent.reply).to_have_value("Half an ans")
    agent.reply.fill("It is")
    agent.reply.press("Enter")
    both_read(agent, chat, "Hello?", "Hello!", "Is this on?", "It is")


def test_f08_where_only_answers_are_lost_nothing_is_there_twice(
    line: Proxy, begun: tuple[Agent, Chat]
) -> None:
    agent, chat = begun
    line.hold("down")
    chat.say("Do you hear me?")
    agent.reply.fill("Half an ans")
    reconnecting(chat.page)
    expect(chat.message("Do you hear me?")).to_have_attribute("data-state", "sending")
    line.forget()
    line.mend()
    expect(chat.message("Do you hear me?")).to_have_attribute("data-state", ARRIVED)
    expect(agent.reply).to_have_value("Half an ans")
    both_read(agent, chat, "Hello?", "Hello!", "Do you hear me?")


def test_f12_a_browser_that_slept_while_the_other_wrote_has_all_of_it_without_a_reload(
    line: Proxy, begun: tuple[Agent, Chat]
) -> None:
    agent, chat = begun
    loaded = chat.page.evaluate("performance.timeOrigin")
    devtools = chat.page.context.new_cdp_session(chat.page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    said = [f"While you slept {number}" for number in range(4)]
    for text in said:
        agent.say(text)
        expect(agent.messages.get_by_text(text)).to_be_visible()
    line.forget()  # what was open meanwhile is nobody's any more
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    expect(agent.messages.locator("[data-state=pending]")).to_have_count(0)
    both_read(agent, chat, "Hello?", "Hello!", *said)
    assert chat.page.evaluate("performance.timeOrigin") == loaded


def test_f11_what_a_full_disk_refuses_waits_on_the_page_and_arrives_when_there_is_room(
    desk: Desk, begun: tuple[Agent, Chat], answers: list[str]
) -> None:
    agent, chat = begun
    limit = lambda size: resource.prlimit(  # noqa: E731
        desk.server.child.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY)
    )
    limit(4096)
    try:
        chat.say("Where is it?")
        refused = lambda: chat.page.evaluate("1") and any("unavailable" in one for one in answers)  # noqa: E731
        wait_until(refused, "the server to say so")
        expect(chat.message("Where is it?")).to_have_attribute("data-state", "sending")
    finally:
        limit(resource.RLIM_INFINITY)
    expect(chat.message("Where is it?")).to_have_attribute("data-state", ARRIVED)
    expect(agent.messages.get_by_text("Where is it?")).to_have_count(1)
