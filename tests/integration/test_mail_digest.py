"""A customer who left the chat gets what they have not seen, and can go on with it; and transcripts."""

import re
from typing import Any

import pytest

from tests.support.browsers import Visitor
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.services import presence
from webapp.services import ticket as tickets
from webapp.tasks.timer import fire_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


class Scene:
    """A chat whose customer has gone, and an agent."""

    def __init__(self, app: Any, make: Any, agent: Any, mailbox: Any) -> None:
        self.app, self.mailbox = app, mailbox
        self.workspace = make.workspace()
        self.mei = agent(make.user(name="Mei"))
        self.inbox = make.inbox(timezone="Europe/Berlin")
        self.maria = Visitor(app, self.inbox, email="maria@example.com")
        self.ticket_id = self.maria.write("Is the compass in stock?")["ticket"]["id"]

    def reply(self, content: str, **fields: Any) -> Any:
        answer = self.mei.reply(self.ticket_id, content, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json

    def mails(self) -> list[Any]:
        with self.app.app_context():
            fire_due()
        return self.mailbox.collect()

    def text(self, message: Any) -> str:
        return message.get_body(("plain",)).get_content()


@pytest.fixture
def scene(app: Any, make: Any, agent: Any, mailbox: Any) -> Scene:
    return Scene(app, make, agent, mailbox)


def test_unseen_replies_come_in_one_mail_after_ten_minutes(scene: Scene, clock: Any) -> None:
    scene.reply("Yes, sixty of them.")
    clock.advance(minutes=5)
    scene.reply("Shall I put four aside?")
    scene.reply("He sounds rich.", kind="note")
    clock.advance(minutes=4, seconds=59)
    assert scene.mails() == []
    clock.advance(seconds=1)

    (message,) = scene.mails()
    text = scene.text(message)
    assert message["To"] == "maria@example.com"
    assert "compass" not in message.as_string(), "an unverified address gets nothing that was typed"
    assert text.index("Yes, sixty") < text.index("Shall I put four aside?")
    assert "rich" not in text
    clock.advance(hours=2)
    assert len(scene.mails()) == 1


def test_what_was_seen_is_not_mailed(scene: Scene, clock: Any) -> None:
    seen = scene.reply("Yes.")["comment"]["public_seq"]
    scene.maria.post("read", {"ticket_id": scene.ticket_id, "seen": seen})
    clock.advance(minutes=30)
    assert scene.mails() == []


def test_who_is_still_here_gets_it_once_they_have_left(scene: Scene, app: Any, clock: Any) -> None:
    socket = scene.maria.connect()
    scene.reply("Yes.")
    clock.advance(minutes=10)
    with app.app_context(), transaction():
        presence.renew()
    assert scene.mails() == []
    socket.client.disconnect("/chat")
    clock.advance(minutes=12)
    assert len(scene.mails()) == 1


def test_two_mails_are_a_quarter_of_an_hour_apart_and_hold_ten_messages(scene: Scene, clock: Any) -> None:
    for number in range(12):
        scene.reply(f"Part {number:02}")
    clock.advance(minutes=10)
    (message,) = scene.mails()
    assert "Part 09" in scene.text(message)
    assert "Part 10" not in scene.text(message)
    assert "+ 2" in scene.text(message)
    scene.reply("One more")
    clock.advance(minutes=14)
    assert len(scene.mails()) == 1
    clock.advance(minutes=1)
    assert "One more" in scene.text(scene.mails()[-1])
    assert len(scene.mailbox.messages) == 2


def test_the_link_goes_on_with_the_chat_in_another_browser(scene: Scene, app: Any, clock: Any) -> None:
    scene.reply("Yes.")
    assert scene.maria.post("end", {"ticket_id": scene.ticket_id}).status_code == 200
    clock.advance(minutes=10)
    (message,) = scene.mails()
    token = re.search(rf"/chat/{scene.inbox.key}#continue=(\S+)", scene.text(message))[1]

    other = Visitor(app, scene.inbox)
    answer = other.http.post("/api/v1/chat/continue", json={"token": token})
    assert answer.status_code == 201
    other.token = answer.json["token"]
    assert other.get("state").json["ticket"]["id"] == scene.ticket_id
    assert other.write("Great!", ticket_id=scene.ticket_id)["ticket"]["id"] == scene.ticket_id
    for wrong in (token[:-9] + ("a" if token[-9] != "a" else "b") + token[-8:], "x", ""):
        assert other.http.post("/api/v1/chat/continue", json={"token": wrong}).status_code == 404
    clock.advance(days=8)
    assert other.http.post("/api/v1/chat/continue", json={"token": token}).status_code == 404


def test_a_customer_has_their_transcript_without_notes_once_somebody_answered(
    scene: Scene, clock: Any
) -> None:
    ask = lambda: scene.maria.post("transcript", {"ticket_id": scene.ticket_id})  # noqa: E731
    assert ask().status_code == 409, "nobody has looked at this unverified address yet"
    scene.reply("Yes.")
    scene.reply("They never complain", kind="note")
    assert ask().status_code == 204
    (message,) = scene.mailbox.collect()
    assert message["To"] == "maria@example.com"
    text = scene.text(message)
    assert "Is the compass in stock?" in text
    assert "Times are in Europe/Berlin" in text
    assert "complain" not in message.as_string()
    assert ask().status_code == 429
    clock.advance(hours=24)
    assert ask().status_code == 204


def test_staff_save_a_transcript_as_text_and_html(scene: Scene) -> None:
    scene.reply("<script>alert(1)</script>")
    scene.reply("They never complain", kind="note")
    path = f"tickets/{scene.ticket_id}/transcript"
    text, page = scene.mei.get(path), scene.mei.get(path, format="html")
    assert text.headers["Content-Disposition"].startswith("attachment;")
    assert "<script>alert(1)</script>" in text.text
    assert "&lt;script&gt;" in page.text
    assert "<script>" not in page.text
    assert "complain" not in text.text + page.text
    assert scene.mei.get(path, format="pdf").status_code == 422


def test_a_reply_that_was_taken_back_is_in_no_transcript(app: Any, make: Any, session: Any) -> None:
    from webapp.services.email.transcript import transcript_file

    with use_workspace(make.workspace()):
        mei = make.actor(make.user(name="Mei"))
        with transaction():
            ticket_id = tickets.create_ticket("Jacket", "Too small", "maria@example.com").id
        with acting_as(mei):
            with transaction():
                comment_id = tickets.add_comment(ticket_id, "A word too much").id
            with transaction():
                tickets.withdraw_comment(ticket_id, comment_id)
        ticket = tickets.ticket_for(ticket_id, "ticket:read")
        assert "too much" not in transcript_file(ticket, "txt")
