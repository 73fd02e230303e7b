"""Reports by mail: at their hour whatever the clocks do, once, with the desk's own figures, to staff only."""

import csv
import io
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.support.mail_servers import smtp_server
from tests.support.pages import form_of, submit
from tests.support.parallel import House, together
from webapp import clock as app_clock
from webapp import create_app, signing
from webapp.auth import acting_as
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.integrations.mail import Refused
from webapp.models import Job, MailDelivery, ReportPlan, SavedReport, User
from webapp.schemas.report import Scope
from webapp.schemas.role import RoleIn
from webapp.schemas.saved_report import ReportPlanForm, SavedReportForm
from webapp.services import email
from webapp.services import report_plan as plans
from webapp.services import ticket as tickets
from webapp.services.report import catch_up, figure, open_report
from webapp.services.report import screen as screens
from webapp.services.report.registry import METRICS
from webapp.services.report.screen.extract import MOST_ROWS, TILES
from webapp.services.report.words import said
from webapp.services.role import create_role
from webapp.services.saved_report import save_report, scope_of
from webapp.services.user import actor_of, deactivate_user
from webapp.tasks import timer as timers
from webapp.tasks.worker import run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

HERE = "/admin/reports/saved"
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BERLIN = ZoneInfo("Europe/Berlin")
SATURDAY = datetime(2026, 10, 24, 10, tzinfo=UTC)
"""The clocks go back in the night to come."""


def plan(every: str = "day", hour: int = 8, zone: str = "Europe/Berlin", weekday: int = 0) -> ReportPlan:
    return ReportPlan(every=every, hour=hour, zone=zone, weekday=weekday)


def times(found: ReportPlan, after: datetime, count: int) -> list[datetime]:
    out = []
    for _ in range(count):
        after = plans.next_time(found, after)
        out.append(after)
    return out


# --- when -----------------------------------------------------------------------------------------


class TestWhen:
    def test_eight_stays_eight_when_the_clocks_go_back_and_forward(self) -> None:
        autumn = times(plan(), datetime(2026, 10, 23, 12, tzinfo=UTC), 3)
        assert [at.isoformat()[:16] for at in autumn] == [
            "2026-10-24T06:00",
            "2026-10-25T07:00",
            "2026-10-26T07:00",
        ]
        spring = times(plan(), datetime(2026, 3, 27, 12, tzinfo=UTC), 3)
        assert [at.isoformat()[:16] for at in spring] == [
            "2026-03-28T07:00",
            "2026-03-29T06:00",
            "2026-03-30T06:00",
        ]

    def test_an_hour_that_is_left_out_begins_after_the_gap_and_a_repeated_one_is_the_first(self) -> None:
        gap = times(plan(hour=2), datetime(2026, 3, 28, 12, tzinfo=UTC), 2)
        assert [at.astimezone(BERLIN).strftime("%d %H:%M") for at in gap] == ["29 03:00", "30 02:00"]
        twice = times(plan(hour=2), datetime(2026, 10, 24, 12, tzinfo=UTC), 2)
        assert [at.isoformat()[:16] for at in twice] == ["2026-10-25T00:00", "2026-10-26T01:00"]

    def test_weeks_and_months(self) -> None:
        weeks = times(plan("week", weekday=4), datetime(2026, 2, 27, 7, tzinfo=UTC), 2)
        assert [at.astimezone(BERLIN).strftime("%a %d %b %H") for at in weeks] == [
            "Fri 06 Mar 08",
            "Fri 13 Mar 08",
        ]
        months = times(plan("month", zone="Pacific/Auckland"), datetime(2026, 12, 31, 18, 59, tzinfo=UTC), 2)
        assert [at.isoformat()[:16] for at in months] == ["2026-12-31T19:00", "2027-01-31T19:00"]

    @given(
        zone=st.sampled_from(
            (
                "UTC",
                "Europe/Berlin",
                "America/New_York",
                "Australia/Lord_Howe",
                "Asia/Kathmandu",
                "Africa/Cairo",
            )
        ),
        every=st.sampled_from(("day", "week", "month")),
        hour=st.integers(0, 23),
        after=st.integers(0, 15 * 365 * 86_400),
    )
    def test_it_is_later_on_its_own_day_and_never_twice_on_one(
        self, zone: str, every: str, hour: int, after: int
    ) -> None:
        moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=after)
        first, second = times(plan(every, hour, zone, weekday=3), moment, 2)
        assert moment < first < second
        days = [at.astimezone(ZoneInfo(zone)) for at in (first, second)]
        assert days[0].date() != days[1].date()
        for day in days:
            assert (
                timedelta()
                <= day.replace(tzinfo=None)
                - datetime.combine(day.date(), datetime.min.time()).replace(hour=hour)
                <= timedelta(hours=1)
            )
            assert every == "day" or (day.weekday() == 3 if every == "week" else day.day == 1)


