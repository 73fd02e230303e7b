"""F-02: a worker killed in the middle of each kind of job; the next does it again, with one effect.

Exports are in test_background.py, a ticket's mails in test_mail_providers.py.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from tests.factories import Factory
from tests.support.mail_servers import smtp_server
from tests.support.process import wait_until
from tests.support.push_service import PushService, Subscriber
from tests.support.server import Server
from webapp import create_app, migration
from webapp.auth import SYSTEM, acting_as
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import AccountToken, Event, Job, Tag, Ticket, Timer
from webapp.schemas.lifecycle import Lifecycle
from webapp.schemas.notification import PushSubscriptionIn
from webapp.schemas.sla import PolicyIn
from webapp.services import account_token, email, sla, user, webhooks
from webapp.services import tag as tags
from webapp.services import ticket as tickets
from webapp.services.audit import verifying as audit_log
from webapp.services.notification import push
from webapp.services.sla import recalculation, replay
from webapp.services.ticket import transitions
from webapp.tenancy import use_workspace

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.parametrize("database", ["postgresql"], indirect=True),
]

TICKETS = 30
DAILY = audit_log.JOB
"""What a worker does unasked."""
PRIORITIES = ("low", "medium", "high", "critical")
TIERS = ("free", "basic", "premium", "enterprise")


class Desk:
    """A workspace whose work only workers of their own do: `kill_in_the_middle()`, then `finish()`."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.app = create_app(environment)
        make = Factory(self.app)
        self.workspace = make.workspace()
        self.boss = make.user(role="admin", email="boss@harbour.example")
        self.ana = make.user(role="agent", email="ana@harbour.example")
        self.make, self.actor = make, make.actor(self.boss)
        self.owner = migration.owner_engine(environment["DATABASE_URL"])

    @contextmanager
    def worker(self) -> Iterator[Server]:
        server = Server(self.environment, ["worker", "--concurrency", "8"])
        try:
            yield server.start(wait=False)
        finally:
            server.kill()
            server.close()

    def kill_in_the_middle(self, is_there: Callable[[], Any]) -> None:
        """Starts a worker and kills it once all of its jobs have come so far."""
        with self.worker() as worker:
            try:
                wait_until(is_there, "the first try")
            except TimeoutError as error:
                raise AssertionError(f"{error}: {self.jobs()}\n{worker.log}") from None
        assert {status for _, status, _ in self.jobs()} == {"running"}

    def finish(self) -> None:
        """The next worker does everything again."""
        with self.worker() as worker:
            try:
                wait_until(lambda: {row[1] for row in self.jobs()} == {"completed"}, "the second try")
            except TimeoutError as error:
                raise AssertionError(f"{error}: {self.jobs()}\n{worker.log}") from None
        tries = {kind: attempts for kind, _, attempts in self.jobs()}
        # A mail is leased a moment after its job, and so may be looked at once more before it is free.
        assert tries.pop("email.deliver", 2) in (2, 3)
        assert set(tries.values()) <= {2}

    def jobs(self) -> list[Any]:
        db.session.rollback()
        query = sa.select(Job.type, Job.status, Job.attempts).where(Job.type != DAILY)
        return [tuple(row) for row in db.session.execute(query)]

    def waiting(self) -> int:
        """How many connections wait for a lock."""
        with self.owner.connect() as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            return int(connection.scalar(sa.text(query)) or 0)


@pytest.fixture
def more() -> dict[str, str]:
    """Settings of the desk beside the usual."""
    return {}


@pytest.fixture
def desk(database: Any, tmp_path: Path, more: dict[str, str]) -> Iterator[Desk]:
    settings = {"JOB_LEASE_SECONDS": "2", "INSTANCE_PATH": str(tmp_path), "JOBS_IN_WEB": "0"}
    made = Desk({**database.settings(database.fresh()), **settings, **more})
    with made.app.app_context(), use_workspace(made.workspace.id), acting_as(made.actor):
        try:
            yield made
        finally:
            db.session.remove()
            db.engine.dispose()
            made.owner.dispose()


def promise(hours: int) -> PolicyIn:
    seconds = {priority: dict.fromkeys(TIERS, hours * 3600) for priority in PRIORITIES}
    target = {"metric": "first_response", "clock": "calendar", "seconds": seconds}
    return PolicyIn.model_validate({"name": f"Within {hours} h", "targets": [target]})


def opened(number: int) -> Any:
    """A ticket whose clock runs."""
    with transaction():
        return tickets.create_ticket(f"Scanner {number}", "", f"c{number}@example.com", actor=SYSTEM)


def answered(number: int) -> Any:
    """A ticket with a tag, which waits for its customer."""
    ticket = opened(number)
    with transaction():
        tickets.add_tag(ticket.id, "old")
        tickets.update_ticket(ticket.id, status="pending")
        return ticket.id


def told(name: str) -> Counter[Any]:
    """How often each ticket's history says it."""
    return Counter(db.session.scalars(sa.select(Event.ticket_id).where(Event.name == name)))


