"""The web form: what it asks, takes, keeps and refuses."""

import io
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.world import png
from webapp.extensions import db
from webapp.models import Attachment, Comment, Customer, Inbox, Ticket
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

QUESTIONS = [
    {"name": "order", "label": "Order number", "type": "text", "required": True},
    {
        "name": "shop",
        "label": "Which shop?",
        "type": "select",
        "required": False,
        "options": ["Kiel", "Lübeck"],
    },
    {"name": "gift", "label": "A gift?", "type": "checkbox", "required": False},
]
TYPED = {
    "name": "Maria Silva",
    "email": "Maria@Example.com",
    "subject": "Where is it?",
    "message": "It has not come.",
    "answers.order": "A-17",
    "answers.shop": "Kiel",
    "answers.gift": "1",
    "client_id": "0192f0c1-2345-7abc-8def-0123456789ab",
}


@pytest.fixture
def inbox(make: Any) -> Inbox:
    return make.inbox(
        channel="form",
        name="Contact us",
        greeting="Tell us more.",
        prechat=QUESTIONS,
        allowed_sites=["https://shop.example.com"],
        form={"subject": "required", "files": True, "thanks": "Merci!"},
    )


@pytest.fixture
def stored(app: Any, inbox: Inbox) -> Any:
    def rows(model: Any) -> list[Any]:
        with app.app_context(), use_workspace(inbox.workspace_id):
            found = list(db.session.scalars(sa.select(model).order_by(model.id)))
            for row in found:
                db.session.expunge(row)
            return found

    return rows


def test_the_page_asks_what_the_inbox_says_and_may_be_framed_by_its_sites_alone(
    client: Any, inbox: Inbox
) -> None:
    answer = client.get(f"/form/{inbox.key}")
    assert answer.status_code == 200
    for text in ("Contact us", "Tell us more.", "Order number", "Lübeck", 'type="file"'):
        assert text in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://shop.example.com" in policy


def test_a_message_becomes_a_ticket_of_an_unproved_customer(client: Any, inbox: Inbox, stored: Any) -> None:
    answer = client.post(f"/form/{inbox.key}", data=TYPED)
    assert answer.status_code == 200
    assert "Merci!" in answer.text
    (made,), (customer,), (comment,) = stored(Ticket), stored(Customer), stored(Comment)
    assert f"#{made.number}" in answer.text
    assert (made.title, made.channel, made.inbox_id, made.status) == (
        "Where is it?",
        "form",
        inbox.id,
        "open",
    )
    assert (customer.email, customer.claimed_email, customer.name) == (
        None,
        "maria@example.com",
        "Maria Silva",
    )
    assert made.metadata_ == {"form": {"Order number": "A-17", "Which shop?": "Kiel", "A gift?": True}}
    assert comment.content == "It has not come.\n\nOrder number: A-17\nWhich shop? Kiel\nA gift? yes"
    assert made.waiting_since is not None


def test_sending_twice_makes_one_ticket_and_the_same_sender_stays_one_customer(
    client: Any, inbox: Inbox, stored: Any
) -> None:
    numbers = {client.post(f"/form/{inbox.key}", data=TYPED).text for _ in range(2)}
    assert len(numbers) == 1
    client.post(f"/form/{inbox.key}", data={**TYPED, "client_id": "", "subject": "Again"})
    assert len(stored(Ticket)) == 2
    assert len(stored(Customer)) == 1


def test_who_is_known_is_not_touched_by_whoever_types_their_address(
    client: Any, inbox: Inbox, stored: Any, make: Any
) -> None:
    known = make.customer(email="maria@example.com", name="Real Maria")
    chatting = make.customer(claimed_email="other@example.com", external_id="u9")
    client.post(f"/form/{inbox.key}", data=TYPED)
    client.post(f"/form/{inbox.key}", data={**TYPED, "client_id": "", "email": "other@example.com"})
    assert {row.customer_id for row in stored(Ticket)}.isdisjoint({known.id, chatting.id})


@pytest.mark.parametrize(
    "changed,says",
    [
        ({"email": "nonsense"}, "This is not an e-mail address"),
        ({"email": ""}, "Please fill this in"),
        ({"subject": " "}, "Please fill this in"),
        ({"message": ""}, "Please fill this in"),
        ({"answers.order": ""}, "Please fill this in"),
        ({"answers.shop": "Mars"}, "Please choose one of the list"),
        ({"message": "x" * 6000}, "This is too long"),
    ],
)
def test_bad_input_is_named_and_everything_typed_stays(
    client: Any, inbox: Inbox, stored: Any, changed: dict[str, str], says: str
) -> None:
    answer = client.post(f"/form/{inbox.key}", data={**TYPED, **changed})
    assert answer.status_code == 422
    assert says in answer.text
    kept = {**TYPED, **changed}
    assert all(kept[name] in answer.text for name in ("name", "answers.order", "client_id") if kept[name])
    assert "checked" in answer.text
    assert stored(Ticket) == []


