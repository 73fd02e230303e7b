"""The clock that an agent sees: it ticks by itself, goes late by itself, and explains itself."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.support import axe
from tests.support.desk import Team
from webapp.database import transaction
from webapp.models import SlaPolicy
from webapp.services import ticket as tickets
from webapp.tenancy import use_workspace

TIERS = ("free", "basic", "premium", "enterprise")


def promise(team: Team, **seconds: int) -> None:
    """First answers in so many seconds, by priority."""
    grid = {priority: dict.fromkeys(TIERS, length) for priority, length in seconds.items()}
    target = {"metric": "first_response", "clock": "calendar", "seconds": grid}
    with team.desk.app.app_context(), use_workspace(team.workspace.id), transaction() as session:
        session.add(SlaPolicy(name="Quick", targets=[target]))


def ticket(team: Team, title: str, priority: str) -> None:
    with team.desk.app.app_context(), use_workspace(team.workspace.id), transaction():
        tickets.create_ticket(title, "", "maria@example.com", priority)


def test_a_clock_ticks_ends_with_an_answer_or_goes_late_and_explains_itself(team: Team, sign_in: Any) -> None:
    promise(team, low=3600, medium=119, high=6)
    for title, priority in (("Calm", "low"), ("Ticking", "medium"), ("Late", "high")):
        ticket(team, title, priority)
    ana = sign_in(team, team.person("Ana Costa")).goto()
    expect(ana.row("Calm").locator(".sla")).to_contain_text(re.compile(r"5\dm"))
    ticking = ana.row("Ticking").locator(".sla .num")
    expect(ticking).to_have_text(re.compile(r"^[01]:\d\d$"))
    first = ticking.inner_text()
    expect(ticking).not_to_have_text(first)
    ana.open("Ticking")
    ana.say("Here we are")
    met = re.compile("^Service levels: .*First response: met ")
    expect(ana.page.get_by_role("button", name=met)).to_be_visible()
    expect(ana.row("Ticking").locator(".sla")).to_have_count(0)

    expect(ana.row("Late").locator('.sla[data-mood="late"]')).to_contain_text("over")
    ana.open("Late")
    button = ana.page.get_by_role(
        "button", name=re.compile("^Service levels: .* First response: overdue since")
    )
    button.click()
    account = ana.page.get_by_role("dialog", name="Service levels")
    expect(account).to_contain_text(re.compile(r"Started \d\d:\d\d, due \d\d:\d\d, .* over\."))
    expect(account).to_contain_text("Target 6 s · Quick")
    for scheme in ("dark", "light"):
        ana.page.emulate_media(color_scheme=scheme)
        axe.check(ana.page)
    ana.page.keyboard.press("Escape")
    expect(account).to_be_hidden()
    expect(button).to_be_focused()
    expect(ana.messages).to_contain_text("First response is overdue")


def test_an_account_fits_a_phone(team: Team, sign_in: Any) -> None:
    promise(team, medium=3600)
    ticket(team, "Broken lamp", "medium")
    phone = {"width": 390, "height": 844}
    ana = sign_in(team, team.person("Ana Costa")).goto()
    ana.page.set_viewport_size(phone)
    ana.open("Broken lamp")
    ana.page.get_by_role("button", name=re.compile("^Service levels:")).click()
    account = ana.page.get_by_role("dialog", name="Service levels")
    expect(account).to_contain_text("First response")
    box = account.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= phone["width"]
    axe.check(ana.page)
