"""The pages of staff in a browser: reachable for everybody, and never left by accident."""

import json
import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD
from tests.support import axe
from webapp import clock
from webapp.database import transaction
from webapp.models import WebhookDelivery
from webapp.tenancy import use_workspace

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "has_touch": True},
}
PHONE = {"width": 390, "height": 844}
REFUSED = r"status of (403|404|409|422)"


@pytest.fixture
def admin(team, sign_in):
    """An admin's browser; the pages are asked for by path."""
    return lambda **options: sign_in(team, team.person("Nora Lindqvist", "admin"), **options)


def sized(page, look):
    """The page as large as that look wants it."""
    if look == "phone":
        page.set_viewport_size(PHONE)
    return page


def fits(page):
    """Whether nothing sticks out at the side."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("look", LOOKS)
def test_pages_for_everybody_are_accessible(desk, team, open_page, watch, look):
    watch.expects(REFUSED)
    page = sized(open_page(**LOOKS[look]), look)
    for path in ("/sign-in", "/reset", "/reset/sent", "/reset/nothing", "/nowhere", "/api/docs"):
        page.goto(desk.url + path)
        axe.check(page)
        assert fits(page), path


@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_staff_are_accessible(desk, team, admin, watch, look):
    watch.expects(REFUSED)
    page = sized(admin(**LOOKS[look]).page, look)
    inbox = f"/settings/inboxes/{team.inbox.id}"
    mail = team.make.inbox(workspace=team.workspace, name="Mail", channel="email")
    for path in (
        "/settings/inboxes",
        f"/settings/inboxes/{mail.id}/mail",
        "/settings/held-mail",
        "/settings/inboxes/new",
        inbox,
        f"{inbox}/secret",
        "/settings/people",
        "/settings/mail/providers",
        "/settings/workspace",
        "/settings/roles",
        "/settings/keys",
        "/profile/keys",
        "/settings/roles/new",
        "/settings/calendars/new",
        "/settings/policies",
        "/settings/policies/new",
        "/settings/policies/recalculate",
        "/settings/safety",
        "/settings/availability",
        "/profile",
        "/profile/second-factor",
    ):
        page.goto(desk.url + path)
        axe.check(page)
        assert fits(page), path


@pytest.mark.parametrize("look", LOOKS)
def test_a_calendar_with_its_holidays_is_accessible(desk, admin, watch, look):
    page = sized(admin(**LOOKS[look]).page, look)
    page.goto(f"{desk.url}/settings/calendars/new")
    page.get_by_label("Name", exact=True).fill(f"Office {look}")
    page.get_by_role("button", name="Create the calendar").click()
    page.get_by_label("Country", exact=True).select_option("DE")
    page.get_by_role("button", name="Take them over").click()
    expect(page.get_by_role("cell", name="Christmas Day").first).to_be_visible()
    axe.check(page)
    assert fits(page)


def tried(desk, team, webhook_id):
    """A message to a webhook that did not get through; nothing is sent from here."""
    attempt = {"at": clock.iso(clock.now()), "status": 500, "milliseconds": 31, "error": ""}
    attempt["answer"] = "<h1>Internal Server Error</h1>" * 40
    with desk.app.app_context(), use_workspace(team.workspace), transaction() as session:
        row = WebhookDelivery(subscription_id=webhook_id, event="ticket.created", status="failed")
        row.attempts, row.log, row.milliseconds = 10, [attempt] * 3, 31
        row.body = json.dumps({"event": "ticket.created", "data": {"title": "Ä" * 300}})
        session.add(row)


@pytest.mark.parametrize("look", LOOKS)
def test_a_webhook_is_made_and_its_log_accessible(desk, team, admin, watch, look):
    watch.expects(REFUSED)
    page = sized(admin(**LOOKS[look]).page, look)
    page.goto(f"{desk.url}/settings/webhooks/new")
    axe.check(page)
    page.get_by_role("textbox", name="Address").fill("https://hooks.example.com/orders")
    page.get_by_role("textbox", name="Name").fill("Orders in the shop")
    page.get_by_label("Every event").uncheck()
    page.locator("summary").filter(has_text="Promises").click()
    page.get_by_label("calendar.deleted").check()  # which happens to nobody here
    page.get_by_role("button", name="Make the webhook").click()
    expect(page.get_by_text("whsec_")).to_be_visible()
    axe.check(page)
    page.get_by_role("link", name="I have it").click()
    expect(page.get_by_role("heading", name="No message here")).to_be_visible()
    tried(desk, team, uuid.UUID(page.url.rpartition("/")[2]))
    page.reload()
    axe.check(page)
    assert fits(page)
    page.get_by_role("link", name="ticket.created").click()
    expect(page.get_by_role("heading", name="What is sent")).to_be_visible()
    axe.check(page)
    assert fits(page)


def test_signing_in_and_out(desk, team, open_page, watch):
    watch.expects(REFUSED)
    user = team.person("Ana Costa")
    page = open_page()
    page.goto(f"{desk.url}/profile")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password", exact=True).fill("not this one")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("E-mail address")).to_have_value(user.email)
    axe.check(page)

    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Show the password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile")

    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in")
    page.go_back()
    expect(page).to_have_url(re.compile("/sign-in"))


class TestAnInbox:
    @pytest.fixture
    def page(self, desk, team, admin):
        """A new inbox's form."""
        page = admin().page
        page.goto(f"{desk.url}/settings/inboxes/new")
        return page

    def test_is_shown_as_it_is_typed(self, page):
        page.get_by_label("Name", exact=True).fill("Bakery")
        page.get_by_label("Greeting").fill("Fresh bread?")
        page.get_by_label("Colour").fill("#ffe08a")

        preview = page.locator("[data-preview-box]")
        expect(preview.get_by_text("Bakery")).to_be_visible()
        expect(preview.get_by_text("Fresh bread?")).to_be_visible()
        expect(preview.locator(".preview-head")).to_have_css("background-color", "rgb(255, 224, 138)")
        expect(preview.locator(".preview-head")).to_have_css("color", "rgb(0, 0, 0)")
        expect(page.get_by_text("faint on a white page")).to_be_visible()

    def test_takes_hours_and_questions(self, page, watch):
        watch.expects(REFUSED)
        page.get_by_label("Name", exact=True).fill("Bakery")
        expect(page.get_by_label("Monday opens")).to_be_hidden()
        page.get_by_label("Always open").uncheck()
        page.get_by_role("button", name="Add hours on Monday").click()
        expect(page.get_by_label("Monday opens").nth(1)).to_be_focused()
        page.get_by_label("Monday opens").nth(1).fill("18:00")
        page.get_by_label("Monday closes").nth(1).fill("01:00")
        page.get_by_role("button", name="Remove these hours on Friday").click()
        page.get_by_role("button", name="Add a question").click()
        page.get_by_label("Question", exact=True).fill("Which branch?")
        page.get_by_label("Kind").select_option("List")
        page.get_by_label("Choices, one a line").fill("Kiel")
        page.get_by_role("button", name="Create the inbox").click()

        expect(page.get_by_text("A list needs at least two choices")).to_be_visible()
        axe.check(page)
        page.get_by_label("Choices, one a line").fill("Kiel\nLübeck")
        page.get_by_role("button", name="Create the inbox").click()

        expect(page.get_by_role("status")).to_contain_text("Saved")
        expect(page.get_by_label("Monday closes").nth(1)).to_have_value("01:00")
        expect(page.get_by_label("Friday opens")).to_have_count(0)

    def test_is_not_left_by_accident(self, page, watch):
        expect(page.get_by_text("Unsaved changes")).to_be_hidden()
        page.get_by_label("Name", exact=True).press_sequentially("Bakery")
        expect(page.get_by_text("Unsaved changes")).to_be_visible()
        asked = []
        page.on("dialog", lambda dialog: asked.append(dialog.type))
        watch.expects("^dialog: ")

        page.get_by_role("link", name="Profile").press("Enter")
        dialog = page.get_by_role("dialog", name="There are unsaved changes on this page.")
        expect(dialog.get_by_role("button", name="Stay here")).to_be_focused()
        axe.check(page)
        page.keyboard.press("Escape")
        with page.expect_event("dialog"):
            page.get_by_role("button", name="Sign out").click(no_wait_after=True)

        expect(page.get_by_label("Name", exact=True)).to_have_value("Bakery")
        assert asked == ["beforeunload"]

        page.get_by_role("link", name="Profile").click()
        dialog.get_by_role("button", name="Leave without saving").click()
        expect(page).to_have_url(re.compile("/profile$"))

    def test_gives_its_line_away(self, desk, team, admin, page):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{desk.url}/settings/inboxes/{team.inbox.id}")

        page.get_by_role("button", name="Copy").click()

        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == team.snippet


