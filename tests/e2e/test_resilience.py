"""What a conversation survives: a killed server, a network without websockets, reloads, several tabs."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.actors import Agent, Chat
from tests.support.network import Network
from tests.support.watch import NETWORK


@pytest.fixture
def begun(team, sign_in, open_context) -> tuple[Agent, Chat, Network, Network]:
    """A conversation that is going on, with the ways of both its browsers."""
    agent = sign_in(team, team.person("Ana Costa"))
    staff_network = Network(agent.page.context)
    agent.goto(live=False)
    context = open_context()
    network = Network(context)
    page = context.new_page()
    page.goto(team.chat_url)
    chat = Chat(page)
    expect(chat.scope.locator("[data-state=online]")).to_be_visible()
    chat.begin("Hello?")
    agent.open("Hello?")
    agent.say("Hello!")
    expect(chat.message("Hello!")).to_be_visible()
    all_acknowledged(agent, chat)
    return agent, chat, staff_network, network


def all_acknowledged(agent: Agent, chat: Chat) -> None:
    """Whoever wrote knows that it arrived; the other side may have read it before."""
    expect(chat.log.locator("li[data-state=sending]")).to_have_count(0)
    expect(agent.messages.locator("[data-state=pending]")).to_have_count(0)


def both_read(agent: Agent, chat: Chat, last: str, *, size: int) -> list[str]:
    """Waits for the last words and the number of bubbles on both sides; what was said, the same for both."""
    for bubbles in (chat.bubbles, agent.messages.locator(".bubble")):
        expect(bubbles.filter(has_text=last)).to_have_count(1)
        expect(bubbles).to_have_count(size)
    expect(chat.log.locator("li[data-state=sending]")).to_have_count(0)
    greeting, *said = chat.texts() if chat.texts()[0].startswith("Ahoy") else ["", *chat.texts()]
    assert said == agent.texts(), greeting
    return said


def test_a_killed_server_loses_nothing_that_was_written_meanwhile(desk, begun, watch):
    watch.expects(NETWORK)
    agent, chat, _, network = begun
    chat.say("One before")
    expect(agent.messages.get_by_text("One before")).to_be_visible()
    all_acknowledged(agent, chat)

    with desk.down():
        chat.say("Are you still")
        chat.say("there?")
        agent.say("One moment")
        agent.say("please")
        chat.composer.fill("half a thou")
        agent.reply.fill("half a rep")
        expect(chat.scope.get_by_text("Reconnecting…")).to_be_visible()
        expect(agent.page.get_by_text("Reconnecting…")).to_be_visible()
        expect(agent.page.get_by_text("3 unsent")).to_be_visible()
        expect(chat.log.locator("li[data-state=sending]")).to_have_count(2)
        network.cut()

    # The agent comes back first: a reply that the customer's words overtake would be held, for good reason.
    expect(agent.messages.locator(".bubble")).to_have_count(5)
    expect(agent.messages.locator("[data-state=pending]")).to_have_count(0)
    network.mend()
    chat.page.evaluate("dispatchEvent(new Event('online'))")
    said = both_read(agent, chat, "there?", size=7)
    assert said[:3] == ["Hello?", "Hello!", "One before"]
    assert [text for text in said if text in ("Are you still", "there?")] == ["Are you still", "there?"]
    assert [text for text in said if text in ("One moment", "please")] == ["One moment", "please"]
    expect(chat.composer).to_have_value("half a thou")
    expect(agent.reply).to_have_value("half a rep")
    expect(agent.page.get_by_text("Draft saved")).to_be_visible()

    # Drafts are there again on a new page, and both go on.
    for page in (chat.page, agent.page):
        page.reload()
    expect(chat.composer).to_have_value("half a thou")
    expect(agent.reply).to_have_value("half a rep")
    chat.composer.press("Enter")
    both_read(agent, chat, "half a thou", size=8)
    agent.reply.press("Enter")
    both_read(agent, chat, "half a rep", size=9)


def test_it_goes_on_where_websockets_are_blocked(team, sign_in, open_context):
    agent = sign_in(team, team.person("Ana Costa"))
    Network(agent.page.context).cut(api=False)
    agent.goto(live=False)
    context = open_context()
    Network(context).cut(api=False)
    page = context.new_page()
    page.goto(team.chat_url)
    chat = Chat(page)
    expect(chat.scope.get_by_text("Live updates are blocked on this network")).to_be_visible()
    expect(agent.page.get_by_text("Live connection blocked")).to_be_visible()

    chat.composer.fill("By letter, then")
    expect(chat.scope.get_by_role("textbox", name="Your e-mail")).to_be_visible()
    chat.scope.get_by_role("textbox", name="Your e-mail").fill("maria@example.com")
    chat.composer.press("Enter")
    expect(chat.message("By letter, then")).to_have_attribute("data-state", re.compile("sent|delivered|seen"))
    agent.open("By letter, then")
    agent.say("By pigeon, too")
    expect(chat.message("By pigeon, too")).to_be_visible()
    chat.say("Coo")
    both_read(agent, chat, "Coo", size=3)


def test_an_export_is_there_in_the_end_although_nothing_is_told(team, sign_in):
    admin = sign_in(team, team.person("Nora Lindqvist", "admin"))
    Network(admin.page.context).cut(api=False)
    admin.page.goto(f"{team.desk.url}/settings/exports")
    admin.page.get_by_role("button", name="Write the export").click()
    expect(admin.page.get_by_role("link", name=re.compile("^Download"))).to_be_visible()


def test_what_waits_for_the_network_survives_a_reload(begun, watch):
    watch.expects(NETWORK)
    agent, chat, _, network = begun
    network.cut()
    chat.say("Sent from a tunnel")
    expect(chat.message("Sent from a tunnel")).to_have_attribute("data-state", "sending")
    expect(chat.message("Sent from a tunnel")).to_contain_text("Sending…")
    chat.page.reload()
    expect(chat.page.get_by_text("Loading the conversation")).to_be_attached()
    assert "Sent from a tunnel" not in agent.texts()
    network.mend()
    expect(chat.message("Sent from a tunnel")).to_have_attribute(
        "data-state", re.compile("sent|delivered|seen")
    )
    assert both_read(agent, chat, "Sent from a tunnel", size=3)[-1] == "Sent from a tunnel"


def test_several_tabs_keep_step(begun):
    agent, chat, _, _ = begun
    other = Chat(chat.page.context.new_page())
    other.page.goto(chat.page.url)
    expect(other.message("Hello!")).to_be_visible()
    chat.say("From the first tab")
    expect(other.message("From the first tab")).to_be_visible()
    other.say("From the second tab")
    expect(chat.message("From the second tab")).to_be_visible()

    second = Agent(agent.page.context.new_page(), agent.desk_url, agent.user)
    second.page.goto(agent.page.url)
    expect(second.messages.get_by_text("From the second tab")).to_be_visible()
    agent.reply.press_sequentially("Both of yo")
    expect(second.reply).to_have_value("Both of yo")
    second.reply.press_sequentially("u")
    second.reply.press("Enter")
    expect(agent.messages.get_by_text("Both of you")).to_be_visible()
    expect(agent.reply).to_have_value("")
    expect(other.message("Both of you")).to_be_visible()

    other.menu("End chat")
    other.scope.get_by_role("group", name="End this chat?").get_by_role("button", name="End chat").click()
    expect(chat.scope.get_by_text("This chat has ended.")).to_be_visible()
    said = both_read(agent, chat, "Both of you", size=5)
    assert said == second.texts()
    assert said == [text for text in other.texts() if not text.startswith("Ahoy")]


def refusing(message: str) -> Callable[[Any], None]:
    """Answers 422 to whatever is written."""
    error = {
        "code": "invalid",
        "message": message,
        "detail": [{"loc": ["body", "content"], "msg": message, "type": "value_error"}],
    }

    def answer(route: Any) -> None:
        if route.request.method == "POST":
            route.fulfill(status=422, content_type="application/json", body=json.dumps(error))
        else:
            route.fallback()

    return answer


def fail(chat: Chat, agent: Agent, network: Network, text: str) -> None:
    """Says something that the server refuses."""
    network.cut(api=False)
    expect(chat.scope.get_by_text("Live updates are blocked on this network")).to_be_visible()
    chat.page.route("**/api/v1/chat/comments", refusing("The message is not accepted"))
    chat.say(text)
    expect(chat.message(text)).to_have_attribute("data-state", "failed")
    expect(chat.message(text).get_by_role("alert")).to_contain_text("Not sent: The message is not accepted")
    chat.page.unroute_all()
    assert text not in agent.texts()


def test_a_refused_message_stays_and_can_be_sent_again_or_deleted(begun, watch):
    watch.expects(NETWORK)
    agent, chat, _, network = begun
    fail(chat, agent, network, "Take this")
    chat.message("Take this").get_by_role("button", name="Retry").click()
    expect(chat.message("Take this")).to_have_attribute("data-state", re.compile("sent|delivered|seen"))
    expect(agent.messages.get_by_text("Take this")).to_have_count(1)
    fail(chat, agent, network, "Or leave it")
    chat.page.reload()
    expect(chat.message("Or leave it")).to_have_attribute("data-state", "failed")
    chat.message("Or leave it").get_by_role("button", name="Delete").click()
    expect(chat.message("Or leave it")).to_have_count(0)
    chat.page.reload()
    expect(chat.message("Take this")).to_be_visible()
    expect(chat.message("Or leave it")).to_have_count(0)
    assert agent.texts() == ["Hello?", "Hello!", "Take this"]


def test_whoever_is_blocked_is_told_so(begun):
    agent, chat, _, _ = begun
    agent.button("More actions").click()
    agent.page.get_by_role("menuitem", name="Block customer…").click()
    dialog = agent.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Block", exact=True).click()
    expect(agent.details.get_by_text("Blocked", exact=True)).to_be_visible()
    chat.say("Let me in")
    expect(chat.message("Let me in").get_by_role("alert")).to_contain_text("Not sent: You cannot write here")
    chat.message("Let me in").get_by_role("button", name="Delete").click()
    expect(chat.message("Let me in")).to_have_count(0)
    assert agent.texts() == ["Hello?", "Hello!"]


def test_a_reply_over_what_one_has_not_seen_is_stopped(begun, watch):
    watch.expects("status of 409", NETWORK)
    agent, chat, network, _ = begun
    network.cut(api=False)
    network.deafen()  # the page would ask for what the cut line did not bring
    chat.say("Wait, cancel that!")
    expect(chat.message("Wait, cancel that!")).to_have_attribute("data-state", re.compile("sent|delivered"))
    agent.reply.fill("It is on its way.")
    agent.reply.press("Enter")
    expect(agent.page.get_by_text("Wait, cancel that!").first).to_be_visible()
    page: Page = agent.page
    expect(page.get_by_role("alert").get_by_role("button", name="Send anyway")).to_be_visible()
    expect(chat.message("It is on its way.")).to_have_count(0)
    page.get_by_role("button", name="Send anyway").click()
    expect(chat.message("It is on its way.")).to_be_visible()
