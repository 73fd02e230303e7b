"""A customer on somebody's page and an agent on the queue: one conversation from end to end."""

import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.actors import Chat, Widget, hide
from webapp.demo_shop import make_shop


def picture() -> dict[str, Any]:
    """A photograph to attach."""
    content = io.BytesIO()
    Image.new("RGB", (320, 200), "#0f5c6e").save(content, "PNG")
    return {"name": "lantern.png", "mimeType": "image/png", "buffer": content.getvalue()}


LIST = {"name": "packing list.txt", "mimeType": "text/plain", "buffer": b"1 deck lantern\n"}
SECRET = "she is a friend of the owner"


@pytest.mark.parametrize("served", ["desk", "postgres_desk"])
def test_they_talk_both_ways_and_the_note_stays_inside(request, served, sites, sign_in, open_context):
    desk = request.getfixturevalue(served)
    team = desk.team(allowed_sites=[sites.origin("shop")])
    ana, ben = team.person("Ana Costa"), team.person("Ben Okoye")
    sites["shop"] = make_shop(desk.url, team.inbox.key)
    agent = sign_in(team, ana).goto()
    colleague = sign_in(team, ben).goto("/agent/v/mine")

    page, heard = open_context().new_page(), []
    page.on("websocket", lambda line: line.on("framereceived", lambda frame: heard.append(str(frame))))
    page.goto(sites.origin("shop") + "/products/lantern")
    widget = Widget(page)
    widget.open()
    expect(widget.composer).to_be_focused()
    expect(widget.scope.get_by_text("We're online")).to_be_visible()
    expect(widget.scope.get_by_text("Ahoy! How can we help?")).to_be_visible()

    # The first message opens a ticket, which stands on the queue at once.
    widget.begin("Is the lantern waterproof?")
    expect(agent.row("Is the lantern waterproof?")).to_be_visible()
    agent.open("Is the lantern waterproof?")
    expect(widget.message("Is the lantern waterproof?")).to_have_attribute("data-state", "seen")

    # Who writes is seen by the other, before there is a word.
    agent.reply.press_sequentially("It")
    expect(widget.log.get_by_text("Ana Costa is typing")).to_be_attached()
    agent.say("It is, to a metre.")
    expect(widget.message("It is, to a metre.")).to_be_visible()
    expect(widget.log.get_by_text("Ana Costa is typing")).to_have_count(0)
    expect(agent.messages.get_by_text("Seen", exact=True)).to_be_visible()
    widget.composer.press_sequentially("Gr")
    expect(agent.messages.get_by_text("is typing…")).to_be_visible()
    widget.say("Great, look at mine:")
    expect(agent.messages.get_by_text("Great, look at mine:")).to_be_visible()
    expect(agent.messages.get_by_text("is typing…")).to_be_hidden()

    # A picture is shown, any other file downloads, on both sides.
    widget.scope.locator("#files").set_input_files([picture(), LIST])
    expect(widget.scope.get_by_role("list", name="Attached files").get_by_role("listitem")).to_have_count(2)
    widget.say("This one")
    for side in (widget.log, agent.messages):
        shown = side.get_by_role("img", name="lantern.png")
        expect(shown).to_be_visible()
        expect(shown).to_have_js_property("naturalWidth", 320)
        with side.page.expect_download() as saved:
            side.get_by_role("link", name="packing list.txt").click()
        assert saved.value.suggested_filename == "packing list.txt"
        assert saved.value.path().read_bytes() == LIST["buffer"]

    # A note reaches the colleague and no customer.
    agent.button("Take").click()
    expect(widget.log.get_by_text("Ana Costa joined the chat")).to_be_visible()
    agent.write_note(SECRET)
    expect(agent.messages.get_by_role("article", name=re.compile("Internal note by"))).to_be_visible()
    colleague.page.goto(agent.page.url.replace("/unassigned/", "/all/"))
    expect(colleague.messages.get_by_text(SECRET)).to_be_visible()

    # Handed over: the customer learns who it is now, and nothing of why.
    agent.page.get_by_role("button", name="Assignee: Ana Costa").click()
    agent.page.get_by_role("button", name="Transfer with a note…").click()
    dialog = agent.page.get_by_role("dialog", name="Transfer the conversation")
    dialog.get_by_label("To").select_option(label="Ben Okoye")
    dialog.get_by_label("Note for them").fill(f"Be kind: {SECRET}")
    dialog.get_by_role("button", name="Transfer").click()
    expect(widget.log.get_by_text("You are now chatting with Ben Okoye")).to_be_visible()
    expect(widget.scope.get_by_role("heading", name="Ben Okoye")).to_be_visible()
    colleague.say("Ben here, hello!")
    expect(widget.message("Ben here, hello!")).to_be_visible()

    said = [
        "Is the lantern waterproof?",
        "It is, to a metre.",
        "Great, look at mine:",
        "This one",
        "Ben here, hello!",
    ]
    assert [text for text in widget.texts() if text in said] == said
    assert [text for text in colleague.texts() if text in said] == said
    frames = "\n".join(heard)
    assert "Ben here, hello!" in frames
    assert SECRET not in frames
    assert SECRET not in page.content() + widget.log.inner_html()