# --- a whole desk ---------------------------------------------------------------------------------


class Desk:
    """A workspace with a shared report, and people who are to have it."""

    def __init__(self, app: Any, make: Any) -> None:
        self.app, self.make, self.workspace = app, make, make.workspace()
        self.ada = make.user(role="admin", name="Ada", email="ada@example.com")
        self.ben = make.user(role="viewer", name="Ben", email="ben@example.com")

    def save(
        self,
        name: str = "Weekly",
        *,
        screen: str = "volume",
        arguments: str = "range=7d",
        shared: bool = True,
    ) -> Any:
        form = SavedReportForm(name=name, screen=screen, arguments=arguments, is_shared="1" if shared else "")
        with self.inside(), transaction():
            return save_report(form, actor=actor_of(self.ada)).id

    def plan(self, report_id: Any, *people: Any, **when: Any) -> None:
        values = {"every": "day", "hour": 8, "zone": "Europe/Berlin", **when}
        form = ReportPlanForm(**values, recipients=[person.id for person in people or (self.ada, self.ben)])
        with self.inside(), transaction():
            plans.save_plan(report_id, form, actor=actor_of(self.ada))

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self.app.app_context(), use_workspace(self.workspace.id):
            yield

    def pass_time(self, **amount: float) -> None:
        """The clock goes on; what is due is done."""
        app_clock.advance(**amount)
        with self.app.app_context():
            timers.fire_due()
            run_due()

    def tickets(self, count: int) -> None:
        for number in range(count):
            with self.inside(), transaction():
                tickets.create_ticket(f"Ticket {number}", "", f"c{number}@example.com")

    def planned(self) -> tuple[datetime, str | None]:
        """When the only plan was due last, and what went wrong."""
        with self.inside(), read_only() as session:
            found = session.scalars(sa.select(ReportPlan)).one()
            return found.due_at, found.error  # type: ignore[return-value]

    def next_at(self, report_id: Any) -> datetime | None:
        with self.inside(), read_only() as session:
            return plans.next_due(session.get(SavedReport, report_id))


@pytest.fixture
def saturday() -> Any:
    """It is the Saturday before the clocks go back, and stays so until a test moves it."""
    with app_clock.moved(SATURDAY):
        yield app_clock


@pytest.fixture
def desk(app: Any, make: Any, saturday: Any, mailbox: Any) -> Desk:
    return Desk(app, make)


def figures_of(desk: Desk, report_id: Any) -> dict[str, Any]:
    """What the engine says now, asked as the mail's own range."""
    with desk.inside(), transaction() as session:
        catch_up()
    with desk.inside(), read_only() as session:
        scope = scope_of(session.get(SavedReport, report_id))
        return {name: figure(name, scope) for name in TILES["volume"]}


def attachment(message: Any) -> list[list[str]]:
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "text/csv"
    return list(csv.reader(io.StringIO(part.get_content().removeprefix("\ufeff"))))


def test_it_comes_at_eight_across_the_change_of_clocks_once_each(desk: Desk, mailbox: Any) -> None:
    report = desk.save()
    desk.plan(report, desk.ada)
    assert desk.next_at(report) == datetime(2026, 10, 25, 7, tzinfo=UTC)
    desk.pass_time(hours=20, minutes=59)
    assert mailbox.messages == []
    desk.pass_time(minutes=1)
    assert len(mailbox.messages) == 1
    desk.pass_time(hours=23, minutes=59)
    assert len(mailbox.messages) == 1
    desk.pass_time(minutes=1)
    assert len(mailbox.messages) == 2
    assert desk.next_at(report) == datetime(2026, 10, 27, 7, tzinfo=UTC)


