"""Searching from the keyboard, a customer's page, and a web form from the outside to the desk."""

import pytest
from playwright.sync_api import expect

from tests.e2e.test_accessibility import check_looks
from tests.support import axe

QUESTIONS = [
    {"name": "order", "label": "Order number", "type": "text", "required": True},
    {
        "name": "shop",
        "label": "Which shop?",
        "type": "select",
        "required": False,
        "options": ["Kiel", "Bonn"],
    },
]


@pytest.fixture
def form(team, watch):
    watch.expects("status of 422")  # what cannot be sent, and what cannot be understood
    return team.make.inbox(
        name="Contact us",
        channel="form",
        prechat=QUESTIONS,
        consent={"text": "I agree.", "url": "https://shop.example.com/privacy"},
        form={"subject": "required", "files": True, "thanks": ""},
    )


def fill(page):
    page.get_by_label("E-mail address").fill("zoe@example.com")
    page.get_by_label("Subject").fill("Broken zip")
    page.get_by_label("Message").fill("The zip of my jacket is broken")
    page.get_by_label("Order number").fill("A-17")
    page.get_by_label("I agree.").check()


def test_a_form_keeps_what_was_typed_and_leads_to_the_desk(desk, team, sign_in, open_page, form):
    page = open_page()
    page.goto(f"{desk.url}/form/{form.key}")
    check_looks(page)
    fill(page)
    page.get_by_label("E-mail address").fill("nonsense")
    with page.expect_response(lambda answer: answer.status == 422):
        page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("This is not an e-mail address")).to_be_visible()
    expect(page.get_by_label("Message")).to_have_value("The zip of my jacket is broken")
    axe.check(page)
    page.get_by_label("E-mail address").fill("zoe@example.com")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your number is #1.")).to_be_visible()
    axe.check(page)

    agent = sign_in(team, team.person("Ana Costa")).goto()
    staff = agent.page
    expect(staff.locator(".row")).to_have_count(1)
    staff.keyboard.press("/")
    staff.keyboard.type("jack zip")
    hit = staff.locator(".is-found")
    expect(hit).to_have_count(1)
    expect(hit.locator("mark").first).to_be_visible()
    check_looks(staff)
    box = staff.get_by_label("Search conversations and customers")
    box.fill("zip stauts:open")
    expect(staff.get_by_role("alert").filter(has_text="no field")).to_be_visible()
    axe.check(staff)
    box.fill("zip")
    expect(staff.get_by_role("alert").filter(has_text="no field")).to_have_count(0)
    expect(hit).to_have_count(1)
    staff.keyboard.press("ArrowDown")
    staff.keyboard.press("Enter")
    expect(staff.get_by_role("region", name="Messages")).to_contain_text("Order number: A-17")
    staff.get_by_role("button", name="Close the search").click()
    expect(staff.get_by_role("button", name="Search", exact=True)).to_be_focused()


def test_customers_and_organizations_have_pages(desk, team, sign_in):
    make = team.make
    acme = make.organization(name="Acme")
    ann = make.customer(name="Ann Bell", email="ann@example.com", organization_id=acme.id)
    make.customer(name="Ann B.", claimed_email="ann@example.com", company="Acme")
    page = sign_in(team, team.person("Ana Costa")).page
    page.goto(f"{desk.url}/customers?q=ann")
    expect(page.locator("mark").first).to_be_visible()
    check_looks(page)
    page.goto(f"{desk.url}/customers/{ann.id}")
    check_looks(page)
    page.get_by_label("Company").fill("Acme Tools")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    page.get_by_role("link", name="Merge with another customer").click()
    page.get_by_role("searchbox").fill("ann b")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ann B.").click()
    check_looks(page)
    page.get_by_role("button", name="Merge them").click()
    expect(page.get_by_role("status")).to_contain_text("one customer")
    page.goto(f"{desk.url}/organizations/{acme.id}")
    check_looks(page)
    page.goto(f"{desk.url}/organizations")
    check_looks(page)
