"""The pages of calendars and policies: what they save, refuse, keep and show."""

import io

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.support import pages
from tests.support.who_may import ICS
from webapp.database import read_only
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import Calendar, CalendarHoliday, Job, SlaPolicy
from webapp.schemas.sla import MAX_SECONDS, PolicyIn
from webapp.schemas.sla_form import policy_in, policy_values, seconds_of, words_of
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

CALENDARS, POLICIES = "/settings/calendars", "/settings/policies"
CALENDAR = {
    "name": "Office",
    "timezone": "Europe/Berlin",
    "week.mon.0.opens": "09:00",
    "week.mon.0.closes": "12:00",
    "week.mon.5.opens": "13:00",
    "week.mon.5.closes": "17:00",
    "week.fri.0.opens": "22:00",
    "week.fri.0.closes": "06:00",
}
POLICY = {
    "name": "Gold",
    "is_active": "1",
    "conditions.tiers.premium": "1",
    "conditions.tiers.enterprise": "1",
    "conditions.tags": "vip, press",
    "targets.first_response.high.premium": "1h 30m",
    "targets.total.low.enterprise": "3d",
    "clocks.total": "business",
    "warnings.0.value": "75",
    "warnings.0.unit": "percent",
    "warnings.4.value": "30m",
    "warnings.4.unit": "time",
    "ladder.0.when": "1",
    "ladder.0.delay": "",
    "ladder.0.do": "raise_priority",
    "ladder.2.when": "breach",
    "ladder.2.delay": "10m",
    "ladder.2.metric": "first_response",
    "ladder.2.do": "tag",
    "ladder.2.tag": "late",
}


def submit(client, path, data):
    """Sends a form; each page of the settings holds the token."""
    return pages.submit(client, path, data, page=f"{CALENDARS}/new")


@pytest.fixture
def boss(make):
    return make.user(role="admin", name="Boss")


@pytest.fixture
def admin(boss, sign_in):
    return sign_in(boss)


@pytest.fixture
def rows(app, boss):
    def find(model):
        with app.app_context(), use_workspace(boss.workspace_id), read_only():
            found = list(db.session.scalars(sa.select(model).order_by(model.id)))
            for row in found:
                db.session.expunge(row)
            return found

    return find


# --- calendars ------------------------------------------------------------------------------------


def test_a_calendar_is_made_shown_and_changed(admin, rows):
    made = submit(admin, f"{CALENDARS}/new", CALENDAR)
    assert made.status_code == 302
    (calendar,) = rows(Calendar)
    assert calendar.week == {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "fri": [["22:00", "06:00"]]}
    page = admin.get(made.location).text
    assert 'value="22:00"' in page
    assert "Today" in page

    changed = {**CALENDAR, "name": "Desk", "version": str(calendar.version)}
    assert submit(admin, made.location, changed).status_code == 302
    late = submit(admin, made.location, {**changed, "name": "Late"})
    assert late.status_code == 409
    assert "saved this while you had it open" in late.text
    assert 'value="Late"' in late.text
    assert "Desk" in admin.get(CALENDARS).text


@pytest.mark.parametrize(
    "change, said",
    [
        ({"timezone": "Mars/Olympus"}, "Choose a time zone"),
        ({"name": " "}, "Please fill this in"),
        ({"week.mon.5.opens": "11:00"}, "Hours overlap on Monday"),
        ({"week.sat.0.opens": "05:00", "week.sat.0.closes": "09:00"}, "Hours overlap on Friday and Saturday"),
        ({"week.mon.0.opens": "soon"}, "A time such as 09:00"),
    ],
)
def test_bad_calendars_come_back_filled_with_the_message(admin, rows, change, said):
    answer = submit(admin, f"{CALENDARS}/new", {**CALENDAR, **change})

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="13:00"' in answer.text or "week.mon.5.opens" in change
    assert rows(Calendar) == []


def test_rows_come_and_go_without_scripts(admin, rows):
    more = submit(admin, f"{CALENDARS}/new", {**CALENDAR, "add": "sun"})
    assert 'name="week.sun.0.opens"' in more.text
    fewer = submit(admin, f"{CALENDARS}/new", {**CALENDAR, "remove": "fri.0"})
    assert 'value="22:00"' not in fewer.text
    assert rows(Calendar) == []