def test_what_is_typed_comes_back_as_text(client: Any, inbox: Inbox) -> None:
    evil = {**TYPED, "email": "no", "name": '"><script>alert(1)</script>', "message": "</textarea><b>"}
    answer = client.post(f"/form/{inbox.key}", data=evil)
    assert "<script>alert" not in answer.text
    assert "</textarea><b>" not in answer.text


def test_files_come_along_and_bad_ones_are_refused(client: Any, inbox: Inbox, stored: Any) -> None:
    def sent(name: str, data: bytes, count: int = 1) -> Any:
        files = [(io.BytesIO(data), name) for _ in range(count)]
        return client.post(f"/form/{inbox.key}", data={**TYPED, "files": files})

    assert "what .pdf says" in sent("a.pdf", b"MZ\x90").text
    assert sent("a.png", png(), count=6).status_code == 422
    assert stored(Attachment) == []
    assert sent("a.png", png()).status_code == 200
    (row,), (comment,) = stored(Attachment), stored(Comment)
    assert row.comment_id == comment.id


def test_a_program_that_fills_everything_in_is_thanked_and_forgotten(
    client: Any, inbox: Inbox, stored: Any
) -> None:
    answer = client.post(f"/form/{inbox.key}", data={**TYPED, "website": "https://spam.example"})
    assert answer.status_code == 200
    assert "Merci!" in answer.text
    assert stored(Ticket) == []


def test_s52_one_address_cannot_be_flooded(client: Any, inbox: Inbox, stored: Any) -> None:
    answers = [client.post(f"/form/{inbox.key}", data={**TYPED, "client_id": ""}) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert answers[-1].headers["Retry-After"]
    assert "Maria Silva" in answers[-1].text
    assert len(stored(Ticket)) == 5


def test_who_is_blocked_is_refused(client: Any, inbox: Inbox, stored: Any, agent: Any, make: Any) -> None:
    staff = agent(make.user(role="agent"))
    staff.post("blocks", {"address": "127.0.0.0/8", "reason": "x"})
    assert client.post(f"/form/{inbox.key}", data=TYPED).status_code == 403
    assert stored(Ticket) == []


@pytest.mark.parametrize("fields", [{"channel": "chat"}, {"channel": "form", "is_active": False}])
def test_what_is_no_open_form_is_not_there(client: Any, make: Any, fields: dict[str, Any]) -> None:
    other = make.inbox(**fields)
    for method in (client.get, client.post):
        assert method(f"/form/{other.key}").status_code == 404
    assert client.get("/form/nothing").status_code == 404


@pytest.mark.parametrize("locale,says", [("de", "Nachricht"), ("zh", "留言"), ("ar", 'dir="rtl"')])
def test_it_speaks_the_readers_language(client: Any, inbox: Inbox, locale: str, says: str) -> None:
    assert says in client.get(f"/form/{inbox.key}?l={locale}").text


def test_an_admin_makes_a_form_and_sets_what_it_asks(make: Any, agent: Any, client: Any) -> None:
    staff = agent(make.user(role="admin"))
    form = {
        "csrf_token": staff.csrf,
        "name": "Support form",
        "is_active": "1",
        "colour": "#1d60bc",
        "always_open": "1",
        "allowed_sites": "https://shop.example.com",
        "form_subject": "hidden",
        "form_thanks": "Danke!",
        "prechat.0.label": "Order number",
        "prechat.0.type": "text",
    }
    made = staff.http.post("/settings/inboxes/new?channel=form", data=form)
    assert made.status_code == 302
    page = staff.http.get(made.location).text
    assert "/form/" in page
    assert "&lt;iframe" in page
    key = page.split("/form/")[1].split('"')[0].split("&")[0]
    public = client.get(f"/form/{key}").text
    assert "Order number" in public
    assert 'name="subject"' not in public
    sent = client.post(f"/form/{key}", data={"email": "a@example.com", "message": "First line\nmore"})
    assert "Danke!" in sent.text
    version = page.split('name="version" value="')[1].split('"')[0]
    changed = staff.http.post(made.location, data={**form, "version": version, "form_subject": "required"})
    assert changed.status_code == 302
    assert 'name="subject"' in client.get(f"/form/{key}").text
