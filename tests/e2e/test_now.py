"""The live board in a browser: it moves by itself, says when it is not sure, and hangs on a wall."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.test_staff_pages import LOOKS, fits, sized
from tests.e2e.test_widget import KIB, weight
from tests.support import axe
from tests.support.actors import Chat, hide
from tests.support.watch import NETWORK
from webapp import clock
from webapp.database import transaction
from webapp.models import Job
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

WALL = {"width": 1920, "height": 1080}


def number(page, of):
    """A number on the board."""
    return page.locator(f'[data-of="{of}"] .now-value')


def fill(desk, team, count=12):
    """Tickets that come due, half of them overdue."""
    from webapp.models import Ticket

    with desk.app.app_context(), use_workspace(team.workspace.id):
        for index in range(2 * count):
            with transaction() as session:
                made = tickets.create_ticket(
                    f"Something that is quite long to say number {index}",
                    "",
                    f"{index}@x.example",
                    priority=("critical", "high")[index % 2],
                    channel="email",
                )
            if index < count:
                with transaction() as session:
                    late = session.get(Ticket, made.id)
                    late.next_due_at = late.created_at
                    late.waiting_since = late.created_at - timedelta(hours=8, minutes=59)


@pytest.fixture
def board(desk, team, sign_in):
    """An admin at the board."""

    def opened(path="/admin/live", **options):
        agent = sign_in(team, team.person("Nora Lindqvist", "admin"), **options)
        agent.page.goto(desk.url + path)
        expect(agent.page.get_by_text("Live", exact=True)).to_be_visible()
        return agent.page

    return opened


def test_what_a_customer_writes_is_on_the_board_without_reloading_or_asking(team, board, open_page, watch):
    page = board()
    expect(number(page, "open")).to_have_text("0")
    asked = len(watch.requests)
    customer = open_page()
    customer.goto(team.chat_url)
    Chat(customer).begin("Where is my parcel?")
    expect(number(page, "open")).to_have_text("1")
    expect(number(page, "chats_queued")).to_have_text("1")
    expect(page.locator('[data-list="next"] li')).to_contain_text("Where is my parcel?")
    mine = [one.url for one in watch.requests[asked:] if one.frame.page == page]
    assert mine == [], "nothing was asked for"


def test_the_board_says_that_it_is_old_while_the_server_is_away_and_comes_back(desk, team, board, watch):
    watch.expects(NETWORK)
    page = board()
    with desk.down():
        expect(page.get_by_text("Not live")).to_be_visible()
        axe.check(page)
    fill(desk, team, 1)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(number(page, "open")).to_have_text("2")


def test_a_page_that_nobody_looks_at_rests_and_catches_up(desk, team, board):
    page = board()
    hide(page)
    expect(page.get_by_text("Paused")).to_be_visible()
    fill(desk, team, 1)
    page.wait_for_timeout(1500)
    assert number(page, "open").inner_text() == "0"
    hide(page, "visible")
    expect(number(page, "open")).to_have_text("2")


def test_health_shows_what_has_changed_without_reloading_and_leaves_everything_else_as_it_is(
    desk, team, board
):
    def fail(name):
        with desk.app.app_context(), use_workspace(team.workspace.id), transaction() as session:
            session.add(
                Job(
                    workspace_id=team.workspace.id, type=name, status="failed", run_at=clock.now(), attempts=1
                )
            )

    fail("tag.merge")
    page = board("/admin/reports/health")
    failed = page.locator(".figure", has_text="Failed for good").locator("b")
    expect(failed).to_have_text("1")
    link = page.get_by_role("link", name="90 days")
    link.focus()
    page.evaluate("window.same = true")
    fail("export.tickets")
    expect(failed).to_have_text("2", timeout=20_000)
    expect(page.get_by_role("rowheader", name="export.tickets")).to_be_visible()
    expect(link).to_be_focused()
    assert page.evaluate("window.same"), "not loaded anew"
    axe.check(page)


def test_a_link_shows_the_board_on_a_wall_until_it_is_ended(desk, team, board, open_page, watch):
    page = board()
    page.get_by_role("link", name="Show on a TV").click()
    page.get_by_label("Screen", exact=True).fill("By the window")
    page.get_by_role("button", name="Make the link").click()
    axe.check(page)
    address = page.locator("#board-url").inner_text()

    wall = open_page()
    wall.set_viewport_size(WALL)
    wall.goto(address)
    expect(wall.get_by_text("Live", exact=True)).to_be_visible()
    fill(desk, team, 1)
    expect(number(wall, "open")).to_have_text("2")
    expect(number(wall, "breached")).to_have_text("1")
    assert wall.get_by_role("link").count() == 0
    assert "quite long" not in wall.content()

    page.goto(f"{desk.url}/settings/wallboards")
    expect(page.get_by_text("last opened")).to_be_visible()
    page.get_by_role("button", name="End the link for By the window").click()
    expect(wall.get_by_text("This screen was switched off")).to_be_visible()


def test_on_a_wall_everything_fits_and_is_big(desk, team, board):
    for name in ("Ana", "Ben", "Cleo"):
        team.person(name)
    fill(desk, team)
    page = board("/admin/live?tv=1")
    page.set_viewport_size(WALL)
    expect(page.locator('[data-list="late"] li')).to_have_count(10)
    axe.check(page)
    for width, height in ((1920, 1080), (1280, 720), (3840, 2160)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), (width, height)
        assert fits(page)
        hidden = page.evaluate(
            """() => [...document.querySelectorAll('.now-row, .now-tile, .now-value')].filter((one) => {
              const [box, room] = [one, one.parentElement].map((found) => found.getBoundingClientRect());
              const cut = one.scrollWidth > one.clientWidth + 1;
              return cut || box.bottom > room.bottom + 1 || box.right > room.right + 1;
            }).map((one) => one.textContent)"""
        )
        assert hidden == [], (width, height)
    page.set_viewport_size(WALL)
    size = number(page, "open").evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)")
    assert size >= 80


@pytest.mark.parametrize("look", LOOKS)
def test_the_board_and_what_is_behind_it_are_accessible(desk, team, board, look):
    fill(desk, team, 2)
    page = sized(board(**LOOKS[look]), look)
    expect(page.locator('[data-list="late"] li')).not_to_have_count(0)
    for path in ("/admin/live", "/admin/live/tickets?of=open", "/settings/wallboards"):
        page.goto(desk.url + path)
        axe.check(page)
        for width in (page.viewport_size["width"], 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert fits(page), (path, width)


def test_a_number_leads_to_its_tickets_by_keyboard(desk, team, board):
    fill(desk, team, 2)
    page = board()
    expect(number(page, "breached")).to_have_text("2")
    page.locator('[data-of="breached"]').focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_have_text("Past their deadline: 2")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("tbody a").first.press("Enter")
    expect(page).to_have_url(re.compile("/agent/v/all/t/[0-9]+$"))


def test_the_board_fits_in_forty_kilobytes(desk, team, sign_in, watch):
    page = sign_in(team, team.person("Nora Lindqvist", "admin")).page
    page.goto(f"{desk.url}/admin/live?tv=1")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    sizes = weight([one for one in watch.requests if one.resource_type in ("script", "stylesheet")])
    assert sizes
    assert sum(sizes.values()) <= 40 * KIB, sizes
