"""Somebody who has read nothing: from an empty installation to promises that hold, with a colleague in."""

import email
import email.policy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support import axe, process
from tests.support.actors import Chat
from tests.support.desk import Desk

PASSWORD = "four words in a row"
COLLEAGUE = "another four or five"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server that nobody has set up."""
    with Desk(tmp_path_factory.mktemp("empty")) as served:
        yield served
        assert not served.complaints()


class Newcomer:
    """Somebody at a browser, who finds their way by what the pages say."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fill(self, label: str, text: str) -> None:
        """Writes into a field, found by its label."""
        self.page.get_by_label(label, exact=True).fill(text)

    def press(self, name: str) -> None:
        """Presses a button and waits for the page it leads to."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follows a link of the page itself."""
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()

    def look(self) -> None:
        """The page as it is, and in the dark on a phone: accessible, and nothing sticks out."""
        axe.check(self.page)
        desktop = self.page.viewport_size
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size(PHONE)
        axe.check(self.page)
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        self.page.set_viewport_size(desktop)
        self.page.emulate_media(color_scheme="light")

    def said(self, text: str) -> None:
        """The page says so, as what has just happened."""
        expect(self.page.get_by_role("status").filter(has_text=text)).to_be_visible()


def test_from_nothing_to_a_promise_without_reading_anything(empty, open_page, watch):
    watch.expects("status of (404|422)")
    ada = Newcomer(open_page(timezone_id="Europe/Berlin"))
    set_up(ada, empty)
    make_an_inbox(ada)
    write_as_customers(ada, open_page)
    invite(ada)
    accept(empty, open_page)
    make_a_calendar(ada)
    make_a_policy(ada)
    apply(ada)

    ada.page.goto(f"{empty.url}/settings/start")
    expect(ada.page.get_by_text("5 of 6 done")).to_be_visible()
    ada.look()


def set_up(ada: Newcomer, desk: Desk) -> None:
    """One page; the browser's own zone is proposed."""
    ada.page.goto(desk.url)
    expect(ada.page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    ada.fill("Workspace", "Acme")
    ada.fill("Your name", "Ada")
    ada.fill("Your e-mail address", "ada@acme.example")
    ada.fill("Password", PASSWORD)
    ada.press("Create the workspace")
    expect(ada.page.get_by_role("heading", name="First steps")).to_be_visible()
    ada.look()


def make_an_inbox(ada: Newcomer) -> None:
    """A second one, for the shop."""
    ada.follow("Open the inboxes")
    ada.follow("New chat")
    ada.fill("Name", "Shop")
    ada.fill("Allowed sites, one a line", "shop.acme.example")
    ada.press("Create the inbox")
    ada.said("Its line for your website stands under Install.")


def write_as_customers(ada: Newcomer, open_page) -> None:
    """Two of them, before anybody has promised anything."""
    with ada.page.expect_popup() as opened:
        ada.page.get_by_role("link", name="Open its chat page").click()
    address = opened.value.url
    opened.value.close()
    for text in ("My parcel has not come", "Can I change my address?"):
        page = open_page()
        page.goto(address)
        Chat(page).begin(text)
        page.close()


def invite(ada: Newcomer) -> None:
    """With a word about mail that does not leave."""
    ada.page.get_by_role("navigation", name="Settings").get_by_role("link", name="First steps").click()
    ada.follow("Invite")
    expect(ada.page.get_by_text("Mail does not leave this server yet")).to_be_visible()
    ada.page.locator("#invite").get_by_label("Name").fill("Ben Berg")
    ada.page.locator("#invite").get_by_label("E-mail address").fill("ben@acme.example")
    ada.page.locator("#invite").get_by_role("button", name="Send the invitation").click()
    ada.said("Ben Berg was invited")
    ada.look()


def accept(desk: Desk, open_page) -> None:
    """Out of the outbox, through one page, to the queue."""
    page = open_page()
    page.goto(invitation(Path(desk.environment["INSTANCE_PATH"]) / "outbox", "ben@acme.example"))
    axe.check(page)
    page.get_by_label("New password").fill(COLLEAGUE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/agent**")
    expect(page.get_by_text("My parcel has not come").first).to_be_visible()


def invitation(outbox: Path, address: str) -> str:
    """The link that was mailed there."""

    def found() -> str | None:
        for path in outbox.glob("*.eml"):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if message["To"] == address:
                return re.search(r"http\S+/reset/\S+", message.get_body(("plain",)).get_content())[0]
        return None

    return process.wait_until(found, "the invitation")


def make_a_calendar(ada: Newcomer) -> None:
    """Office hours, and the holidays of a region by its name."""
    ada.page.get_by_role("navigation", name="Settings").get_by_role("link", name="First steps").click()
    ada.follow("Make a calendar")
    expect(ada.page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    ada.fill("Name", "Office")
    ada.press("Create the calendar")
    ada.said("Its holidays come next")
    ada.page.get_by_label("Country", exact=True).select_option(label="Germany")
    ada.fill("Region", "Bavria")
    ada.press("Take them over")
    expect(ada.page.get_by_text("Unsaved changes")).to_be_hidden()
    ada.page.get_by_role("alert").get_by_role("link", name="Region").click()
    expect(ada.page.get_by_text("BY (Bayern)")).to_be_visible()
    expect(ada.page.get_by_label("Region")).to_be_focused()
    ada.page.keyboard.press("ControlOrMeta+a")
    ada.page.keyboard.type("Bayern")
    ada.press("Take them over")
    ada.said("holidays were added")
    expect(ada.page.get_by_text("Epiphany").first).to_be_visible()
    ada.look()
    ada.follow("Make one that does")


def make_a_policy(ada: Newcomer) -> None:
    """What it would change stands beside it, before anything is saved."""
    beside = ada.page.get_by_role("complementary", name="Matching tickets")
    expect(beside).to_contain_text("It is for 2 of 2 open tickets. Deadlines change for 2 open tickets.")
    expect(beside).to_contain_text("My parcel has not come")
    expect(beside).to_contain_text(re.compile("First response: none → "))
    ada.page.get_by_label("First response, medium, free").fill("soon")
    expect(beside).to_contain_text("cannot be read")
    ada.page.get_by_label("First response, medium, free").fill("2h")
    expect(beside).to_contain_text("Deadlines change for 2 open tickets.")
    ada.fill("Name", "Standard")
    ada.look()
    ada.press("Create the policy")
    ada.said("below is what would change for open ones")


def apply(ada: Newcomer) -> None:
    """Which of today's tickets change, and then they do."""
    page = ada.page
    expect(page.get_by_text("The deadlines of 2 of 2 open tickets")).to_be_visible()
    expect(page.get_by_role("cell", name="My parcel has not come")).to_be_visible()
    ada.look()
    ada.press("Apply to these tickets")
    expect(page.get_by_text("The last time, 2 of 2 open tickets changed.")).to_be_visible()
    expect(page.get_by_text("Nothing: 2 open tickets go by them already")).to_be_visible()
    ada.look()
