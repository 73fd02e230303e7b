"""Tags, fields, statuses and the trash in a real browser, seen by a colleague at once."""

import re

import pytest
from playwright.sync_api import expect

from tests.support import axe
from tests.support.actors import Chat


@pytest.fixture
def scene(desk, team, sign_in, open_page):
    """An admin and an agent who look at the same conversation, and what the workspace defined."""

    class Scene:
        ada = sign_in(team, team.person("Ada Stone", role="admin")).goto()

        def form(self, path, button, **typed):
            page = open_page_of(self.ada, f"{desk.url}/settings/{path}")
            for name, value in typed.items():
                field = page.locator(f"section.card [name={name}]")
                kind = field.evaluate("node => node.type")
                if kind == "checkbox":
                    field.check()
                elif kind == "select-one":
                    field.select_option(value)
                else:
                    field.fill(value)
            page.get_by_role("button", name=button).click()
            expect(page.get_by_role("status")).to_be_visible()
            axe.check(page)
            page.close()

    def open_page_of(person, url):
        page = person.page.context.new_page()
        page.goto(url)
        return page

    made = Scene()
    made.form("tags", "Make the tag", name="Shipping", colour="blue")
    made.form("fields", "Make the field", label="Order number", pattern="ORD-####", required_on_resolve="1")
    made.form("statuses", "Make the status", label="At the workshop", code="pending")
    customer = open_page()
    customer.goto(team.chat_url)
    Chat(customer).begin("Where is my order?")
    made.ana = sign_in(team, team.person("Ana Costa")).goto()
    for person in (made.ana, made.ada):
        person.page.goto(f"{desk.url}/agent/v/all")
        person.open("Where is my order?")
    return made


def test_tags_fields_and_what_resolving_asks_for(scene, watch):
    watch.expects("status of 422")
    ana, ada = scene.ana.page, scene.ada.page
    ana.keyboard.press("l")
    expect(ana.get_by_label("Find a tag")).to_be_focused()
    axe.check(ana, include=".context")
    ana.keyboard.type("ship")
    ana.keyboard.press("Enter")
    ana.keyboard.press("Escape")
    for page in (ana, ada):
        expect(page.locator(".tag-list > .tag")).to_have_text(re.compile("Shipping"))
        expect(page.locator(".row .tag")).to_have_text("Shipping")

    # Resolving wants the number; a wrong one is named at its field, a right one resolves.
    ana.get_by_role("button", name="Resolve", exact=True).click()
    dialog = ana.get_by_role("dialog", name="Before this is resolved")
    expect(dialog).to_be_visible()
    axe.check(ana, include="dialog")
    dialog.get_by_label("Order number").fill("12")
    dialog.get_by_role("button", name="Save and go on").click()
    expect(dialog.get_by_text("This should look like ORD-####")).to_be_visible()
    dialog.get_by_label("Order number").fill("ORD-2041")
    dialog.get_by_role("button", name="Save and go on").click()
    expect(dialog).to_be_hidden()
    expect(ada.get_by_role("button", name="Status: Resolved")).to_be_visible()
    expect(ada.get_by_role("button", name="Change Order number")).to_have_text("ORD-2041")


def test_a_field_is_changed_in_place_and_history_tells(scene, watch):
    watch.expects("status of 422")
    ana, ada = scene.ana.page, scene.ada.page
    ana.get_by_role("button", name="Change Order number").click()
    box = ana.get_by_role("textbox", name="Order number")
    expect(box).to_be_focused()
    box.fill("nonsense")
    box.press("Enter")
    expect(ana.get_by_text("This should look like ORD-####")).to_be_visible()
    box.fill("ORD-0007")
    box.press("Enter")
    expect(ana.get_by_role("button", name="Change Order number")).to_have_text("ORD-0007")
    expect(ada.get_by_role("button", name="Change Order number")).to_have_text("ORD-0007")

    ana.get_by_role("button", name=re.compile("^Status:")).click()
    ana.get_by_role("menuitemradio", name="At the workshop").click()
    expect(ada.get_by_role("button", name="Status: At the workshop")).to_be_visible()
    ana.get_by_role("button", name="Follow", exact=True).click()
    expect(ana.get_by_role("button", name="Unfollow")).to_be_visible()
    ana.get_by_role("button", name="More actions").click()
    ana.get_by_role("menuitem", name="History").click()
    history = ana.get_by_role("dialog", name=re.compile("^History of"))
    expect(history.get_by_text("At the workshop")).to_be_visible()
    expect(history.get_by_text("ORD-0007")).to_be_visible()
    axe.check(ana, include="dialog")
    ana.keyboard.press("Escape")


def test_the_trash_is_said_and_undone(scene, watch):
    watch.expects("status of 404")
    ada = scene.ada.page
    ada.get_by_role("button", name="More actions").click()
    ada.get_by_role("menuitem", name="Move to the trash").click()
    expect(ada.get_by_text("is in the trash")).to_be_visible()
    ada.get_by_role("navigation").get_by_role("link", name="Trash").click()
    scene.ada.row("Where is my order?").click()
    ada.get_by_role("button", name="Restore").click()
    expect(ada.get_by_role("button", name=re.compile("^Status:"))).to_be_visible()
