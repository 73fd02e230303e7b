"""The Health page: what it counts, whose, and who sees what."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from webapp import clock
from webapp.auth import SYSTEM, Actor
from webapp.database import transaction
from webapp.errors import Forbidden
from webapp.extensions import db
from webapp.models import (
    Job,
    MailDelivery,
    MailSuppression,
    Schedule,
    Timer,
    WebhookDelivery,
    WebhookSubscription,
)
from webapp.pages.report_health import size
from webapp.services import health
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

PAGE = "/admin/reports/health"
VIEWER = Actor(kind="user", id=None, workspace_id=None, name="Vi", role="viewer")


def job(workspace: Any, status: str, kind: str = "email.deliver", **more: Any) -> Job:
    run_at = clock.now() - timedelta(seconds=more.pop("since", 0))
    ended = (
        {"finished_at": clock.now() - timedelta(minutes=more.pop("ended", 5))}
        if status == "completed"
        else {}
    )
    return Job(workspace_id=workspace.id, type=kind, status=status, run_at=run_at, **ended, **more)


def mail(status: str, provider: str | None = None, seconds: float | None = None, **more: Any) -> MailDelivery:
    at = clock.now() - timedelta(hours=more.pop("hours", 1))
    sent_at = at + timedelta(seconds=seconds) if seconds is not None else None
    return MailDelivery(
        template="plain",
        language="en",
        to_address=f"{uuid.uuid4().hex}@example.com",
        status=status,
        provider=provider,
        send_at=at,
        sent_at=sent_at,
        **more,
    )


@pytest.fixture
def here(make: Any, session: Any) -> Any:
    """A workspace that we are in."""
    workspace = make.workspace()
    with use_workspace(workspace):
        yield workspace


def hook(**fields: Any) -> WebhookSubscription:
    return WebhookSubscription(
        id=uuid.uuid4(), url="https://hooks.example.com/", events=["ticket.created"], **fields
    )


def message(to: WebhookSubscription, status: str, milliseconds: int | None = None, **more: Any) -> Any:
    made = clock.now() - timedelta(hours=more.pop("hours", 1))
    wait = more.pop("due_in", None)
    return WebhookDelivery(
        subscription_id=to.id,
        event="ticket.created",
        status=status,
        milliseconds=milliseconds,
        created_at=made,
        next_attempt_at=clock.now() + timedelta(seconds=wait) if wait is not None else None,
    )


def add(*rows: Any) -> None:
    with transaction() as session:
        session.add_all(rows)


class TestJobs:
    def test_each_state_is_counted_by_type(self, here: Any, make: Any) -> None:
        add(
            job(here, "pending", since=90),
            job(here, "pending", since=10),
            job(here, "pending", since=-60),
            job(here, "running"),
            job(here, "failed", "export.tickets"),
            job(here, "cancelled", "export.tickets"),
            job(here, "completed", ended=30),
            job(here, "completed", ended=90),
            job(here, "completed", ended=25 * 60),
        )
        found = health.job_health()
        assert [
            (kind.type, kind.waiting, kind.later, kind.running, kind.failed, kind.done)
            for kind in found.kinds
        ] == [
            ("email.deliver", 2, 1, 1, 0, 2),
            ("export.tickets", 0, 0, 0, 1, 0),
        ]
        assert found.oldest_waiting is not None
        assert round((clock.now() - found.oldest_waiting).total_seconds()) == 90
        assert [count for _, count in found.done_by_hour][-3:] == [0, 1, 1]
        assert len(found.done_by_hour) == 24
        assert sum(count for _, count in found.done_by_hour) == found.total("done")

    def test_another_workspace_s_jobs_are_not_counted(self, here: Any, make: Any) -> None:
        add(job(make.workspace(), "failed"))
        assert health.job_health().kinds == []

    def test_an_empty_queue_has_no_oldest(self, here: Any) -> None:
        assert health.job_health().oldest_waiting is None


class TestMail:
    def figures(self) -> health.MailHealth:
        now = clock.now()
        return health.mail_health(now - timedelta(days=1), now)

    def test_what_each_provider_took_gave_back_and_passed_over(self, here: Any) -> None:
        add(
            mail("sent", "sendgrid", 1),
            mail("sent", "sendgrid", 2),
            mail("bounced", "sendgrid", 3),
            mail("sent", "ses", 9, passed_over="sendgrid"),
            mail("sent", "smtp", 20, passed_over="sendgrid,ses"),
            mail("failed"),
            mail("suppressed"),
            mail("queued", hours=3),
            mail("sent", "ses", 1, hours=30),
            MailSuppression(address="a@example.com", reason="bounce", created_at=clock.now()),
        )
        found = self.figures()
        assert [(one.name, one.sent, one.bounced, one.passed_over) for one in found.carriers] == [
            ("sendgrid", 3, 1, 2),
            ("ses", 1, 0, 1),
            ("smtp", 1, 0, 0),
        ]
        assert (found.failed, found.suppressed, found.queued, found.passed_over) == (1, 1, 1, 2)
        assert found.stopped_addresses == 1
        assert found.oldest_queued is not None

    @pytest.mark.parametrize(
        "seconds, median", [([], None), ([7], 7), ([1, 9], 1), ([9, 1, 4], 4), ([5, 1, 2, 3], 2)]
    )
    def test_the_median_is_by_nearest_rank(self, here: Any, seconds: list[float], median: int | None) -> None:
        add(*(mail("sent", "ses", one) for one in seconds))
        assert self.figures().median_seconds == median


class TestWebhooks:
    def figures(self) -> health.WebhookHealth:
        now = clock.now()
        return health.webhook_health(now - timedelta(days=1), now)

    def test_none_is_set_up(self, here: Any) -> None:
        assert self.figures() == health.WebhookHealth(0, 0, 0, 0, 0, 0, None, None)

    def test_endpoints_are_counted_as_they_are_and_messages_by_what_became_of_them(
        self, here: Any, make: Any
    ) -> None:
        now, well = clock.now(), hook()
        add(
            well,
            hook(failing_since=now),
            hook(active=False),
            hook(active=False, failing_since=now, disabled_reason="Gone", disabled_at=now),
        )
        add(
            message(well, "delivered", 40),
            message(well, "delivered", 10),
            message(well, "delivered", 900),
            message(well, "delivered", 5, hours=30),
            message(well, "failed", 7),
            message(well, "waiting", due_in=600),
            message(well, "waiting", due_in=-180),
            message(well, "waiting", due_in=-90),
        )
        with use_workspace(make.workspace()):
            other = hook(failing_since=now)
            add(other)
            add(message(other, "failed"), message(other, "waiting", due_in=-900))
        found = self.figures()
        assert (found.endpoints, found.failing, found.turned_off) == (4, 1, 1)
        assert (found.delivered, found.failed, found.waiting) == (3, 1, 3)
        assert found.median_ms == 40
        assert found.oldest_due is not None
        assert round((clock.now() - found.oldest_due).total_seconds()) == 180

    @pytest.mark.parametrize("times, median", [([7], 7), ([1, 9], 1), ([9, 1, 4], 4), ([5, 1, 2, 3], 2)])
    def test_the_median_is_by_nearest_rank(self, here: Any, times: list[int], median: int) -> None:
        well = hook()
        add(well)
        add(*(message(well, "delivered", one) for one in times))
        assert self.figures().median_ms == median

    def test_what_waits_a_moment_or_for_its_time_or_for_an_endpoint_that_is_off_is_not_late(
        self, here: Any
    ) -> None:
        now = clock.now()
        with clock.moved(frozen_at=now):
            well, off = hook(), hook(active=False)
            resting = hook(failing_since=now, resting_until=now + timedelta(minutes=1))
            add(well, off, resting)
            add(
                message(well, "waiting", due_in=-4),
                message(well, "waiting", due_in=5),
                message(off, "waiting", due_in=-900),
                message(resting, "waiting", due_in=-900),
            )
            assert self.figures().oldest_due is None
            add(message(well, "waiting", due_in=-6))
            assert self.figures().oldest_due == now - timedelta(seconds=6)

    def test_who_may_read_no_report_reads_none_of_it(self, here: Any) -> None:
        nobody = Actor(**{**SYSTEM.__dict__, "role": "customer"})
        with pytest.raises(Forbidden):
            health.webhook_health(clock.now(), clock.now(), actor=nobody)


class TestTheRest:
    def test_a_timer_that_should_have_fired_is_behind(self, here: Any) -> None:
        now = clock.now()
        due = {"late": now - timedelta(minutes=2), "now": now, "later": now + timedelta(hours=1)}
        add(
            *(
                Timer(
                    workspace_id=here.id,
                    kind=kind,
                    subject_id=uuid.uuid4(),
                    due_at=at,
                    fire_at=at,
                    attempts=int(kind == "late"),
                )
                for kind, at in due.items()
            )
        )
        found = health.timer_health()
        assert (found.waiting, found.behind, found.failing) == (3, 1, 1)
        assert found.oldest_due is not None
        assert round((now - found.oldest_due).total_seconds()) == 120

    def test_the_installation_names_its_database_and_what_is_late(self, here: Any, database: Any) -> None:
        now = clock.now()
        add(
            Schedule(name="in_time", next_at=now + timedelta(hours=1)),
            Schedule(name="too_late", next_at=now - timedelta(hours=1)),
        )
        found = health.installation_health()
        assert found.database.startswith({"sqlite": "SQLite 3", "postgresql": "PostgreSQL 1"}[database.kind])
        assert found.database_bytes > 100_000
        assert "too_late" in found.late
        assert "in_time" not in found.late
        assert found.versions["Schema"] >= "0017"

    def test_a_viewer_sees_the_workspace_s_health_but_not_the_installation_s(self, here: Any) -> None:
        health.job_health(actor=VIEWER)
        with pytest.raises(Forbidden):
            health.installation_health(actor=VIEWER)
        with pytest.raises(Forbidden):
            health.job_health(actor=Actor(**{**SYSTEM.__dict__, "role": "customer"}))

    @pytest.mark.parametrize(
        "count, text", [(0, "0 B"), (999, "999 B"), (1570000, "1.57 MB"), (2e12, "2 TB")]
    )
    def test_sizes_are_for_people(self, count: float, text: str) -> None:
        assert size(count) == text


class TestThePage:
    def test_it_shows_all_of_it(self, make: Any, agent: Any, app: Any) -> None:
        admin = agent(make.user(role="admin"))
        with app.app_context(), use_workspace(admin.user.workspace_id):
            add(
                mail("sent", "smtp", 9, passed_over="ses"),
                Schedule(name="forget_exports", next_at=clock.now()),
            )
            db.session.remove()
        page = admin.http.get(PAGE).text
        assert "SMTP server" in page
        assert "Amazon SES" in page
        assert "9 s" in page
        assert "Forget exports" in page
        assert "level" in page

    def test_it_says_how_the_webhooks_do(self, make: Any, agent: Any, app: Any) -> None:
        admin, viewer = agent(make.user(role="admin")), agent(make.user(role="viewer"))
        assert "None is set up" in admin.http.get(PAGE).text
        with app.app_context(), use_workspace(admin.user.workspace_id):
            dead = hook(failing_since=clock.now())
            add(dead)
            add(message(dead, "delivered", 1234), message(dead, "waiting", due_in=-300))
            db.session.remove()
        page = admin.http.get(PAGE).text
        for said in ("1 failing, 0 turned off", "1,234 ms", "the oldest is late by 5 min", "All webhooks"):
            assert said in page, said
        assert "All webhooks" not in viewer.http.get(PAGE).text

    def test_a_viewer_s_page_has_no_installation(self, make: Any, agent: Any) -> None:
        page = agent(make.user(role="viewer")).http.get(PAGE)
        assert page.status_code == 200
        assert "Installation" not in page.text
        assert "/settings/" not in page.text.split("<main")[1]

    def test_a_wrong_range_is_said_so(self, make: Any, agent: Any) -> None:
        assert agent(make.user(role="viewer")).http.get(f"{PAGE}?range=forever").status_code == 422
