"""Putting a conversation off, and merging two and taking that back, in browsers on both sides."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.support import axe
from tests.support.actors import Agent, Chat, keep_toasts
from webapp import clock


@pytest.fixture
def answering(team, sign_in, open_page) -> tuple[Agent, Chat]:
    """An agent with a customer's conversation open."""
    agent = sign_in(team, team.person("Ana Costa")).goto()
    chat = Chat(open_page())
    chat.page.goto(team.chat_url)
    chat.begin("My parcel is lost")
    agent.open("My parcel is lost")
    return agent, chat


def test_a_conversation_is_put_off_until_the_customer_writes(answering):
    agent, chat = answering
    page = agent.page
    views = page.get_by_role("navigation", name="Views")
    page.get_by_role("button", name="Snooze").click()
    page.get_by_role("menuitem", name="Until they reply").click()
    expect(page.get_by_text("Snoozed until they reply").first).to_be_visible()
    expect(views.get_by_role("link", name="Snoozed 1")).to_be_visible()
    chat.say("Any news?")
    expect(page.get_by_role("button", name="Wake")).to_have_count(0)
    expect(views.get_by_role("link", name="Snoozed 1")).to_have_count(0)
    expect(agent.messages.get_by_text("Any news?")).to_be_visible()


def test_a_conversation_is_put_off_until_a_time_and_woken_by_hand(answering, watch):
    watch.expects("status of 422")
    agent, _ = answering
    page = agent.page
    page.get_by_role("button", name="Snooze").click()
    page.get_by_role("menuitem", name="Another time…").click()
    dialog = page.get_by_role("dialog", name="Snooze")
    axe.check(page)
    dialog.get_by_label("Until").fill("2001-01-01T09:00")
    dialog.get_by_role("button", name="Snooze").click()
    expect(dialog.get_by_role("alert")).to_have_text("This time has passed")
    dialog.get_by_label("Until").fill(f"{clock.now() + timedelta(days=90):%Y-%m-%d}T09:00")
    dialog.get_by_role("button", name="Snooze").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Wake").click()
    expect(page.get_by_role("button", name="Snooze")).to_be_visible()


def test_two_tickets_become_one_and_two_again_and_the_customer_goes_along(answering):
    agent, chat = answering
    page = agent.page
    split(page)
    expect(page.get_by_role("heading", name="The missing invoice")).to_be_visible()
    number = page.locator(".thread-number").inner_text()
    page.go_back()
    expect(page.get_by_role("heading", name="My parcel is lost")).to_be_visible()
    keep_toasts(page)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Merge into another…").click()
    dialog = page.get_by_role("dialog")
    axe.check(page)
    dialog.get_by_role("radio", name="The missing invoice").check()
    dialog.get_by_role("button", name="Merge").click()
    expect(page.locator(".thread-number")).to_have_text(number)
    expect(page.get_by_text("You merged #1 into this")).to_be_visible()
    expect(chat.message("My parcel is lost")).to_have_count(1)
    agent.say("We found it")
    expect(chat.message("We found it")).to_be_visible()
    chat.say("Great")
    expect(agent.messages.get_by_text("Great")).to_be_visible()
    page.locator(".toast").filter(has_text="#1 was merged into").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="My parcel is lost")).to_be_visible()
    expect(chat.message("We found it")).to_have_count(0)
    expect(chat.message("My parcel is lost")).to_be_visible()
    chat.say("Hello again")
    expect(agent.messages.get_by_text("Hello again")).to_be_visible()


def split(page):
    """Makes a ticket of the first message."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Split into a new ticket…").click()
    dialog = page.get_by_role("dialog")
    axe.check(page)
    dialog.get_by_role("button", name="Make the ticket").click()
    expect(dialog.get_by_role("alert")).to_have_text("A title is needed.")
    dialog.get_by_label("Title of the new ticket").fill("The missing invoice")
    dialog.get_by_role("checkbox").first.check()
    dialog.get_by_role("button", name="Make the ticket").click()
    expect(dialog).to_have_count(0)
