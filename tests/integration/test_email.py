"""Mail: queued with the change that wants it, and handed over once."""

import pytest
import sqlalchemy as sa

from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Job
from webapp.services import email
from webapp.tasks.email import send

pytestmark = pytest.mark.integration


def test_leaves_with_the_commit_and_not_without(app, session, mailbox):
    with pytest.raises(RuntimeError), transaction():
        email.send_email("maria@example.com", "plain", {"subject_line": "Lost", "body": "…"})
        raise RuntimeError
    with transaction():
        email.send_email(
            "maria@example.com", "plain", {"subject_line": "Kept", "body": "Line <one>\nLine two"}
        )

    (message,) = mailbox.collect()
    assert (message["To"], message["Subject"]) == ("maria@example.com", "Kept")
    assert message["From"] == "Parley <no-reply@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_body(("plain",)).get_content().splitlines() == ["Line <one>", "Line two"]
    assert "Line &lt;one&gt;" in message.get_body(("html",)).get_content()


def test_the_same_job_again_sends_the_same_mail(app, session, mailbox):
    with transaction():
        queued = email.EmailService().send_email("maria@example.com", "Hello", "Once")
        params, job_id = queued.params, queued.id
    mailbox.collect()

    send(params, job_id)

    assert [message["Subject"] for message in mailbox.messages] == ["Hello"]


def test_a_subject_is_one_line(app, session, mailbox):
    email.send_email_with_fallback("maria@example.com", "Hello\r\nBcc: everybody@example.com", "…")

    (message,) = mailbox.messages
    assert message["Subject"] == "Hello Bcc: everybody@example.com"
    assert message["Bcc"] is None


def test_nothing_is_sent_inside_a_transaction(app, session, mailbox):
    with transaction(), pytest.raises(RuntimeError, match="network"):
        email.send_email_with_fallback("maria@example.com", "Hello", "…")

    assert mailbox.messages == []


def test_an_invitation_of_somebody_who_is_gone_sends_nothing(app, make, mailbox, clock):
    from webapp.services.job import enqueue

    gone = make.user(deactivated_at=clock.now())
    with app.app_context(), transaction():
        enqueue("account.invite", {"user_id": str(gone.id)})

    assert mailbox.collect() == []
    with app.app_context():
        assert db.session.scalar(sa.select(Job.status)) == "completed"
