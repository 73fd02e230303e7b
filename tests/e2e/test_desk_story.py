"""One story across the desk: routed at once, promised, tagged, put off, resolved, found and exported."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.actors import Agent, Chat
from tests.support.desk import Team
from webapp.database import transaction
from webapp.schemas.routing import RoutingSettings
from webapp.schemas.sla import PolicyIn
from webapp.services.field import create_field
from webapp.services.setting import save_section
from webapp.services.sla.editing import create_policy
from webapp.services.tag import create_tag
from webapp.tenancy import use_workspace

TIERS = ("free", "basic", "premium", "enterprise")
QUESTION = "The lantern does not switch on"


@pytest.fixture
def rules(team: Team) -> Team:
    """Routing by who is least busy, an answer within four hours, a tag, a cause before it is resolved."""
    hours = {"medium": dict.fromkeys(TIERS, 4 * 3600)}
    promised = {"name": "Four hours", "targets": [{"metric": "first_response", "seconds": hours}]}
    boss = team.make.actor(team.person("Nora Lindqvist", "admin"))
    with team.desk.app.app_context(), use_workspace(team.workspace.id), transaction():
        save_section(RoutingSettings(is_on=True, strategy="least_busy"))
        create_policy(PolicyIn.model_validate(promised), actor=boss)
        create_tag("Defect", colour="red", actor=boss)
        choices = ["Product", "Delivery"]
        create_field("Cause", "choice", choices=choices, required_on_resolve=True, actor=boss)
    return team


def test_from_a_customers_first_word_to_the_file_in_the_admins_hands(
    rules: Team, sign_in: Any, open_page: Any, watch: Any, tmp_path: Path
) -> None:
    team = rules
    watch.expects("status of 422")  # resolving without a cause
    mei = sign_in(team, team.person("Mei Tanaka")).goto("/agent/v/mine")
    chat = Chat(open_page())
    chat.page.goto(team.chat_url)
    chat.begin(QUESTION)

    mei.open(QUESTION)  # it is hers at once
    expect(mei.row(QUESTION).locator(".sla")).to_contain_text(re.compile(r"3h 5\dm"))
    expect(mei.button("Assignee: Mei Tanaka")).to_be_visible()
    expect(mei.details.get_by_text("Why Mei Tanaka?")).to_be_visible()
    expect(mei.details.get_by_text("Mei Tanaka was the only one free").first).to_be_visible()
    mei.say("I am sorry! I send you another one")
    expect(chat.message("I send you another one")).to_be_visible()

    add_tag(mei.page, "Defect")
    put_off_until_they_write(mei, chat)
    resolve(mei, cause="Product")

    admin = sign_in(team, team.person("Ada Stone", "admin")).goto()
    find(admin, "lantern tag:defect")
    rows = export(admin.page, team.desk.url, tmp_path / "tickets.csv")
    assert [(row["title"], row["status"], row["agent"]) for row in rows] == [
        (QUESTION, "resolved", "Mei Tanaka")
    ]


def add_tag(page: Page, name: str) -> None:
    """Puts a tag on the open ticket, from the keyboard."""
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    expect(page.get_by_label("Find a tag")).to_be_focused()
    page.get_by_role("option", name=name).click()
    expect(page.get_by_role("button", name=f"Remove the tag {name}")).to_be_visible()
    page.keyboard.press("Escape")


def put_off_until_they_write(agent: Agent, chat: Chat) -> None:
    """Puts the open ticket off; the customer's next word brings it back to the same agent."""
    page = agent.page
    page.get_by_role("button", name="Snooze").click()
    page.get_by_role("menuitem", name="Until they reply").click()
    expect(page.get_by_role("button", name="Wake")).to_be_visible()
    chat.say("Thank you, same address please")
    expect(agent.messages.get_by_text("same address please")).to_be_visible()
    expect(page.get_by_role("button", name="Wake")).to_have_count(0)
    expect(agent.button("Assignee: Mei Tanaka")).to_be_visible()


def resolve(agent: Agent, *, cause: str) -> None:
    """Resolves the open ticket, which asks for its cause."""
    agent.button("Resolve").click()
    asked = agent.page.get_by_role("dialog")
    asked.get_by_label("Cause").select_option(cause)
    asked.get_by_role("button", name="Save and go on").click()
    expect(asked).to_have_count(0)
    expect(agent.button("Status: Resolved")).to_be_visible()


def find(agent: Agent, words: str) -> None:
    """Searches from the keyboard, and opens what was found."""
    page = agent.page
    page.keyboard.press("/")
    page.get_by_label("Search conversations and customers").fill(words)
    found = page.locator(".is-found")
    expect(found).to_have_count(1)
    found.click()
    expect(agent.button("Status: Resolved")).to_be_visible()


def export(page: Page, url: str, path: Path) -> list[dict[str, str]]:
    """Writes an export of all tickets, waits until it is there, and downloads it."""
    page.goto(f"{url}/settings/exports")
    page.get_by_role("button", name="Write the export").click()
    link = page.get_by_role("link", name=re.compile("^Download"))
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    download.value.save_as(path)
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
