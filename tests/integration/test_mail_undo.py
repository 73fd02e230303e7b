"""A reply can be taken back before it is mailed; a mail that nobody takes is shown, and goes again."""

import json
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support import node
from webapp.auth import SYSTEM, Actor, acting_as
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Job, MailDelivery, SlaClock, Ticket, Timer
from webapp.schemas.lifecycle import Lifecycle
from webapp.schemas.routing import RoutingSettings
from webapp.services import email, search, setting
from webapp.services.customer import create_customer
from webapp.services.email import delivery
from webapp.services.ticket import create_ticket
from webapp.services.ticket.access import ticket_for
from webapp.services.ticket.comment import CommentDraft, write_comment
from webapp.tasks.sweep import fail_orphaned_mail
from webapp.tasks.worker import run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

APPLY = """
import {applyEvent} from './static/js/agent/thread-state.js';
let text = ''; for await (const piece of process.stdin) text += piece;
const {snapshot, events} = JSON.parse(text);
console.log(JSON.stringify(events.reduce(applyEvent, snapshot)));
"""


class Scene:
    """A ticket that came by form, its agent and a colleague."""

    def __init__(self, app: Any, make: Any, agent: Any) -> None:
        self.app = app
        self.workspace = make.workspace()
        self.mei, self.jonas = (agent(make.user(name=name)) for name in ("Mei", "Jonas"))
        with app.app_context(), use_workspace(self.workspace), transaction():
            customer = create_customer(name="Maria", email="maria@example.com")
            self.ticket_id = str(create_ticket("Jacket", "Too small", customer=customer, channel="form").id)
        assign = {"agent_id": str(self.mei.user.id)}
        assert self.mei.post(f"tickets/{self.ticket_id}/assign", assign).status_code == 200

    def reply(self, content: str = "We swap it.") -> Any:
        answer = self.mei.reply(self.ticket_id, content)
        assert answer.status_code == 201, answer.text
        return answer.json["comment"]

    def ask(self, content: str) -> None:
        """The customer writes again."""
        with self.app.app_context(), use_workspace(self.workspace), transaction() as session:
            ticket = ticket_for(uuid.UUID(self.ticket_id), "ticket:reply", lock=True, actor=SYSTEM)
            actor = Actor("customer", ticket.customer_id, self.workspace.id, "Maria", "customer", door="mail")
            write_comment(ticket, CommentDraft(content), session=session, actor=actor)

    def withdraw(self, comment: Any, desk: Any = None) -> Any:
        return (desk or self.mei).post(f"tickets/{self.ticket_id}/comments/{comment['id']}/withdraw")

    def snapshot(self) -> Any:
        return self.mei.get(f"tickets/{self.ticket_id}").json

    def events_after(self, seq: int) -> Any:
        return self.mei.get(f"tickets/{self.ticket_id}/events", after=seq, limit=100).json["events"]

    def applied(self, before: Any) -> tuple[Any, Any]:
        events = self.events_after(before["ticket"]["seq"])
        return node.evaluate(APPLY, {"snapshot": before, "events": events}), self.snapshot()

    def run(self) -> int:
        with self.app.app_context():
            return run_due()


@pytest.fixture
def scene(app: Any, make: Any, agent: Any, mailbox: Any) -> Scene:
    made = Scene(app, make, agent)
    mailbox.collect()
    mailbox.clear()
    return made


def test_an_undone_reply_is_not_mailed_and_does_not_count(scene: Scene, mailbox: Any, clock: Any) -> None:
    before = scene.snapshot()["ticket"]
    comment = scene.reply()
    assert scene.snapshot()["ticket"]["status"] == "in_progress"
    clock.advance(seconds=9)

    answer = scene.withdraw(comment)

    assert (answer.status_code, answer.json["comment"]["withdrawn"]) == (200, True)
    assert scene.withdraw(comment).status_code == 200, "twice is once"
    clock.advance(minutes=5)
    assert mailbox.collect() == []
    after = scene.snapshot()["ticket"]
    for field in ("status", "waiting_since", "last_comment", "comment_count", "unread"):
        assert after.get(field) == before.get(field), field
    (mail,) = [one for one in after["deliveries"] if one["comment_id"] == comment["id"]]
    assert mail["status"] == "cancelled"


