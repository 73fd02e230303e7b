"""Bringing data along, in a browser: from the file to the tickets, and stopping half-way."""

import json

import pytest
from playwright.sync_api import expect

from tests.support import axe

USERS = [{"id": n, "name": f"Person {n}", "email": f"p{n}@example.com", "role": "end-user"} for n in range(3)]
LAMPS = [
    {"id": n, "subject": f"Old lamp {n}", "status": "solved", "requester_id": n % 3, "description": "Dark"}
    for n in range(4)
]


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_file_is_looked_at_tried_and_taken_in(desk, team, sign_in, tmp_path, look):
    page = sign_in(team, team.person(f"Nora {look}", "admin"), color_scheme=look).page
    page.set_viewport_size({"width": 320, "height": 700})
    path = tmp_path / "export.json"
    path.write_text("\n".join(map(json.dumps, [*USERS, *LAMPS, {"id": 9, "subject": ""}])))
    page.goto(f"{desk.url}/settings/import")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_label("Where it comes from").fill(f"old desk {look}")
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_role("heading", name="Tickets: which column is what")).to_be_visible()
    axe.check(page)
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
    expect(page.get_by_role("button", name="Take the rows in")).to_be_visible()
    expect(page.get_by_role("row", name="Tickets").first).to_contain_text("4")
    axe.check(page)
    page.get_by_role("button", name="Take the rows in").click()
    expect(page.get_by_text("All rows have been gone through")).to_be_visible()
    expect(page.get_by_role("row", name="This must not be empty")).to_be_visible()
    axe.check(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{desk.url}/customers?q=p1@example.com")
    expect(page.get_by_text("Person 1").first).to_be_visible()