def test_after_three_days_away_it_comes_once(desk: Desk, mailbox: Any) -> None:
    report = desk.save()
    desk.plan(report, desk.ada)
    desk.pass_time(days=3)
    assert len(mailbox.messages) == 1
    assert desk.next_at(report) == datetime(2026, 10, 28, 7, tzinfo=UTC)


def test_its_figures_are_the_engine_s_at_that_moment(desk: Desk, mailbox: Any) -> None:
    report = desk.save(arguments="range=7d&compare=1")
    desk.plan(report)
    desk.tickets(3)
    desk.pass_time(hours=21)
    expected = figures_of(desk, report)
    assert expected["created"].value == 3
    messages = [message for message in mailbox.messages if message["Subject"].startswith("Weekly")]
    assert sorted(message["To"] for message in messages) == ["ada@example.com", "ben@example.com"]
    for message in messages:
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        rows = {row[0]: row for row in attachment(message) if row}
        for name, found in expected.items():
            metric = METRICS[name]
            shown = said(found.value, metric.unit)
            assert f"{metric.title}: {shown}" in text
            assert metric.formula in text
            assert metric.title in html
            assert rows[metric.title][1:4] == [
                "" if found.value is None else str(found.value),
                shown,
                str(found.n),
            ]
        assert f"/admin/reports/volume?range=7d&compare=1&saved={report}" in text
        assert "19 Oct 2026 \N{EN DASH} 25 Oct 2026" in message["Subject"]
        assert "25 Oct 2026, 07:00" in text, "as of, in the workspace's zone"


def html_rows(message: Any) -> list[list[str]]:
    """The rows of a mail's chart, head first, each cell's text."""
    html = message.get_body(("html",)).get_content().partition("<h2")[2]
    rows = re.findall(r"<tr>(.*?)</tr>", html.partition("</table>")[0], re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def test_it_has_its_chart_s_rows_and_where_they_are_as_a_file(desk: Desk, sign_in: Any, mailbox: Any) -> None:
    report = desk.save(arguments="range=7d&compare=1")
    desk.plan(report, desk.ada)
    desk.tickets(3)
    desk.pass_time(hours=21)
    (message,) = [one for one in mailbox.messages if one["Subject"].startswith("Weekly")]
    head, *rows = html_rows(message)
    assert head == ["Day", "Created", "Resolved"]
    assert [row[0] for row in rows] == [f"{day} {19 + place} Oct" for place, day in enumerate(WEEK[:6])] + [
        "Sun 25 Oct, so far"
    ]
    assert [row[1:] for row in rows][-2:] == [["3", "0"], ["0", "0"]]
    text = message.get_body(("plain",)).get_content()
    assert "Created and resolved, by day: " in text
    assert "Sat 24 Oct: Created 3, Resolved 0" in text
    browser = sign_in(desk.ada)
    for name in ("Created", "Resolved"):
        (address,) = re.findall(rf"{name} as CSV: (\S+)", text)
        lines = list(csv.reader(browser.get(address).text.splitlines()))
        assert dict(lines[: lines.index([])])["value"] == {"Created": "3", "Resolved": "0"}[name]


def test_more_rows_than_a_mail_has_room_for_are_the_last_ones(desk: Desk, mailbox: Any) -> None:
    report = desk.save(screen="speed", arguments="range=90d&group=day&time=total")
    desk.plan(report, desk.ada)
    desk.pass_time(days=1)
    (message,) = mailbox.messages
    head, *rows = html_rows(message)
    assert head == ["Day", "Median", "90th percentile"]
    assert len(rows) == MOST_ROWS
    assert rows[-1][0] == "Sun 25 Oct, so far"
    assert "There is more" in message.get_body(("html",)).get_content()
    assert "metric=total_p90" in message.get_body(("plain",)).get_content()


def test_a_team_s_mail_has_a_row_for_each_agent(desk: Desk, mailbox: Any) -> None:
    report = desk.save(screen="team")
    desk.plan(report, desk.ada)
    with desk.inside(), acting_as(actor_of(desk.ada)), transaction():
        made = tickets.create_ticket("Lost", "", "c@example.com")
        tickets.assign_ticket(made.id, desk.ada.id)
        tickets.update_ticket_status(made.id, "resolved")
    desk.pass_time(days=1)
    (message,) = [one for one in mailbox.messages if one["Subject"].startswith("Weekly")]
    assert html_rows(message) == [
        ["Agent", "Assigned", "Resolved", "Replies", "First response"],
        ["Ada", "1", "1", "0", said(None, "seconds")],
    ]


def test_the_mail_loads_nothing_from_anywhere_and_takes_no_orders_from_a_name(
    desk: Desk, mailbox: Any
) -> None:
    report = desk.save('<img src=x> {{link}} =1+1 "quoted"')
    desk.plan(report, desk.ada)
    desk.pass_time(days=1)
    (message,) = mailbox.messages
    html = message.get_body(("html",)).get_content()
    assert "&lt;img src=x&gt; {{link}}" in html
    assert not re.search(r"<(img|link|script|iframe|style|object|form)\b|url\(|@import|src=\"", html)
    addresses = re.findall(r'href="([^"]+)"', html)
    base = desk.app.config["PARLEY"].base_url
    assert addresses
    assert all(address.startswith(base) for address in addresses)
    assert "<table" in html
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_same_time_twice_mails_nobody_twice(desk: Desk, mailbox: Any) -> None:
    report = desk.save()
    desk.plan(report)
    desk.pass_time(days=1)
    assert len(mailbox.messages) == 2
    due_at, _ = desk.planned()
    for _ in range(2):
        with desk.inside(), transaction():
            plans.on_time(report, due_at)
        desk.pass_time(seconds=1)
    with desk.inside(), read_only() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(MailDelivery)) == 2


