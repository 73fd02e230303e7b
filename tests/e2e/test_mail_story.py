"""Mail that came in, in a browser: what an agent sees of it."""

import pytest
from playwright.sync_api import expect

from tests.support import axe
from tests.support.inbound import Desk as Mailroom
from tests.support.inbound import letter
from tests.support.watch import NETWORK

ANSWER = """Thanks, it came today.

On Tue, 3 Nov 2026 at 09:12, Support <support@desk.example> wrote:
> It is with the carrier.
> You will have it within two days.
"""


@pytest.fixture
def answered(team):
    """A ticket that a mail opened which quotes another."""
    return Mailroom(team.desk.app, team.make).take(letter(text=ANSWER, subject="It came"))


def test_what_a_mail_quotes_is_folded_and_opens_in_place(team, answered, sign_in):
    ana = sign_in(team, team.person("Ana Costa")).goto()
    ana.open("It came")
    message = ana.page.locator(".msg", has_text="Thanks, it came today.")
    expect(message).to_be_visible()
    expect(message).not_to_contain_text("within two days")
    summary = message.locator("summary")
    summary.focus()
    ana.page.keyboard.press("Enter")
    expect(message.locator("details")).to_contain_text("You will have it within two days.")
    axe.check(ana.page, include=".timeline")
    ana.page.keyboard.press("Enter")
    expect(message.get_by_text("You will have it within two days.")).to_be_hidden()
    expect(message.get_by_role("link", name="Whole mail")).to_be_visible()


def test_what_it_quotes_comes_when_it_is_opened_again_after_trouble(team, answered, sign_in, watch):
    ana = sign_in(team, team.person("Ana Costa")).goto()
    ana.open("It came")
    summary = ana.page.locator(".msg summary")
    expect(summary).to_be_visible()
    watch.expects(NETWORK)
    ana.page.route("**/api/v1/mails/*", lambda route: route.abort())
    summary.click()
    expect(ana.page.locator(".msg details")).to_contain_text("It could not be loaded")
    ana.page.unroute("**/api/v1/mails/*")
    summary.click()
    summary.click()
    expect(ana.page.locator(".msg details")).to_contain_text("within two days")
