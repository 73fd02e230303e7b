"""Every page of staff as the demo fills it: axe in both themes and sizes, and nothing that sticks out."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_accessibility import DESKTOP, check_looks
from tests.support import axe
from tests.support.actors import Agent
from tests.support.demo import Demo
from webapp.demo.past import COUNT

SETTINGS = (
    *("inboxes", "mail", "mail/providers", "mail/templates", "mail/deliveries"),
    *("workspace", "people", "roles", "roles/new?like=viewer", "teams", "skills", "routing"),
    *("tags", "fields", "statuses", "lifecycle"),
    *("policies", "policies/new", "policies/recalculate", "calendars", "calendars/new"),
    *("import", "exports", "jobs", "keys", "wallboards", "webhooks", "webhooks/new", "audit"),
)
OTHERS = (
    *(f"/admin/reports/{name}" for name in ("sla", "volume", "speed", "team", "health")),
    "/admin/reports/tickets?metric=sla_breached",
    "/admin/reports/volume?compare=1&range=90d&priority=high",
    *("/admin/live", "/admin/live?tv=1", "/admin/live/tickets?of=open"),
    "/admin/reports/saved",
    "/customers",
    "/organizations",
    "/organizations/new",
    "/profile",
    "/profile/notifications",
)
LISTS = {
    "/settings/inboxes": "Contact form",
    "/settings/people": "Mei",
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


def test_the_desk_with_all_it_can_show(demo: Demo, page: Page) -> None:
    """The first here: what is soon late in a demo that has just begun is late some twenty minutes later."""
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


@pytest.mark.parametrize("path", [*(f"/settings/{name}" for name in SETTINGS), *OTHERS])
def test_a_page_is_accessible_in_every_look(demo: Demo, page: Page, path: str) -> None:
    page.goto(demo.url + path)
    check_looks(page)


def test_what_drops_down_over_a_report_is_one_at_a_time_and_closed_by_escape(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/admin/reports/volume")
    days, chosen = (
        page.locator("details", has=page.locator(f"summary:text('{one}')")) for one in ("Other", "Filter")
    )
    for drop in (days, chosen):
        drop.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(drop).to_have_attribute("open", "")
    expect(days).not_to_have_attribute("open", "")
    page.keyboard.press("Tab")
    expect(chosen.get_by_role("checkbox").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(chosen).not_to_have_attribute("open", "")
    expect(chosen.locator("summary")).to_be_focused()
    chosen.locator("summary").click()
    page.get_by_role("heading", name="Reports").click()
    expect(chosen).not_to_have_attribute("open", "")


@pytest.mark.parametrize(
    "path, said",
    [
        ("sla?range=custom&from=2026-05-02&to=2026-05-01&zone=Mars", "before the first"),
        ("volume?group=hour&range=90d", "400 points"),
        ("tickets?metric=luck", "no such metric"),
    ],
)
def test_a_report_that_is_refused_is_accessible_and_says_why(
    demo: Demo, page: Page, watch: Any, path: str, said: str
) -> None:
    watch.expects("status of 422")
    page.goto(f"{demo.url}/admin/reports/{path}")
    alert = page.get_by_role("alert")
    expect(page.get_by_role("main").get_by_text(said).first).to_be_visible()
    check_looks(page)
    for width in (1280, 320):  # what is said is not under what is open
        page.set_viewport_size({"width": width, "height": 800})
        alert.click(trial=True)


@pytest.mark.parametrize("path", LISTS)
def test_what_a_list_leads_to_is_accessible_in_every_look(demo: Demo, page: Page, path: str) -> None:
    page.goto(demo.url + path)
    page.get_by_role("main").get_by_role("link").filter(has_text=LISTS[path]).first.click()
    expect(page.get_by_role("main").get_by_role("heading").first).to_be_visible()
    check_looks(page)


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
    page.goto(f"{demo.url}/agent/v/all/t/{COUNT + number}")
    expect(page.get_by_role("region", name="Messages")).to_be_visible()
    check_looks(page)


def test_the_head_of_a_thread_keeps_to_its_lines(demo: Demo, page: Page) -> None:
    for number in (4, 9, 12, 15):
        page.goto(f"{demo.url}/agent/v/all/t/{COUNT + number}")
        fields = page.locator(".thread-fields")
        expect(fields.get_by_role("button", name="Resolve")).to_be_visible()
        heights = fields.evaluate(
            "(line) => [...line.children].map((one) => one.getBoundingClientRect().top)"
        )
        box = fields.bounding_box()
        assert box is not None
        assert box["height"] < 48, heights


def test_a_report_is_saved_from_its_screen_and_planned(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/admin/reports/volume?range=7d")
    page.get_by_text("Save this report").click()
    page.get_by_label("Name", exact=True).fill("What came in")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/reports/volume?range=7d&saved=*")
    page.get_by_text("Save this report").click()
    page.get_by_role("link", name="Its name and plan").click()
    page.get_by_label("How often").select_option("day")
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_text("Not yet", exact=True)).to_be_visible()
    check_looks(page)
    page.goto(f"{demo.url}/admin/reports/saved")
    expect(page.get_by_text("Every day, 08:00")).to_be_visible()
    check_looks(page)


def test_a_provider_s_test_says_on_the_page_what_went_wrong(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.url}/settings/mail/providers")
    expect(page.get_by_label("Server", exact=True)).to_be_hidden()
    page.locator("#smtp").get_by_label("Account").select_option("own")
    page.get_by_label("Server", exact=True).fill("10.0.0.8")
    page.get_by_role("button", name="Save and send me a test by SMTP server").click()
    expect(page.locator("#smtp [role=status]")).to_contain_text("private network")
    check_looks(page)
    page.locator("#smtp").get_by_label("Account").select_option("environment")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Saved", exact=True).first).to_be_visible()
