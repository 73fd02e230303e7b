"""Charts in a browser: read by pointer and by keys, swapped for a table, followed to the tickets."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.demo import Demo

VOLUME = "/admin/reports/volume?range=30d"
ROWS_OF_BOTH = """(marks) => {
  const of = (column) => marks.filter((mark) => mark.dataset.column === column);
  const rows = (column) => of(column).map((mark) => mark.dataset.row);
  return rows("0").filter((row) => rows("1").includes(row));
}"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo")).serving() as served:
        yield served


@pytest.fixture
def page(demo: Demo, open_page: Any) -> Page:
    page: Page = open_page()
    demo.sign_in(page, "nora@harbour.example")
    page.goto(demo.url + VOLUME)
    return page


def test_a_chart_is_read_and_walked_by_keys_and_leads_to_as_many_tickets(page: Page) -> None:
    chart = page.locator("figure#flow")
    marks = chart.locator(".chart-hits a[href]")
    expect(chart.get_by_role("img", name=re.compile("Created and resolved"))).to_be_visible()
    expect(chart.locator(".chart-hits a[tabindex='0']")).to_have_count(1)
    on_both = marks.evaluate_all(ROWS_OF_BOTH)[1]
    marks.and_(page.locator(f"[data-row='{on_both}'][data-column='0']")).focus()
    read = chart.locator(".chart-read")
    expect(read).to_be_visible()
    begun = read.locator("b").inner_text()
    page.keyboard.press("ArrowRight")
    expect(read.locator("b")).not_to_have_text(begun)
    page.keyboard.press("ArrowLeft")
    expect(read.locator("b")).to_have_text(begun)
    created, resolved = map(int, read.locator("dd").all_inner_texts())
    page.keyboard.press("ArrowUp" if resolved > created else "ArrowDown")
    expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile("Resolved"))
    page.keyboard.press("ArrowDown" if resolved > created else "ArrowUp")
    expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile("Created"))
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(marks.and_(page.locator("[data-column='0']")).first).to_be_focused()
    page.keyboard.press("Escape")
    expect(read).to_be_hidden()
    page.keyboard.press("ArrowRight")
    count = read.locator("dd").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("#rows-head")).to_have_text(re.compile(rf"^{count} tickets? "))


def test_the_arrow_keys_walk_a_heat_map_in_both_directions(page: Page) -> None:
    cells = page.locator("figure#hours .chart-hits a[href]")
    cells.first.focus()
    focused = page.locator(":focus")
    row, column = focused.get_attribute("data-row"), focused.get_attribute("data-column")
    page.keyboard.press("ArrowRight")
    assert focused.get_attribute("data-row") == row
    page.keyboard.press("Home")
    assert focused.get_attribute("data-column") == column
    page.keyboard.press("ArrowDown")
    assert focused.get_attribute("data-column") == column
    expect(page.locator("figure#hours .chart-read dl")).to_be_visible()


def test_the_pointer_reads_the_nearest_bucket_of_every_line(page: Page) -> None:
    chart = page.locator("figure#flow")
    chart.scroll_into_view_if_needed()
    box = chart.locator(".chart-svg").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    read = chart.locator(".chart-read")
    expect(read.locator("dt")).to_have_text(["Created", "Resolved"])
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 200)
    expect(read).to_be_hidden()


def test_a_table_takes_the_place_of_a_chart_and_says_the_same(page: Page) -> None:
    chart = page.locator("figure#flow")
    chart.get_by_text("Show as table").click()
    expect(chart.get_by_role("table")).to_be_visible()
    expect(chart.get_by_role("img")).to_be_hidden()
    sums = chart.get_by_role("table").evaluate(
        "(table) => [...table.tBodies[0].rows].reduce((sum, row) => sum + +row.cells[1].textContent, 0)"
    )
    tile = page.locator(".tile", has_text="Created").locator(".tile-value a").first
    assert tile.inner_text() == f"{sums:,}"


def test_a_definition_is_asked_for_by_a_button(page: Page) -> None:
    page.get_by_role("button", name="What is Reopen rate?").click()
    expect(page.get_by_text("reopened ÷ resolved")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("reopened ÷ resolved")).to_be_hidden()


def test_filters_are_chosen_and_taken_away_by_one_who_has_only_keys(page: Page) -> None:
    page.locator("summary", has_text="Filter").focus()
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="High").check()
    page.get_by_role("button", name="Apply").first.press("Enter")
    expect(page).to_have_url(re.compile("priority=high"))
    page.get_by_role("link", name="Without Priority: High").click()
    expect(page).not_to_have_url(re.compile("priority"))
