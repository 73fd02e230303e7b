"""The workspace's own settings."""

import pytest
import sqlalchemy as sa

from tests.support.pages import submit
from webapp.extensions import db
from webapp.models import Event, Workspace
from webapp.schemas.mail import MailSection
from webapp.services import calendar as calendars
from webapp.services.setting import read_section
from webapp.services.workspace import time_zone
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/settings/workspace"
FORM = {
    "name": "Harbour & Sons",
    "time_zone": "Europe/Lisbon",
    "colour": "#AA3300",
    "goal_percent": "95",
    "language": "de",
}


@pytest.fixture
def boss(make):
    return make.user(role="admin", name="Nora")


@pytest.fixture
def admin(boss, sign_in):
    return sign_in(boss)


def test_everything_on_the_page_is_kept_and_recorded(app, admin, boss):
    answer = submit(admin, HERE, FORM)

    assert answer.location == HERE
    with app.app_context(), use_workspace(boss.workspace_id):
        assert db.session.get(Workspace, boss.workspace_id).name == "Harbour & Sons"
        assert (str(time_zone()), read_section(MailSection).language) == ("Europe/Lisbon", "de")
        told = {
            name: change
            for event in db.session.scalars(sa.select(Event).where(Event.name == "workspace.updated"))
            for name, change in event.changes.items()
        }
    assert told == {
        "name": ["Harbour", "Harbour & Sons"],
        "workspace.time_zone": ["UTC", "Europe/Lisbon"],
        "workspace.colour": ["#1d60bc", "#aa3300"],
        "workspace.goal_percent": [90, 95],
        "mail.language": ["en", "de"],
    }
    shown = admin.get(HERE).text
    assert 'value="Harbour &amp; Sons"' in shown
    assert '<option value="Europe/Lisbon" selected>' in shown


def test_new_calendars_and_inboxes_begin_with_what_the_workspace_says(admin):
    submit(admin, HERE, FORM)

    assert '<option value="Europe/Lisbon" selected>' in admin.get("/settings/calendars/new").text
    inbox = admin.get("/settings/inboxes/new").text
    assert '<option value="Europe/Lisbon" selected>' in inbox
    assert 'value="#aa3300"' in inbox


def test_the_calendar_that_is_proposed_is_chosen_here(app, admin, boss):
    with app.app_context(), use_workspace(boss.workspace_id):
        first, second = (
            calendars.create_calendar(name, week={"mon": [["09:00", "17:00"]]}) for name in ("A", "B")
        )
        db.session.commit()
        first, second = first.id, second.id
    submit(admin, HERE, {**FORM, "calendar_id": str(second)})

    with app.app_context(), use_workspace(boss.workspace_id):
        assert calendars.default_calendar().id == second


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", " "),
        ("name", "x" * 101),
        ("time_zone", "Mars/Phobos"),
        ("colour", "red"),
        ("goal_percent", "0"),
        ("goal_percent", "101"),
        ("language", "xx"),
        ("calendar_id", "nonsense"),
        ("slug", "other"),
    ],
)
def test_s26_a_wrong_value_is_told_at_its_field_and_nothing_is_saved(app, admin, boss, field, value):
    answer = submit(admin, HERE, {**FORM, field: value})

    assert answer.status_code == 422
    if field != "slug":
        assert f'id="f-{field}-error"></span>' not in answer.text
    assert 'value="95"' in answer.text or field == "goal_percent"
    with app.app_context(), use_workspace(boss.workspace_id):
        assert db.session.get(Workspace, boss.workspace_id).name == "Harbour"
        assert str(time_zone()) == "UTC"
