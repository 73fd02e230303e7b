"""Staff from the first start to the last sign-out, over several pages."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD
from tests.support import axe
from tests.support.actors import Agent, Chat, Widget
from tests.support.desk import Desk

OWN_PASSWORD = "four words in a row"


@pytest.fixture
def empty(tmp_path_factory) -> Iterator[Desk]:
    """A server that nobody has set up."""
    with Desk(tmp_path_factory.mktemp("empty")) as served:
        yield served
        assert not served.complaints()


def test_the_first_run(empty, sites, open_page, watch):
    watch.expects("status of (401|404)")  # 401: what the page was still asking for when she signed out
    page = open_page()
    page.goto(empty.url)
    expect(page).to_have_url(re.compile("/setup$"))
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        axe.check(page)
    page.get_by_label("Workspace").fill("Lighthouse Ltd")
    page.get_by_label("Your name").fill("Nora Lindqvist")
    page.get_by_label("Your e-mail address").fill("nora@example.com")
    page.get_by_label("Password", exact=True).fill(OWN_PASSWORD)
    page.get_by_label("Website").fill(sites.origin("shop"))
    page.get_by_role("button", name="Create the workspace").click()

    page.wait_for_url("**/settings/start")
    page.get_by_role("link", name="Open the inboxes").click()
    page.get_by_role("main").get_by_role("link").filter(has_text=sites.origin("shop")).click()
    page.get_by_label("Greeting").fill("Lamp or lens?")
    expect(page.locator("[data-preview-greeting]")).to_have_text("Lamp or lens?")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    snippet = page.get_by_label("Install snippet").inner_text()

    # The line works on the site that was named, and the first customer stands on the queue.
    page.get_by_role("link", name="Conversations").click()
    nora = Agent(page, empty.url, None)
    expect(nora.queue).to_be_visible()
    shop = open_page()
    shop.goto(sites.page("shop", snippet))
    widget = Widget(shop)
    widget.open()
    expect(widget.scope.get_by_text("Lamp or lens?")).to_be_visible()
    widget.begin("A lens, please")
    page.get_by_role("navigation").get_by_role("link", name="Unassigned").click()
    nora.open("A lens, please")
    nora.say("Coming up")
    expect(widget.message("Coming up")).to_be_visible()
    expect(widget.scope.get_by_text("Nora Lindqvist", exact=True).first).to_be_visible()

    page.get_by_role("button", name=re.compile("your menu")).click()
    page.get_by_role("menuitem", name="Profile").click()
    page.get_by_label("Name", exact=True).fill("Nora L.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("aved")
    page.get_by_role("link", name="Conversations").click()
    page.get_by_role("button", name="Nora L., your menu").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(empty.url + "/setup")
    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()


@pytest.fixture
def answering(team, sign_in, open_page) -> tuple[Agent, Chat]:
    """An agent in a conversation."""
    agent = sign_in(team, team.person("Ana Costa")).goto()
    page = open_page()
    page.goto(team.chat_url)
    chat = Chat(page)
    chat.begin("Hello?")
    agent.open("Hello?")
    return agent, chat


def test_a_session_that_ends_keeps_what_was_being_written(team, answering, watch):
    watch.expects("status of 40[13]")
    agent, _ = answering
    agent.reply.fill("I was about to s")
    other = agent.page.context.new_page()
    other.goto(team.desk.url + "/profile")
    other.get_by_role("button", name="Sign out", exact=True).click()
    other.wait_for_url("**/sign-in")
    dialog = agent.page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    axe.check(agent.page)
    agent.page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="Sign in").click()
    agent.page.get_by_label("E-mail address").fill(agent.user.email)
    agent.page.get_by_label("Password", exact=True).fill(PASSWORD)
    agent.page.keyboard.press("Enter")
    expect(agent.reply).to_have_value("I was about to s")
    agent.reply.press("End")
    agent.reply.press_sequentially("ay yes")
    agent.reply.press("Enter")
    expect(agent.messages.get_by_text("I was about to say yes")).to_be_visible()


def test_whoever_is_switched_off_is_out_at_once(team, answering, sign_in, watch):
    watch.expects("status of 40[13]")
    agent, _ = answering
    agent.button("Take").click()
    expect(agent.button("Assignee: Ana Costa")).to_be_visible()
    page = sign_in(team, team.person("Nora Lindqvist", "admin")).page
    page.goto(team.desk.url + "/settings/people")
    page.get_by_role("link", name="Ana Costa").click()
    page.get_by_label("Open tickets go").select_option(label="Nora Lindqvist")
    page.get_by_role("button", name="Take access away from Ana Costa").click()
    question = page.get_by_role("dialog", name="1 open ticket goes to Nora Lindqvist.")
    question.get_by_role("button", name="Take access away").click()
    expect(agent.page.get_by_text("Your account has been switched off.")).to_be_visible()
    agent.page.reload()
    expect(agent.page).to_have_url(re.compile("/sign-in"))


def test_a_viewer_looks_and_touches_nothing(team, answering, sign_in, watch):
    watch.expects("status of 403")
    agent, chat = answering
    viewer = sign_in(team, team.person("Priya Nair", "viewer")).goto("/agent/v/all")
    viewer.open("Hello?")
    expect(viewer.page.get_by_text("View only")).to_be_visible()
    agent.say("Only looking?")
    expect(viewer.messages.get_by_text("Only looking?")).to_be_visible()
    for name in ("Take", "Resolve", "Send"):
        assert viewer.button(name).count() == 0
    for role, name in (("textbox", "Reply"), ("button", "New ticket"), ("tab", "Note")):
        assert viewer.page.get_by_role(role, name=name).count() == 0
    viewer.page.keyboard.press("r")
    viewer.page.keyboard.press("i")
    viewer.page.keyboard.press("c")
    expect(viewer.page.get_by_role("dialog")).to_have_count(0)
    axe.check(viewer.page)
    # Looking is no reading: the customer still waits to be seen by somebody who answers.
    chat.say("And this one?")
    expect(viewer.messages.get_by_text("And this one?")).to_be_visible()
    viewer.page.goto(team.desk.url + "/settings/people")
    expect(viewer.page.get_by_role("heading", name="Not for you")).to_be_visible()
