"""S-60, S-61: only a site's signature makes somebody a customer; a token opens one inbox's chats."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest

from tests.support.browsers import Visitor
from tests.support.world import file_body
from webapp import clock as app_clock
from webapp.auth import hash_token
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Customer, VisitorToken
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

SECRET, OTHER_SECRET = "s" * 43, "o" * 43


@pytest.fixture
def scene(app: Any, make: Any, visitor: Any, agent: Any) -> Any:
    """Two inboxes of one workspace, one of another, and a verified customer."""

    class Scene:
        workspace = make.workspace()
        inbox = make.inbox(secret=SECRET)
        second = make.inbox(secret=OTHER_SECRET)
        foreign = make.inbox(workspace=make.workspace("Mountain"), secret="m" * 43)
        desk = agent(make.user(role="agent"))
        http = app.test_client()

        def claims(self, **changes: Any) -> dict[str, Any]:
            made = {"sub": "user-1", "aud": self.inbox.key, "exp": app_clock.now().timestamp() + 600}
            return {key: value for key, value in {**made, **changes}.items() if value is not None}

        def token(self, secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
            return jwt.encode(self.claims(**changes), secret, algorithm=algorithm)

        def identify(self, visitor: Visitor | None = None, inbox: Any = None, **body: Any) -> Any:
            headers = {"Authorization": f"Bearer {visitor.token}"} if visitor else {}
            body = {"inbox_key": (inbox or self.inbox).key, **body}
            return self.http.post("/api/v1/chat/identify", json=body, headers=headers)

        def state(self, token: str) -> Any:
            return self.http.get("/api/v1/chat/state", headers={"Authorization": f"Bearer {token}"})

    made = Scene()
    made.known = Visitor(app, made.inbox, email=None)
    answer = made.identify(made.known, jwt=made.token(email="vera@example.com", name="Vera"))
    assert answer.status_code == 200, answer.text
    made.known.token = answer.json["token"]
    return made


def unsigned(claims: dict[str, Any], algorithm: str = "none") -> str:
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*coded, ""])


def count(app: Any, scene: Any) -> int:
    with app.app_context(), use_workspace(scene.workspace):
        return int(db.session.scalar(db.select(db.func.count(Customer.id))))


# --- S-60 -----------------------------------------------------------------------------------------


def test_s60_a_signature_that_does_not_hold_is_refused_and_makes_nobody(app: Any, scene: Any) -> None:
    now = app_clock.now().timestamp()
    good = scene.token()
    head, body, signature = good.split(".")
    changed = base64.urlsafe_b64encode(json.dumps(scene.claims(sub="admin")).encode()).decode().rstrip("=")
    bad = {
        "alg none": unsigned(scene.claims()),
        "alg NONE": unsigned(scene.claims(), "NONE"),
        "alg none, signed": unsigned(scene.claims()) + signature,
        "HS512": jwt.encode(scene.claims(), SECRET * 2, algorithm="HS512"),
        "HS512 of our secret": scene.token(SECRET * 2, "HS512"),
        "another secret": scene.token("x" * 43),
        "another inbox's secret": scene.token(OTHER_SECRET),
        "another workspace's secret": scene.token("m" * 43),
        "our public key as the secret": scene.token(scene.inbox.key.ljust(32, "x")),
        "another inbox's audience": scene.token(aud=scene.second.key),
        "no audience": scene.token(aud=None),
        "expired": scene.token(exp=now - 60),
        "longer than an hour": scene.token(exp=now + 2 * 3600),
        "for ever": scene.token(exp=10**12),
        "no expiry": scene.token(exp=None),
        "an odd expiry": scene.token(exp="soon"),
        "no expiry in fact": unsigned(scene.claims(exp=float("inf"))),
        "no subject": scene.token(sub=None),
        "an empty subject": scene.token(sub=""),
        "a blank subject": scene.token(sub="  "),
        "truncated": good[:-3],
        "without signature": f"{head}.{body}.",
        "a changed body": f"{head}.{changed}.{signature}",
        "one part": head,
        "no JWT": "x",
        "bytes": "\u00e9.\u00e9.\u00e9",
        "an empty text": "",
        "a subject of NUL": scene.token(sub="a\x00b"),
        "a subject of half a character": scene.token(sub="a\ud800b"),
        "a subject without end": scene.token(sub="x" * 201),
    }
    before = count(app, scene)
    for label, token in bad.items():
        answer = scene.identify(jwt=token)
        assert answer.status_code == 422, f"{label}: {answer.status_code} {answer.text}"
        assert answer.json["detail"][0]["loc"][0] == "body"
        assert token == "" or token not in answer.text
    for odd in (7, True, [], {}, ["x"]):
        assert scene.identify(jwt=odd).status_code == 422
    assert count(app, scene) == before
    assert scene.identify(jwt=good).status_code == 200


def test_s60_details_that_cannot_be_kept_are_left_out(scene: Any) -> None:
    odd = [{"name": "a\ud800"}, {"name": "\x00"}, {"name": 7}, {"email": "\ud800@x.example"}, {"email": "no"}]
    for number, details in enumerate([*odd, {"tier": "x"}, {"tier": ["premium"]}]):
        answer = scene.identify(jwt=scene.token(sub=f"odd-{number}", **details))
        assert answer.status_code == 200, f"{details}: {answer.text}"
        assert scene.state(answer.json["token"]).status_code == 200


def sign(identifier: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), identifier.encode(), hashlib.sha256).hexdigest()


def test_s60_an_hmac_that_does_not_hold_is_refused(app: Any, scene: Any) -> None:
    good = sign("user-2")
    bad = [
        *("", " ", "0" * 64, good[:-1], good[:32], good + "0", sign("user-3"), good[::-1], "é" * 64),
        *(sign("user-2", OTHER_SECRET), sign("user-2", "m" * 43), sign("user-2", ""), sign("user-2 ")),
        hashlib.sha256(b"user-2").hexdigest(),
        hmac.new(SECRET.encode(), b"user-2", hashlib.sha1).hexdigest(),
    ]
    before = count(app, scene)
    for value in bad:
        answer = scene.identify(identifier="user-2", hash=value)
        assert answer.status_code == 422, value
    for identifier in ("", " ", None):
        assert scene.identify(identifier=identifier, hash=sign(identifier or "")).status_code == 422
    assert scene.identify(identifier="user-2", hash=None).status_code == 422
    assert scene.identify().status_code == 422
    assert scene.identify(identifier="user-2", hash=good, inbox=scene.second).status_code == 422
    assert count(app, scene) == before
    assert scene.identify(identifier="user-2", hash=good).status_code == 200


def test_s60_an_hmac_proves_the_identifier_and_no_address(app: Any, scene: Any) -> None:
    answer = scene.identify(identifier="user-9", hash=sign("user-9"), email="vera@example.com", name="Vera")
    assert answer.status_code == 200
    assert answer.json["visitor"]["email"] is None
    scene.known.write("a secret of Vera's")
    assert scene.state(answer.json["token"]).json["ticket"] is None
    with app.app_context(), use_workspace(scene.workspace):
        query = db.select(Customer.external_id).where(Customer.email == "vera@example.com")
        owners = db.session.scalars(query)
        assert owners.all() == ["user-1"]


def test_s60_an_hmac_takes_over_no_customer_that_staff_know_by_address(scene: Any) -> None:
    body = {"title": "Phoned", "customer_email": "otto@example.com", "description": "a secret of Otto's"}
    ticket = scene.desk.post("tickets", body).json["ticket"]
    answer = scene.identify(identifier="user-10", hash=sign("user-10"), email="otto@example.com")
    assert answer.json["visitor"]["email"] is None
    customer = scene.desk.get(f"customers/{ticket['customer']['id']}").json["customer"]
    assert (customer["email"], customer["verified"]) == ("otto@example.com", True)
    guest = Visitor(scene.http.application, scene.inbox)
    guest.token = answer.json["token"]
    mine = guest.write("Hello")["ticket"]["id"]
    assert scene.desk.get(f"tickets/{mine}").json["ticket"]["customer"]["id"] != ticket["customer"]["id"]


def test_s60_an_address_typed_later_verifies_nobody_either(app: Any, scene: Any) -> None:
    liar = Visitor(app, scene.inbox)
    ticket = liar.write("Hello", prechat={"email": "first@example.com"})["ticket"]["id"]
    with app.app_context(), use_workspace(scene.workspace), transaction() as session:
        session.execute(db.update(Customer).values(claimed_email=None))
    liar.write("and my address", ticket_id=ticket, prechat={"email": "vera@example.com"})
    shown = scene.desk.get(f"tickets/{ticket}").json["ticket"]["customer"]
    assert (shown["email"], shown["claimed_email"], shown["verified"]) == (None, "vera@example.com", False)


def test_s60_a_typed_address_verifies_nobody_and_shows_nobodys_past(app: Any, scene: Any) -> None:
    scene.known.write("a secret of Vera's")
    liar = Visitor(app, scene.inbox, email="Vera@Example.com")
    ticket = liar.write("I am Vera, what did I say?")["ticket"]
    seen = liar.get("state").text + liar.get("events", ticket=ticket["id"], after=0).text
    assert "a secret of" not in seen
    shown = scene.desk.get(f"tickets/{ticket['id']}").json["ticket"]
    assert shown["customer"]["verified"] is False
    assert shown["customer"]["email"] is None
    assert shown["customer"]["claimed_email"] == "vera@example.com"
    assert shown["earlier"] == []
    assert liar.get("state").json["visitor"]["verified"] is False


def test_s60_identifying_moves_the_anonymous_chat_and_ends_its_token(app: Any, scene: Any) -> None:
    guest = Visitor(app, scene.inbox)
    socket = guest.connect()
    ticket = guest.write("before I signed in")["ticket"]
    socket.heard()
    answer = scene.identify(guest, jwt=scene.token(sub="user-5", email="gil@example.com"))
    assert answer.status_code == 200
    assert not socket.is_connected
    assert scene.state(guest.token).status_code == 401
    state = scene.state(answer.json["token"]).json
    assert state["ticket"]["id"] == ticket["id"]
    assert state["visitor"] == {"name": None, "email": "gil@example.com", "verified": True}
    shown = scene.desk.get(f"tickets/{ticket['id']}").json
    assert shown["ticket"]["customer"]["email"] == "gil@example.com"
    assert {event["name"] for event in shown["events"]} >= {"ticket.customer_changed"}


def test_s60_an_identified_visitor_who_signs_in_as_another_takes_no_chats_along(app: Any, scene: Any) -> None:
    ticket = scene.known.write("a secret of Vera's")["ticket"]
    answer = scene.identify(scene.known, jwt=scene.token(sub="user-6"))
    assert answer.status_code == 200
    assert scene.state(answer.json["token"]).json["ticket"] is None
    assert scene.state(scene.known.token).status_code == 401
    assert scene.desk.get(f"tickets/{ticket['id']}").json["ticket"]["customer"]["email"] == "vera@example.com"


def test_s60_a_signed_address_of_somebody_else_is_not_taken_over(app: Any, scene: Any) -> None:
    scene.known.write("a secret of Vera's")
    answer = scene.identify(jwt=scene.token(sub="user-7", email="VERA@example.com"))
    assert answer.status_code == 200
    assert answer.json["visitor"]["email"] is None
    assert scene.state(answer.json["token"]).json["ticket"] is None


def test_s60_another_inboxs_visitor_brings_no_chat_along(app: Any, scene: Any) -> None:
    for inbox in (scene.second, scene.foreign):
        guest = Visitor(app, inbox)
        guest.write("somewhere else")
        answer = scene.identify(guest, jwt=scene.token(sub=f"from-{inbox.key}"))
        assert answer.status_code == 200
        assert scene.state(answer.json["token"]).json["ticket"] is None


def test_s60_an_inbox_for_identified_customers_refuses_others(app: Any, scene: Any, make: Any) -> None:
    inbox = make.inbox(secret=SECRET, identified_only=True)
    guest = Visitor(app, inbox)
    refused = guest.post("comments", guest.message("Hello"))
    assert (refused.status_code, refused.json["code"]) == (403, "identified_only")
    socket = guest.connect().say("comment.create", guest.message("Hello"))
    assert socket["error"]["code"] == "identified_only"
    answer = scene.identify(guest, inbox=inbox, identifier="user-1", hash=sign("user-1"))
    guest.token = answer.json["token"]
    guest.write("Hello")


# --- S-61 -----------------------------------------------------------------------------------------


def test_s61_tokens_are_long_random_and_kept_as_hashes_alone(app: Any, scene: Any) -> None:
    tokens = {Visitor(app, scene.inbox).token for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(base64.urlsafe_b64decode(token + "=")) == 32 for token in tokens)
    with app.app_context(), use_workspace(scene.workspace):
        kept = [str(row) for row in db.session.execute(db.select(VisitorToken.__table__))]
        stored = "\n".join(kept)
        assert all(hash_token(token) in stored and token not in stored for token in tokens)


def test_s61_a_token_opens_one_inbox_alone(app: Any, scene: Any) -> None:
    ticket = scene.known.write("Hello")["ticket"]
    answer = scene.identify(inbox=scene.second, identifier="user-1", hash=sign("user-1", OTHER_SECRET))
    same_customer = Visitor(app, scene.second)
    same_customer.token = answer.json["token"]
    assert same_customer.get("state").json["ticket"] is None
    for refused in (
        same_customer.get("events", ticket=ticket["id"], after=0),
        same_customer.post("comments", same_customer.message("x", ticket_id=ticket["id"])),
        same_customer.post("read", {"ticket_id": ticket["id"], "seen": 1}),
        same_customer.post("typing", {"ticket_id": ticket["id"], "typing": True}),
        same_customer.post("end", {"ticket_id": ticket["id"]}),
    ):
        assert refused.status_code == 404, refused.text


def test_s61_a_token_that_ended_opens_nothing_anywhere(app: Any, scene: Any, clock: Any) -> None:
    guest = Visitor(app, scene.inbox)
    ticket = guest.write("Hello")["ticket"]
    scene.identify(guest, jwt=scene.token(sub="user-8"))
    body = {"ticket_id": ticket["id"]}
    answers = [
        *(guest.get(path) for path in ("state", "unread")),
        guest.get("events", ticket=ticket["id"], after=0),
        guest.post("comments", guest.message("x", ticket_id=ticket["id"])),
        guest.post("read", {**body, "seen": 1}),
        guest.post("typing", {**body, "typing": True}),
        guest.post("end", body),
        guest.post("attachments", **file_body()),
        scene.identify(guest, jwt=scene.token(sub="user-8")),
    ]
    assert [answer.status_code for answer in answers] == [401] * len(answers), [a.text for a in answers]
    assert not guest.connect().is_connected
    clock.advance(hours=25)
    assert scene.known.get("state").status_code == 401, "a signed identity is asked for again after a day"


def test_s61_an_ended_chat_is_gone_for_the_next_person_at_the_machine(app: Any, scene: Any) -> None:
    guest = Visitor(app, scene.inbox)
    ticket = guest.write("my private matter")["ticket"]
    scene.desk.reply(ticket["id"], "an answer to it")
    guest.post("end", {"ticket_id": ticket["id"]})
    for told in (guest.get("state").text, guest.get("unread").text, str(guest.connect().must("chat.resume"))):
        assert "private matter" not in told
        assert "an answer to it" not in told
        assert ticket["id"] not in told
    assert guest.get("unread").json == {"unread": 0, "open": False}


def test_a_visitor_who_says_who_they_are_keeps_what_their_chat_was_merged_into(app: Any, scene: Any) -> None:
    anonymous = Visitor(app, scene.inbox)
    chat = anonymous.write("Hello")["ticket"]["id"]
    customer_id = scene.desk.get(f"tickets/{chat}").json["ticket"]["customer"]["id"]
    body = {"title": "By phone", "customer_id": customer_id}
    phone = scene.desk.post("tickets", body).json["ticket"]["id"]
    assert scene.desk.post(f"tickets/{chat}/merge", {"into": phone}).status_code == 200
    token = scene.identify(anonymous, jwt=scene.token(sub="user-2")).json["token"]
    assert scene.state(token).json["ticket"]["id"] == phone