def test_holidays_come_by_hand_by_country_and_out_of_a_file(admin, rows):
    here = submit(admin, f"{CALENDARS}/new", CALENDAR).location
    by_hand = {
        "holiday.name": "Party",
        "holiday.first_day": "2099-06-01",
        "holiday.starts": "12:00",
        "holiday.ends": "00:00",
    }
    assert submit(admin, f"{here}/holidays", by_hand).status_code == 302
    public = {"country": "DE", "subdivision": "BY", "first_year": "2098", "years": "2"}
    assert submit(admin, f"{here}/public", public).status_code == 302
    assert submit(admin, f"{here}/ical", {"file": (io.BytesIO(ICS), "days.ics")}).status_code == 302

    page = admin.get(here).text
    assert "Party" in page
    assert "12:00\N{EN DASH}00:00" in page
    assert {row.source for row in rows(CalendarHoliday)} == {"manual", "library", "ical"}
    party = next(row for row in rows(CalendarHoliday) if row.name == "Party")
    submit(admin, f"{here}/holidays/{party.id}/delete", {})
    submit(admin, f"{here}/holidays/clear", {"source": "library"})
    assert {row.source for row in rows(CalendarHoliday)} == {"ical"}


@pytest.mark.parametrize(
    "path, form, said",
    [
        ("holidays", {"holiday.name": "Party", "holiday.first_day": "never"}, "Please check"),
        ("holidays", {"holiday.name": "", "holiday.first_day": "2099-06-01"}, "Please fill this in"),
        ("holidays", {}, "Please check"),
        ("public", {"country": "XX", "first_year": "2026", "years": "1"}, "Choose a country"),
        ("public", {"country": "DE", "subdivision": "??", "first_year": "2026", "years": "1"}, "One of BB"),
        ("public", {"country": "DE", "first_year": "1", "years": "9"}, "Please check"),
        ("ical", {}, "Choose a file"),
        ("ical", {"file": "no calendar"}, "not an iCalendar file"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_holidays_are_told_at_their_field(admin, rows, path, form, said):
    here = submit(admin, f"{CALENDARS}/new", CALENDAR).location
    form = {
        name: (io.BytesIO(text.encode()), "x.ics") if name == "file" else text for name, text in form.items()
    }
    answer = submit(admin, f"{here}/{path}", form)

    assert answer.status_code == 422
    assert said in answer.text
    assert rows(CalendarHoliday) == []


def test_a_calendar_in_use_says_by_what(admin, rows):
    here = submit(admin, f"{CALENDARS}/new", CALENDAR).location
    submit(admin, f"{POLICIES}/new", {**POLICY, "calendar_id": here.rsplit("/", 1)[1]})

    sure = {"confirm": CALENDAR["name"]}
    refused = submit(admin, f"{here}/delete", sure)
    assert refused.status_code == 409
    assert "In use by Gold" in refused.text
    submit(admin, f"{POLICIES}/{rows(SlaPolicy)[0].id}/delete", {"confirm": "Gold"})
    assert submit(admin, f"{here}/delete", sure).location == CALENDARS
    assert rows(Calendar) == []


# --- policies -------------------------------------------------------------------------------------


def test_a_policy_is_saved_as_the_form_says_and_leads_to_what_it_moves(admin, rows):
    made = submit(admin, f"{POLICIES}/new", POLICY)
    assert made.location == f"{POLICIES}/recalculate"
    (policy,) = rows(SlaPolicy)
    assert policy.conditions["tiers"] == ["premium", "enterprise"]
    assert policy.conditions["tags"] == ["vip", "press"]
    targets = {target["metric"]: target for target in policy.targets}
    assert targets["first_response"]["seconds"]["high"]["premium"] == 5400
    assert (targets["total"]["clock"], targets["total"]["seconds"]["low"]["enterprise"]) == (
        "business",
        259_200,
    )
    assert [(warning["percent"], warning["minutes"]) for warning in policy.warnings] == [
        (75, None),
        (None, 30),
    ]
    assert [(step["on"], step["delay_minutes"], step["actions"][0]["do"]) for step in policy.ladder] == [
        ("warning", 0, "raise_priority"),
        ("breach", 10, "tag"),
    ]
    page = admin.get(f"{POLICIES}/{policy.id}").text
    for text in ('value="1h 30m"', 'value="3d"', 'value="vip, press"', 'value="late"'):
        assert text in page


@pytest.mark.parametrize(
    "change, said",
    [
        ({"name": ""}, "A policy needs a name"),
        ({"targets.first_response.high.premium": "soon"}, "A time such as 30m"),
        ({"targets.first_response.high.premium": "5s"}, "A time between 15 seconds"),
        ({"warnings.0.value": "lots"}, "A number from 1 to 99"),
        ({"ladder.2.tag": ""}, "Say to whom or what"),
        ({"ladder.0.when": "2"}, "a warning that the policy does not have"),
        ({"calendar_id": "nonsense"}, "Please check"),
    ],
)
def test_bad_policies_come_back_filled_with_the_message(admin, rows, change, said):
    answer = submit(admin, f"{POLICIES}/new", {**POLICY, **change})

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="vip, press"' in answer.text
    assert rows(SlaPolicy) == []


def test_policies_change_places(admin, rows):
    for name in ("One", "Two"):
        submit(admin, f"{POLICIES}/new", {**POLICY, "name": name})
    second = rows(SlaPolicy)[1]
    submit(admin, f"{POLICIES}/{second.id}/move", {"to": "up"})
    submit(admin, f"{POLICIES}/{second.id}/move", {"to": "up"})

    page = admin.get(POLICIES).text
    assert page.index("<b>Two</b>") < page.index("<b>One</b>")


def test_a_draft_tells_whom_it_would_be_for_without_being_saved(admin, rows):
    nothing = {"count": 0, "looked": 0, "moved": 0, "tickets": []}
    assert submit(admin, f"{POLICIES}/matches", {**POLICY, "name": ""}).json == nothing
    half = {**POLICY, "warnings.0.value": "lots"}
    assert submit(admin, f"{POLICIES}/matches", half).json == {"count": None}
    assert rows(SlaPolicy) == []


def test_a_replayed_draft_is_put_in_force_unless_its_policy_has_changed(admin, app, rows):
    asked = submit(admin, f"{POLICIES}/new", {**POLICY, "then": "replay", "days": "30"})
    with app.app_context():
        worker.run_due()
    assert "Put this draft in force" in admin.get(asked.location).get_data(as_text=True)
    done = submit(admin, f"{asked.location}/apply", {})
    assert done.location == f"{POLICIES}/recalculate"
    (made,) = rows(SlaPolicy)
    edited = {**POLICY, "then": "replay", "days": "30", "version": str(made.version)}
    again = submit(admin, f"{POLICIES}/{made.id}", {**edited, "name": "Golden"})
    with app.app_context():
        worker.run_due()
    submit(admin, f"{POLICIES}/{made.id}", {**POLICY, "name": "Other", "version": str(made.version)})
    assert submit(admin, f"{again.location}/apply", {}).location == again.location
    assert "Somebody else has changed this policy" in admin.get(again.location).get_data(as_text=True)
    assert [row.name for row in rows(SlaPolicy)] == ["Other"]


def test_a_replay_is_asked_for_and_shown(admin, app, rows):
    asked = submit(admin, f"{POLICIES}/new", {**POLICY, "then": "replay", "days": "30"})
    assert asked.location.startswith(f"{POLICIES}/replays/")
    assert "<progress" in admin.get(asked.location).text
    with app.app_context():
        worker.run_due()

    page = admin.get(asked.location).text
    assert "Promises kept" in page
    assert rows(SlaPolicy) == []
    refused = submit(admin, f"{POLICIES}/new", {**POLICY, "then": "replay", "days": "366"})
    assert refused.status_code == 422
    assert "From 1 to 365 days" in refused.text


def test_a_recalculation_is_previewed_asked_for_and_reported(admin, app, rows):
    assert "Nothing: 0 open tickets go by them already" in admin.get(f"{POLICIES}/recalculate").text
    assert submit(admin, f"{POLICIES}/recalculate", {}).status_code == 302
    again = submit(admin, f"{POLICIES}/recalculate", {})
    assert again.status_code == 409
    with app.app_context():
        worker.run_due()
    assert "The last time, 0 of 0 open tickets changed" in admin.get(f"{POLICIES}/recalculate").text
    assert [job.status for job in rows(Job) if job.type == "sla.recalculate"] == ["completed"]


# --- the form's words -----------------------------------------------------------------------------


@given(st.integers(1, MAX_SECONDS))
def test_durations_are_read_as_they_are_written(seconds):
    assert seconds_of(words_of(seconds)) == seconds


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("", None),
        ("  ", None),
        ("45", 2700),
        ("1h 30m", 5400),
        ("1.5h", 5400),
        ("2D", 172_800),
        ("90 min", 5400),
    ],
)
def test_durations(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["soon", "1x", "-1h", "1h later", "h", "h1"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="A time such as"):
        seconds_of(text)


def test_a_step_of_many_actions_keeps_its_meaning_in_the_form(make):
    """A step with two metrics and two actions becomes rows that do the same at the same time."""
    step = {
        "on": "breach",
        "delay_minutes": 5,
        "metrics": ["total", "first_response"],
        "actions": [{"do": "raise_priority"}, {"do": "alert_team_lead"}],
    }
    target = {"metric": "total", "seconds": {"low": {"free": 3600}}}
    given_one = PolicyIn.model_validate({"name": "x", "targets": [target], "ladder": [step]})
    row = SlaPolicy(**given_one.model_dump(mode="json"), version=1)
    values = policy_values(row)
    back = policy_in({**values, "conditions": {}}, is_active=True)

    assert [(one.metrics, one.actions[0].do, one.delay_minutes) for one in back.ladder] == [
        ([metric], do, 5)
        for metric in ("total", "first_response")
        for do in ("raise_priority", "alert_team_lead")
    ]
    with pytest.raises(Invalid):
        policy_in({**values, "targets": {}}, is_active=True)