def test_access_is_taken_away_only_after_a_question(desk, team, admin):
    team.person("Ben Okoye")
    page = admin().page
    page.goto(f"{desk.url}/settings/people")
    page.get_by_role("link", name="Ben Okoye").click()
    take = page.get_by_role("button", name="Take access away from Ben Okoye")

    take.click()
    axe.check(page)
    page.get_by_role("button", name="Cancel").click()
    expect(take).to_be_visible()

    take.click()
    question = page.get_by_role("dialog", name="They have no open tickets.")
    question.get_by_role("button", name="Take access away").click()
    expect(page.get_by_role("button", name="Give access to Ben Okoye")).to_be_visible()


def test_what_destroys_asks_for_its_name(desk, team, admin):
    page = admin().page
    page.goto(f"{desk.url}/settings/tags")
    page.get_by_label("Name").last.fill("Billing")
    page.get_by_role("button", name="Make the tag").click()
    page.locator("summary", has_text="Billing").press("Enter")
    page.get_by_role("button", name="Delete the tag Billing").press("Enter")
    dialog = page.get_by_role("dialog", name="It leaves all its tickets.")
    field = dialog.get_by_label("Type “Billing” to go on")
    expect(field).to_be_focused()
    axe.check(page)

    page.keyboard.type("Bill")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("That is another name")).to_be_visible()
    expect(field).to_be_focused()
    page.keyboard.type("ing")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").get_by_text("The tag is gone")).to_be_visible()


def test_a_role_is_given_on_the_persons_page(desk, team, admin):
    team.person("Ben Okoye")
    page = admin().page
    page.goto(f"{desk.url}/settings/people")
    page.get_by_role("link", name="Ben Okoye").click()

    page.get_by_label("Role of Ben Okoye").select_option("Viewer")
    page.get_by_role("button", name="Set the role of Ben Okoye").click()

    expect(page.get_by_role("status")).to_contain_text("role was changed")
    expect(page.get_by_label("Role of Ben Okoye")).to_have_value("viewer")
