"""What a new desk is told to do first, and how it ticks itself off."""

import re
from contextlib import contextmanager

import pytest

from webapp.database import transaction
from webapp.schemas.mail_provider import MailProviderSection
from webapp.schemas.role import RoleIn
from webapp.schemas.sla import PolicyIn
from webapp.services import calendar as calendars
from webapp.services import role, sla
from webapp.services import ticket as tickets
from webapp.services.calendar.business import WEEKDAYS
from webapp.services.setting import save_section
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/settings/start"


@pytest.fixture
def boss(make):
    make.workspace()
    return make.user(role="admin")


@pytest.fixture
def at_work(app, boss):
    """`with at_work():` a transaction in the workspace."""

    @contextmanager
    def entered():
        with app.app_context(), use_workspace(boss.workspace_id), transaction():
            yield

    return entered


def done(client):
    """The titles of the steps that are done."""
    rows = re.findall(r'<li class="inbox-row first-step">(.*?)</li>', client.get(HERE).text, re.DOTALL)
    assert len(rows) == 6
    return [re.search("<b>(.*?)</b>", row)[1] for row in rows if "Done" in row]


def test_each_step_is_done_by_doing_it(make, boss, sign_in, at_work):
    admin = sign_in(boss)
    assert done(admin) == []
    assert "/settings/inboxes/new" in admin.get(HERE).text

    inbox = make.inbox(allowed_sites=["https://shop.example.com"])
    assert done(admin) == ["Put the chat on your website"]
    assert f"/chat/{inbox.key}" in admin.get(HERE).text
    with at_work():
        tickets.create_ticket("Hello", "", "maria@example.com")
        calendars.create_calendar(name="Office", timezone="UTC", week={WEEKDAYS[0]: [["09:00", "17:00"]]})
        policy = {"metric": "first_response", "seconds": {"high": {"free": 3600}}}
        sla.create_policy(PolicyIn(name="Gold", targets=[policy]))
    make.user(name="Ben")

    assert done(admin) == [
        "Put the chat on your website",
        "Write to yourself",
        "Invite a colleague",
        "Say when you work",
        "Promise an answer in time",
    ]
    assert "Mail does not leave this server yet" in admin.get("/settings/people").text
    assert "reaches nobody" in admin.get("/settings/mail").text


def test_mail_that_leaves_is_a_step_taken(make, boss, sign_in, at_work):
    with at_work():
        save_section(MailProviderSection(sendgrid="own"))

    assert done(sign_in(boss)) == ["Let mail leave the house"]


def test_nobody_is_told_of_what_they_may_not_do(make, boss, sign_in, at_work):
    with at_work():
        clerk = role.create_role(RoleIn(name="Clerk", permissions=["settings:manage"])).key
    page = sign_in(make.user(role=clerk)).get(HERE).text

    assert "Make a policy" in page
    assert "Invite a colleague" not in page