def test_two_processes_mail_it_once(database: Any, tmp_path: Path) -> None:
    settings = {**database.settings(database.fresh()), "INSTANCE_PATH": str(tmp_path)}
    house = House(settings, tmp_path)
    try:
        ada = house.make.user(role="admin", email="ada@example.com")
        with house.acting(ada), transaction():
            report = save_report(SavedReportForm(name="Weekly", screen="volume")).id
            when = {"every": "day", "hour": 8, "zone": "UTC", "recipients": [ada.id]}
            plans.save_plan(report, ReportPlanForm(**when))
        others = [create_app(settings) for _ in range(3)]

        def fire(app: Any) -> None:
            with app.app_context():
                timers.fire_due()
                run_due()

        with app_clock.moved():
            app_clock.advance(days=1)
            together([lambda app=app: fire(app) for app in others])  # type: ignore[misc]
            fire(house.app)
        with house.acting(ada), read_only() as session:
            columns = (MailDelivery.to_address, MailDelivery.status, MailDelivery.attempts)
            rows = [tuple(row) for row in session.execute(sa.select(*columns))]
            jobs = session.scalar(sa.select(sa.func.count()).where(Job.type == plans.MAIL))
        assert rows == [("ada@example.com", "sent", 1)]
        assert jobs == 1
        for app in others:
            with app.app_context():
                db.engine.dispose()
    finally:
        house.close()


# --- to whom --------------------------------------------------------------------------------------


