"""The second factor and a sign-in service in a browser, from the first scan to the code at the door."""

import re

import pyotp
import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD
from tests.support import axe
from tests.support.oidc_provider import CLIENT_ID, SECRET, OidcProvider

REFUSED = r"status of (403|404|409|422)"


def sign_in_by_hand(page, desk, user):
    page.goto(f"{desk.url}/sign-in?next=/customers")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")


@pytest.fixture
def refusals(watch):
    """Pages that come back with a mistake are part of the story."""
    watch.expects(REFUSED)


@pytest.mark.usefixtures("refusals")
@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_second_factor_from_the_scan_to_the_door(desk, team, sign_in, open_page, look):
    user = team.person(f"Mei {look}", "agent")
    page = sign_in(team, user, color_scheme=look).page
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{desk.url}/profile")
    page.get_by_role("link", name=re.compile("Set it up")).click()
    expect(page.get_by_role("img", name="A QR code that holds the key below")).to_be_visible()
    page.get_by_text("It cannot be scanned?").click()
    axe.check(page)
    secret = page.locator("#key").inner_text().replace(" ", "")
    page.get_by_label("The code that the app shows").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    axe.check(page)
    codes = page.locator("#codes").inner_text().split()
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("link", name=re.compile("Manage the second factor")).click()
    axe.check(page)
    page.get_by_role("link", name="Turn it off").click()
    axe.check(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    door = open_page(color_scheme=look)
    sign_in_by_hand(door, desk, user)
    expect(door.get_by_label("Code")).to_be_focused()
    door.keyboard.type("000000")
    door.keyboard.press("Enter")
    expect(door.get_by_role("alert")).to_be_focused()
    axe.check(door)
    door.get_by_label("Code").fill(codes[4])
    door.keyboard.press("Enter")
    door.wait_for_url("**/customers")


def test_a_sign_in_service_from_the_settings_to_the_door(desk, team, sign_in, open_page, watch):
    watch.expects(REFUSED)
    user = team.person("Tomas")
    with OidcProvider() as provider:
        provider.person.update(sub="tomas", email=user.email)
        admin = sign_in(team, team.person("Nora", "admin")).page
        admin.goto(f"{desk.url}/settings/safety")
        admin.get_by_label("People can sign in with it").check()
        admin.get_by_label("Issuer").fill(provider.url)
        admin.get_by_label("Client ID").fill(CLIENT_ID)
        admin.get_by_label("Client secret").fill(SECRET)
        admin.get_by_label("Name on the button").fill("Harbour account")
        admin.locator("#provider").get_by_role("button", name="Save").click()
        admin.wait_for_url("**/settings/safety#provider")
        axe.check(admin)
        way_in = admin.get_by_role("link", name=re.compile("sign-in")).get_attribute("href")

        page = open_page()
        page.goto(f"{desk.url}{way_in}&next=/customers")
        axe.check(page)
        page.get_by_role("link", name="Continue with Harbour account").click()
        page.wait_for_url("**/customers")

        admin.goto(f"{desk.url}/settings/people/{user.id}/safety")
        expect(admin.get_by_text(provider.url)).to_be_visible()
        axe.check(admin)
        admin.get_by_role("button", name="Sign out everywhere").click()
        expect(admin.get_by_text("Not signed in anywhere")).to_be_visible()
        page.reload()
        page.wait_for_url(re.compile(r"/sign-in\?next="))