def test_an_undone_reply_leaves_no_trace_in_clocks_timers_and_search(
    scene: Scene, clock: Any, make: Any
) -> None:
    def standing() -> Any:
        with scene.app.app_context(), use_workspace(scene.workspace):
            ticket = db.session.get(Ticket, uuid.UUID(scene.ticket_id))
            mine = sa.select(SlaClock).where(SlaClock.ticket_id == ticket.id)
            clocks = {(row.metric, row.instance, row.state, row.due_at) for row in db.session.scalars(mine)}
            times = sa.select(Timer.kind, Timer.due_at).where(Timer.subject_id == ticket.id)
            timers = {(row.kind, row.due_at) for row in db.session.execute(times)}
            with acting_as(make.actor(scene.mei.user)):
                found = search.search_tickets("xylophone").hits
            answered = (ticket.next_due_at, ticket.next_step_at, ticket.answered_at, ticket.replied_at)
            return clocks, timers, answered, len(found)

    with scene.app.app_context(), use_workspace(scene.workspace), acting_as(SYSTEM), transaction():
        setting.save_section(Lifecycle(auto_resolve=True, auto_resolve_minutes=120, warn_minutes=30))
        setting.save_section(RoutingSettings(is_on=True, watchdog_channels=["form"]))
    scene.reply("First words")
    clock.advance(minutes=1)
    scene.run()
    scene.ask("And?")
    before = standing()
    comment = scene.reply("A xylophone")
    during = standing()
    scene.withdraw(comment)
    assert during != before
    assert standing() == before


def test_once_it_is_out_it_cannot_be_taken_back(scene: Scene, mailbox: Any, clock: Any) -> None:
    comment = scene.reply()
    clock.advance(seconds=10)
    assert len(mailbox.collect()) == 1
    answer = scene.withdraw(comment)
    assert (answer.status_code, answer.json["code"]) == (409, "already_sent")
    assert "We swap it." in json.dumps(scene.snapshot())


def test_while_it_is_being_sent_it_cannot_be_taken_back(scene: Scene, clock: Any) -> None:
    comment = scene.reply()
    clock.advance(seconds=10)
    with scene.app.app_context(), use_workspace(scene.workspace), transaction():
        (waiting,) = delivery.due_deliveries(uuid.UUID(scene.ticket_id))
        assert delivery.claim(waiting) is not None
    assert scene.withdraw(comment).json["code"] == "already_sent"


def test_only_its_author_takes_a_reply_back(scene: Scene) -> None:
    assert scene.withdraw(scene.reply(), scene.jonas).status_code == 403


def test_a_customer_never_reads_what_was_taken_back(scene: Scene) -> None:
    from webapp.models import Comment
    from webapp.schemas.comment import comment_for_customer

    comment = scene.reply("A word too much")
    scene.withdraw(comment)
    with scene.app.app_context(), use_workspace(scene.workspace):
        row = db.session.get(Comment, uuid.UUID(comment["id"]))
        assert "too much" not in json.dumps(comment_for_customer(row))


def test_r06_a_snapshot_with_a_withdrawal_is_a_fresh_snapshot(scene: Scene) -> None:
    comment = scene.reply()
    before = scene.snapshot()
    scene.withdraw(comment)
    applied, fresh = scene.applied(before)
    assert applied["events"] == fresh["events"]
    assert [event["name"] for event in fresh["events"]][-2:] == ["comment.withdrawn", "ticket.status_changed"]
    assert applied["ticket"]["status"] == fresh["ticket"]["status"] == "assigned"


def broken(*_: Any, **__: Any) -> Any:
    raise ConnectionError("down")


def test_r06_both_providers_down_then_failed_shown_and_sent_again_on_retry(
    scene: Scene, mailbox: Any, clock: Any, monkeypatch: Any
) -> None:
    comment = scene.reply()
    before = scene.snapshot()
    socket = scene.mei.connect()
    socket.must("ticket.open", {"ticket_id": scene.ticket_id})
    monkeypatch.setattr("webapp.services.email.sendgrid_send", broken)
    monkeypatch.setattr("webapp.services.email.ses_send", broken)
    for _ in range(delivery.MAX_ATTEMPTS):
        clock.advance(hours=2)
        assert scene.run() == 1

    assert mailbox.messages == [], "what no provider takes does not vanish into a folder"
    applied, fresh = scene.applied(before)
    assert applied["events"] == fresh["events"]
    assert fresh["events"][-1]["name"] == "mail.failed"
    (mail,) = [one for one in fresh["ticket"]["deliveries"] if one["comment_id"] == comment["id"]]
    assert (mail["status"], mail["error"]) == ("failed", "ConnectionError; ConnectionError")
    assert [body["status"] for body in socket.heard("mail.delivery")][-1] == "failed"
    clock.advance(hours=2)
    assert scene.run() == 0, "it is given up"

    monkeypatch.undo()
    assert scene.jonas.post(f"deliveries/{mail['id']}/retry").status_code == 200
    (message,) = mailbox.collect()
    assert "We swap it." in message.as_string()
    assert scene.jonas.post(f"deliveries/{mail['id']}/retry").status_code == 409
    assert [body["status"] for body in socket.heard("mail.delivery")] == ["queued", "sent"]