def test_a_closed_widget_counts_what_is_new_and_the_end_can_be_undone(team, sites, sign_in, open_context):
    sites["shop"] = make_shop(team.desk.url, team.inbox.key)
    agent = sign_in(team, team.person("Ana Costa")).goto()
    page = open_context().new_page()
    page.goto(sites.origin("shop"))
    widget = Widget(page)
    expect(widget.launcher).to_have_attribute("aria-expanded", "false")
    widget.open()
    widget.begin("Do you ship to Oslo?")
    agent.open("Do you ship to Oslo?")
    widget.close()
    expect(widget.launcher).to_be_focused()

    agent.say("We do.")
    agent.say("It takes four days.")
    expect(page.get_by_role("button", name="Open chat, 2 unread")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("We do.")).to_be_visible()
    expect(agent.messages.get_by_text("Delivered")).to_be_visible()
    assert agent.messages.get_by_text("Seen", exact=True).count() == 0
    widget.launcher.click()
    expect(agent.messages.get_by_text("Seen", exact=True)).to_be_visible()
    expect(widget.launcher).to_have_attribute("aria-label", "Close chat")

    # The customer ends it, thinks again, and goes on in the same conversation.
    widget.menu("End chat")
    widget.scope.get_by_role("group", name="End this chat?").get_by_role("button", name="End chat").click()
    expect(widget.log.get_by_text("You ended the chat")).to_be_visible()
    expect(agent.messages.get_by_text("ended the chat")).to_be_visible()
    expect(agent.button("Status: Resolved")).to_be_visible()
    widget.scope.get_by_role("textbox", name="Message", exact=True).fill("One more thing")
    widget.scope.get_by_role("button", name="Send").click()
    expect(widget.message("One more thing")).to_be_visible()
    expect(agent.row("One more thing")).to_be_visible()
    agent.open("One more thing")
    expect(agent.messages.get_by_text("One more thing")).to_be_visible()
    assert agent.texts() == ["Do you ship to Oslo?", "We do.", "It takes four days.", "One more thing"]


def test_the_title_counts_what_a_hidden_chat_page_has_not_shown(team, sign_in, open_context):
    agent = sign_in(team, team.person("Ana Costa")).goto()
    context = open_context()
    page = context.new_page()
    page.goto(team.chat_url)
    chat = Chat(page)
    chat.begin("Anybody there?")
    agent.open("Anybody there?")
    agent.say("Yes, we are.")
    expect(chat.message("Yes, we are.")).to_be_visible()
    expect(page).to_have_title("Harbour chat")
    hide(page)
    agent.say("Still there?")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    hide(page, "visible")
    expect(page).to_have_title("Harbour chat")
    expect(agent.messages.get_by_text("Seen", exact=True)).to_be_visible()


def test_the_agent_sees_who_it_is_and_where(team, sites, sign_in, open_context):
    sites["shop"] = make_shop(team.desk.url, team.inbox.key)
    agent = sign_in(team, team.person("Ana Costa")).goto()
    windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/151.0.0.0 Safari/537.36"
    page = open_context(user_agent=windows, locale="de-DE").new_page()
    page.goto(sites.origin("shop") + "/")
    page.get_by_role("link", name="Brass compass").click()
    widget = Widget(page)
    widget.open()
    widget.composer.fill("Which way is north?")
    widget.composer.press("Enter")
    agent.open("Which way is north?")
    expect(agent.details.get_by_role("heading", name="Online now")).to_be_visible()
    expect(agent.details.get_by_role("link", name="Brass compass")).to_have_attribute(
        "href", sites.origin("shop") + "/products/compass"
    )
    for fact in ("Chrome 151 · Windows", "English", "127.0.0.1", "Unverified", "Harbour chat"):
        expect(agent.details.get_by_text(fact, exact=fact == "Unverified")).to_be_visible()

    # The customer walks on, and the agent goes along.
    page.get_by_role("link", name="All goods", exact=True).click()
    expect(agent.details.get_by_role("link", name="Harbour Supplies")).to_be_visible()
    page.close()
    expect(agent.details.get_by_role("heading", name="Last page")).to_be_visible()


def test_the_agent_sees_what_went_before(team, sign_in, open_page):
    agent = sign_in(team, team.person("Ana Costa")).goto()
    page = open_page()
    page.goto(team.chat_url)
    chat = Chat(page)
    chat.begin("My first question")
    agent.open("My first question")
    agent.button("Resolve").click()
    chat.scope.get_by_role("button", name="Start a new conversation").click()
    chat.begin("My second question")
    agent.open("My second question")
    expect(agent.details.get_by_role("heading", name="Earlier")).to_be_visible()
    agent.details.get_by_role("link", name="My first question").click()
    expect(agent.messages.get_by_text("My first question")).to_be_visible()
    expect(agent.messages.get_by_text("My second question")).to_be_hidden()