class TestToWhom:
    def test_who_loses_access_gets_nothing_more(self, desk: Desk, mailbox: Any) -> None:
        report = desk.save()
        desk.plan(report)
        with desk.inside(), transaction():
            deactivate_user(desk.ben.id, actor=actor_of(desk.ada))
        desk.pass_time(days=1)
        assert [message["To"] for message in mailbox.messages] == ["ada@example.com"]
        with desk.inside(), read_only() as session:
            found = plans.outcomes(session.scalars(sa.select(ReportPlan)).one())
        assert [(one.name, one.status) for one in found] == [("Ada", "sent"), ("Ben", "no access")]

    def test_a_role_without_reports_gets_none(self, desk: Desk, mailbox: Any) -> None:
        report = desk.save()
        desk.plan(report)
        with desk.inside(), transaction() as session:
            writer = create_role(RoleIn(name="Writer", permissions=["ticket:note"]), actor=actor_of(desk.ada))
            session.get(User, desk.ben.id).role = writer.key
        desk.pass_time(days=1)
        assert [message["To"] for message in mailbox.messages] == ["ada@example.com"]

    def test_without_its_author_a_personal_one_is_mailed_to_nobody_and_says_so(
        self, desk: Desk, mailbox: Any
    ) -> None:
        report = desk.save(shared=False)
        desk.make.user(role="admin")
        desk.plan(report)
        with desk.inside(), transaction():
            deactivate_user(desk.ada.id)
        desk.pass_time(days=1)
        assert mailbox.messages == []
        assert desk.planned()[1] == "Nobody who may read it is on its list any more"

    def test_a_viewer_mails_it_to_themselves_alone(self, desk: Desk, sign_in: Any) -> None:
        viewer = sign_in(desk.ben)
        made = submit(viewer, HERE, {"name": "Mine", "screen": "sla"}, page="/profile")
        report = urlsplit(made.location).query.split("saved=")[1]
        page = f"{HERE}/{report}/edit"
        assert "ada@example.com" not in viewer.get(page).text
        when = {"every": "week", "weekday": "0", "hour": "8", "zone": "UTC"}
        for person, status in ((desk.ada, 422), (desk.ben, 302)):
            body = {**when, f"recipients.{person.id}": "1"}
            assert submit(viewer, f"{HERE}/{report}/plan", body, page=page).status_code == status

    def test_somebody_of_another_workspace_is_nobody(self, desk: Desk, make: Any, sign_in: Any) -> None:
        stranger = make.user(role="admin", workspace=make.workspace())
        report = desk.save()
        body = {"every": "day", "hour": "8", "zone": "UTC", f"recipients.{stranger.id}": "1"}
        answer = submit(sign_in(desk.ada), f"{HERE}/{report}/plan", body, page=f"{HERE}/{report}/edit")
        assert answer.status_code == 422
        assert "of those in the list" in answer.text


# --- when it goes wrong ---------------------------------------------------------------------------


