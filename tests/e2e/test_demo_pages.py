"""Every page of staff as the demo fills it: axe in both themes and sizes, and nothing that sticks out."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_accessibility import DESKTOP, check_looks
from tests.support import axe
from tests.support.actors import Agent
from tests.support.demo import Demo

SETTINGS = (
    *("inboxes", "mail", "mail/templates", "mail/deliveries"),
    *("people", "teams", "skills", "routing"),
    *("tags", "fields", "statuses", "lifecycle"),
    *("policies", "policies/new", "policies/recalculate", "calendars", "calendars/new"),
    *("exports", "jobs"),
)
OTHERS = ("/customers", "/organizations", "/organizations/new", "/profile", "/profile/notifications")
LISTS = {
    "/settings/inboxes": "Contact form",
    "/settings/policies": "Premium and enterprise",
    "/settings/calendars": "Desk hours",
    "/customers": "Hannah Schulz",
    "/organizations": "Nordsee Yachtcharter",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo")).serving() as served:
        yield served


@pytest.fixture(scope="module")
def signed_in(demo: Demo, browser: Any) -> Any:
    """What the admin's browser keeps, so that one sign-in serves all tests."""
    context = browser.new_context()
    demo.sign_in(context.new_page(), "nora@harbour.example")
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def page(open_page: Any, signed_in: Any) -> Page:
    return open_page(storage_state=signed_in)  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", [*(f"/settings/{name}" for name in SETTINGS), *OTHERS])
def test_a_page_is_accessible_in_every_look(demo: Demo, page: Page, path: str) -> None:
    page.goto(demo.url + path)
    check_looks(page)


@pytest.mark.parametrize("path", LISTS)
def test_what_a_list_leads_to_is_accessible_in_every_look(demo: Demo, page: Page, path: str) -> None:
    page.goto(demo.url + path)
    page.get_by_role("main").get_by_role("link").filter(has_text=LISTS[path]).first.click()
    expect(page.get_by_role("main").get_by_role("heading").first).to_be_visible()
    check_looks(page)


def test_the_desk_with_all_it_can_show(demo: Demo, page: Page) -> None:
    nora = Agent(page, demo.url, None).goto("/agent/v/all")
    expect(nora.row("Hannah Schulz").locator(".sla[data-mood=soon]")).to_be_visible()
    expect(nora.row("Yusuf Demir").locator(".sla[data-mood=late]")).to_be_visible()
    check_looks(page)
    nora.open("Noah Fischer")
    expect(nora.details.get_by_text("was the least busy").first).to_be_visible()
    check_looks(page)
    page.get_by_role("button", name="Service levels").click()
    expect(page.get_by_role("dialog", name="Service levels").get_by_role("listitem").first).to_be_visible()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        axe.check(page, include="#sla-account")
    page.keyboard.press("Escape")
    for item in ("Merge into another…", "Split into a new ticket…", "History"):
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name=item).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        check_looks(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Snooze", exact=True).click()
    page.get_by_role("menuitem", name="Another time").click()
    check_looks(page)
    page.keyboard.press("Escape")


def test_the_search_and_the_notifications_of_the_desk(demo: Demo, page: Page) -> None:
    Agent(page, demo.url, None).goto("/agent/v/all")
    page.keyboard.press("/")
    page.keyboard.type("jacket")
    expect(page.locator(".is-found").first).to_be_visible()
    check_looks(page)
    page.keyboard.press("Escape")
    page.set_viewport_size(DESKTOP)
    page.get_by_role("button", name="Notifications").click()
    expect(page.get_by_role("dialog", name="Notifications").get_by_role("link").first).to_be_visible()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        axe.check(page)


@pytest.mark.parametrize("number", [4, 5, 9, 14])
def test_threads_that_are_linked_snoozed_or_merged(demo: Demo, page: Page, number: int) -> None:
    page.goto(f"{demo.url}/agent/v/all/t/{number}")
    expect(page.get_by_role("region", name="Messages")).to_be_visible()
    check_looks(page)


def test_the_head_of_a_thread_keeps_to_its_lines(demo: Demo, page: Page) -> None:
    for number in (4, 9, 12, 15):
        page.goto(f"{demo.url}/agent/v/all/t/{number}")
        fields = page.locator(".thread-fields")
        expect(fields.get_by_role("button", name="Resolve")).to_be_visible()
        heights = fields.evaluate(
            "(line) => [...line.children].map((one) => one.getBoundingClientRect().top)"
        )
        box = fields.bounding_box()
        assert box is not None
        assert box["height"] < 48, heights