def test_sendgrid_down_ses_delivers(scene: Scene, clock: Any, monkeypatch: Any) -> None:
    took: list[Any] = []
    monkeypatch.setattr("webapp.services.email.sendgrid_send", broken)
    monkeypatch.setattr("webapp.services.email.ses_send", lambda *args, **_: took.append(args) or "ses-1")
    scene.reply()
    clock.advance(seconds=10)
    scene.run()
    with scene.app.app_context(), use_workspace(scene.workspace):
        row = db.session.scalars(sa.select(MailDelivery).where(MailDelivery.template == "reply")).one()
        assert (row.status, row.provider, row.provider_id) == ("sent", "ses", "ses-1")
    assert [to for to, *_ in took] == ["maria@example.com"]


def test_the_contracts_function_says_who_took_it(app: Any, session: Any, mocker: Any) -> None:
    mocker.patch("webapp.services.email.sendgrid_send", side_effect=Exception("SendGrid is down"))
    ses = mocker.patch("webapp.services.email.ses_send", return_value={"status": "sent"})
    assert email.send_email_with_fallback("a@example.com", "Hello", "Text") == {
        "status": "sent",
        "provider": "ses",
    }
    ses.assert_called_once_with("a@example.com", "Hello", "Text")
    ses.side_effect = Exception("SES is down")
    with pytest.raises(email.MailError):
        email.send_email_with_fallback("a@example.com", "Hello", "Text")


def test_a_bounce_is_a_fact_of_its_ticket(scene: Scene, mailbox: Any, clock: Any) -> None:
    comment = scene.reply()
    clock.advance(seconds=10)
    (message,) = mailbox.collect()
    before = scene.snapshot()
    with scene.app.app_context(), use_workspace(scene.workspace), transaction():
        email.record_bounce("maria@example.com", message_id=message["Message-ID"], detail="no such user")
    applied, fresh = scene.applied(before)
    assert applied["events"] == fresh["events"]
    assert fresh["events"][-1]["name"] == "mail.bounced"
    (mail,) = [one for one in fresh["ticket"]["deliveries"] if one["comment_id"] == comment["id"]]
    assert (mail["status"], mail["error"]) == ("bounced", "no such user")


def test_two_at_once_send_one_mail(scene: Scene, mailbox: Any, clock: Any) -> None:
    from webapp.tasks import email as jobs

    scene.reply()
    clock.advance(seconds=10)
    with scene.app.app_context(), use_workspace(scene.workspace):
        (waiting,) = delivery.due_deliveries(uuid.UUID(scene.ticket_id))
        with transaction():
            assert delivery.claim(waiting) is not None
        assert jobs.process_ticket_notifications(uuid.UUID(scene.ticket_id)) == 0
        with pytest.raises(jobs.NotYet):
            jobs.deliver({"delivery_id": str(waiting)}, waiting)
        clock.advance(seconds=61)  # whoever held it has died
        assert jobs.process_ticket_notifications(uuid.UUID(scene.ticket_id)) == 1
        assert jobs.deliver({"delivery_id": str(waiting)}, waiting) == {"status": "sent"}
        assert db.session.scalar(sa.select(sa.func.count(Job.id)).where(Job.status == "pending")) == 1
    assert len(mailbox.messages) == 1


def test_a_mail_whose_job_died_for_good_is_shown_as_failed_and_can_be_sent_again(
    scene: Scene, mailbox: Any, clock: Any
) -> None:
    comment, other = scene.reply("First"), scene.reply("Second")
    with scene.app.app_context(), transaction() as session:
        waiting = sa.select(Job).where(Job.type == "email.deliver", Job.status == "pending")
        dead = session.scalars(waiting.order_by(Job.id)).first()
        dead.status, dead.finished_at = "failed", clock.now()
    with scene.app.app_context():
        for _ in range(2):
            fail_orphaned_mail()
    mails = {one["comment_id"]: one for one in scene.snapshot()["ticket"]["deliveries"]}
    assert [mails[one["id"]]["status"] for one in (comment, other)] == ["failed", "queued"]
    assert [one["name"] for one in scene.events_after(0)].count("mail.failed") == 1
    assert scene.jonas.post(f"deliveries/{mails[comment['id']]['id']}/retry").status_code == 200
    clock.advance(seconds=10)
    assert len(mailbox.collect()) == 2