def test_f02_work_on_many_tickets_is_taken_up_again_and_done_once(desk: Desk) -> None:
    with transaction():
        policy_id = sla.create_policy(promise(8)).id
    waiting = [opened(number).id for number in range(TICKETS)]
    ids = [answered(number) for number in range(TICKETS)]
    tagged = told("ticket.tagged")
    with transaction():
        forget_jobs()
        tags.update_tag(db.session.scalars(sa.select(Tag.id)).one(), name="new")
        transitions.save_rules(Lifecycle(close_after_days=3))
        sla.update_policy(policy_id, promise(4))
        recalculation.request_recalculation()
    before = {row.subject_id: row.due_at for row in db.session.scalars(sa.select(Timer)) if is_step(row)}
    with desk.owner.begin() as held:
        held.execute(sa.text("SELECT id FROM tickets WHERE id = :id FOR UPDATE"), {"id": ids[-1]})
        db.session.rollback()
        desk.kill_in_the_middle(lambda: desk.waiting() >= 3)
    desk.finish()
    assert Counter(tuple(names) for names in db.session.scalars(sa.select(Ticket.tags))) == {
        (): TICKETS,
        ("new",): TICKETS,
    }
    assert told("ticket.tagged") - tagged == Counter(dict.fromkeys(ids, 1))
    recalculated = told("sla.recalculated")
    assert [recalculated[ticket_id] for ticket_id in waiting] == [1] * TICKETS
    after = {row.subject_id: row.due_at for row in db.session.scalars(sa.select(Timer)) if is_step(row)}
    assert set(after) == set(before) == set(ids)
    assert {(before[key] - after[key]).days for key in ids} == {4}


def forget_jobs() -> None:
    """What making the scene asked for is not what is killed."""
    gone = sa.delete(Job).where(sa.true())
    db.session.execute(gone.execution_options(synchronize_session=False))


def is_step(row: Any) -> bool:
    return bool(row.kind == transitions.NEXT_STEP)


def test_f02_a_replay_is_taken_up_again(desk: Desk) -> None:
    answered(1)
    with transaction():
        forget_jobs()
        job_id = replay.request_replay(promise(4), 7).id
    with desk.owner.begin() as held:
        held.execute(sa.text("LOCK TABLE sla_policies IN ACCESS EXCLUSIVE MODE"))
        db.session.rollback()
        desk.kill_in_the_middle(lambda: desk.waiting() >= 1)
    desk.finish()
    result = db.session.get(Job, job_id).result
    assert result["tickets"] == 1, result


@pytest.fixture
def posts() -> Iterator[Any]:
    """A mail server, a push service and a webhook's endpoint."""
    with smtp_server() as mails, PushService() as pushes, PushService() as hooks:
        yield mails, pushes, hooks


class TestWhatLeaves:
    """Mails, pushes, webhooks: again with the same id, by which whoever gets both knows they are one."""

    @pytest.fixture
    def more(self, posts: Any) -> dict[str, str]:
        mails, *_ = posts
        return {
            "SMTP_URL": mails.url,
            "MAIL_FROM": "support@harbour.example",
            "MAIL_TIMEOUT_SECONDS": "30",
        }

    def test_f02_what_leaves_the_house_has_one_id_however_often_it_is_sent(
        self, desk: Desk, posts: Any
    ) -> None:
        mails, pushes, hooks = posts
        mails.slow = pushes.slow = hooks.slow = 6
        browser = Subscriber(f"{pushes.url}/push/ana")
        with acting_as(desk.make.actor(desk.ana)), transaction():
            push.subscribe(PushSubscriptionIn.model_validate(browser.subscription), browser="Firefox")
        made = opened(1)
        with transaction():
            _, secret = webhooks.create_webhook(hooks.url, events=["ticket.assigned"])
        with transaction():
            forget_jobs()
            tickets.assign_ticket(made.id, desk.ana.id)
            account_token.request_reset("boss@harbour.example")
            user.create_user("nina@harbour.example", "Nina", "agent")
            email.send_email("ana@harbour.example", "notification", LETTER, key="notification:1")
        wanted = len(desk.jobs()) - 2
        assert {kind for kind, _, _ in desk.jobs()} == {
            "account.reset",
            "account.invite",
            "email.deliver",
            "notification.push",
            "webhook.first",
        }
        desk.kill_in_the_middle(lambda: len(mails.envelopes) == wanted and pushes.requests and hooks.requests)
        mails.slow = pushes.slow = hooks.slow = 0
        desk.finish()
        times = Counter(message_from_bytes(one.content)["Message-ID"] for one in mails.envelopes)
        assert (len(times), set(times.values())) == (wanted, {2})
        first, second = (browser.read(body) for _, body in pushes.requests)
        assert first == second
        verified = Webhook(secret).verify
        told = [(verified(body, headers), headers["webhook-id"]) for headers, body in hooks.requests]
        assert len(told) == 2
        assert told[0] == told[1]
        valid = sa.select(sa.func.count()).where(AccountToken.used_at.is_(None))
        assert db.session.scalar(valid.group_by(AccountToken.user_id).order_by(sa.func.count().desc())) == 1


LETTER = {"notification": {"title": "Scanner", "body": "It is yours"}, "link": "http://localhost/agent"}