def test_a_provider_s_failure_shows_on_the_report(
    desk: Desk, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = desk.save()
    desk.plan(report, desk.ada)

    def refuse(*_: Any, **__: Any) -> Any:
        raise Refused("SMTP answered 550")

    monkeypatch.setattr(email, "outbox_send", refuse)
    desk.pass_time(days=1)
    page = sign_in(desk.ada).get(f"{HERE}/{report}/edit").text
    assert "SMTP answered 550" in page
    assert ">Failed<" in page


def test_a_report_that_cannot_be_asked_any_more_says_so_and_is_planned_on(
    desk: Desk, sign_in: Any, mailbox: Any
) -> None:
    report = desk.save()
    desk.plan(report)
    with desk.inside(), transaction() as session:
        session.get(SavedReport, report).arguments = {"range": "century"}
    desk.pass_time(days=1)
    assert mailbox.messages == []
    assert "It could not be asked for" in sign_in(desk.ada).get(HERE).text
    assert desk.next_at(report) == datetime(2026, 10, 26, 7, tzinfo=UTC)


def test_taken_away_it_comes_no_more(desk: Desk, sign_in: Any, mailbox: Any) -> None:
    report = desk.save()
    desk.plan(report)
    page = f"{HERE}/{report}/edit"
    assert submit(sign_in(desk.ada), f"{HERE}/{report}/plan/remove", {}, page=page).status_code == 302
    desk.pass_time(days=2)
    assert mailbox.messages == []
    desk.plan(report)
    assert submit(sign_in(desk.ada), f"{HERE}/{report}/delete", {}, page=page).status_code == 302
    desk.pass_time(days=2)
    assert mailbox.messages == []


# --- off the list ---------------------------------------------------------------------------------


class TestOffTheList:
    def link(self, mailbox: Any) -> str:
        (message,) = [one for one in mailbox.messages if one["To"] == "ben@example.com"]
        return urlsplit(message["List-Unsubscribe"].strip("<>")).path

    def test_looking_takes_nobody_off_and_one_click_does(self, desk: Desk, client: Any, mailbox: Any) -> None:
        report = desk.save()
        desk.plan(report)
        desk.pass_time(days=1)
        link = self.link(mailbox)
        assert "Take me off the list" in client.get(link).text
        desk.pass_time(days=1)
        assert len(mailbox.messages) == 4
        assert client.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        assert "You are off the list" in client.get(link).text
        desk.pass_time(days=1)
        assert [message["To"] for message in mailbox.messages].count("ben@example.com") == 2
        assert [message["To"] for message in mailbox.messages].count("ada@example.com") == 3

    def test_who_is_off_stays_off_when_the_plan_changes_but_may_come_back_themselves(
        self, desk: Desk, client: Any, mailbox: Any
    ) -> None:
        report = desk.save()
        desk.plan(report)
        desk.pass_time(days=1)
        client.post(self.link(mailbox))
        desk.plan(report, hour=9)
        with desk.inside(), read_only() as session:
            found = plans.outcomes(session.scalars(sa.select(ReportPlan)).one())
        assert [one.status for one in found] == ["sent", "unsubscribed"]

    @pytest.mark.parametrize("kind", ["garbled", "somebody else's", "of another purpose"])
    def test_a_link_that_is_not_ours_is_nothing(self, desk: Desk, client: Any, kind: str) -> None:
        ids = (desk.workspace.id, uuid.uuid4(), desk.ben.id)
        with desk.inside():
            token = {
                "garbled": "abc~def",
                "somebody else's": signing.report_token(*ids)[:-2] + "xx",
                "of another purpose": signing.continue_token(*ids),
            }[kind]
        assert client.get(f"/reports/unsubscribe/{token}").status_code == 404
        assert client.post(f"/reports/unsubscribe/{token}").status_code == 404


def test_the_form_shows_its_plan_and_two_who_save_it_are_told(desk: Desk, sign_in: Any) -> None:
    report = desk.save()
    desk.plan(report, every="week", weekday=2, hour=17)
    http = sign_in(desk.ada)
    page, action = f"{HERE}/{report}/edit", f"{HERE}/{report}/plan"
    mine = form_of(http.get(page).text, action)
    assert (mine["every"], mine["weekday"], mine["hour"], mine["zone"]) == (
        "week",
        "2",
        "17",
        "Europe/Berlin",
    )
    assert "Every Wednesday, 17:00 (Europe/Berlin)" in http.get(HERE).text
    assert http.post(action, data={**mine, "hour": "18"}).status_code == 302
    assert http.post(action, data={**mine, "hour": "19"}).status_code == 409


@pytest.mark.parametrize("screen", ["sla", "volume", "speed"])
def test_a_mail_has_the_tiles_of_its_screen(desk: Desk, screen: str) -> None:
    build = {"sla": screens.sla_screen, "volume": screens.volume_screen, "speed": screens.speed_screen}[
        screen
    ]
    with desk.inside(), read_only():
        source = screens.source_of(build, open_report(Scope()))
        assert source is not None
        tiles = build(source)["tiles"]
    assert [tile.metric.name for tile in tiles] == list(TILES[screen])


@pytest.mark.parametrize("screen", list(TILES))
def test_every_screen_can_be_mailed(desk: Desk, mailbox: Any, screen: str) -> None:
    report = desk.save(screen=screen)
    desk.plan(report, desk.ada)
    desk.pass_time(days=1)
    (message,) = mailbox.messages
    text = message.get_body(("plain",)).get_content()
    assert all(METRICS[name].title in text for name in TILES[screen])


@pytest.mark.parametrize(
    "field, fields",
    [
        ("every", {"every": "hour"}),
        ("hour", {"hour": "24"}),
        ("zone", {"zone": "Mars/Base"}),
        ("weekday", {"weekday": "7"}),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    desk: Desk, sign_in: Any, field: str, fields: dict[str, str]
) -> None:
    report = desk.save()
    body = {"every": "day", "hour": "8", "zone": "UTC", f"recipients.{desk.ada.id}": "1", **fields}
    answer = submit(sign_in(desk.ada), f"{HERE}/{report}/plan", body, page=f"{HERE}/{report}/edit")
    assert answer.status_code == 422
    assert re.search(rf'id="f-{field}-error">[^<]', answer.text)


def test_the_workspace_s_own_provider_carries_it(desk: Desk, mailbox: Any) -> None:
    from webapp.schemas.mail_provider import MailProviderSection
    from webapp.services.setting import save_section

    report = desk.save()
    desk.plan(report, desk.ada)
    with smtp_server() as server:
        own = MailProviderSection(
            smtp="own", smtp_host="127.0.0.1", smtp_port=server.controller.port, smtp_tls="off"
        )
        with desk.inside(), transaction():
            save_section(own, actor=actor_of(desk.ada))
        desk.pass_time(days=1)
        assert [envelope.rcpt_tos for envelope in server.envelopes] == [["ada@example.com"]]
    assert mailbox.messages == []
