"""What a visitor is asked before the first message, and what becomes of the answers."""

from typing import Any

import pytest

pytestmark = pytest.mark.integration

FIELDS = [
    {"name": "name", "label": "Your name", "type": "text", "required": True},
    {"name": "email", "label": "E-mail", "type": "email", "required": True},
    {"name": "phone", "label": "Phone", "type": "phone", "required": False},
    {"name": "topic", "label": "Topic", "type": "select", "required": True, "options": ["Order", "Return"]},
    {"name": "member", "label": "I am a member", "type": "checkbox", "required": False},
]
GOOD = {
    "name": "Maria",
    "email": "Maria@Example.com",
    "phone": "+49 30 123-456",
    "topic": "Order",
    "member": True,
}


@pytest.fixture
def asking(make: Any) -> Any:
    """An inbox that asks a lot, and wants consent."""
    return make.inbox(prechat=FIELDS, consent={"text": "I agree", "url": None})


def begin(browser: Any, prechat: Any, *, consent: bool = True) -> Any:
    return browser.post("comments", browser.message("Hello", prechat=prechat, consent=consent))


def wrong_fields(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.json
    return {".".join(item["loc"][1:]) for item in answer.json["detail"]}


def test_good_answers_open_the_chat_and_are_not_asked_again(
    asking: Any, visitor: Any, agent: Any, make: Any
) -> None:
    maria = visitor(asking)
    assert maria.get("state").json["needs_prechat"] is True
    ticket_id = begin(maria, GOOD).json["ticket"]["id"]
    state = maria.get("state").json
    assert state["needs_prechat"] is False
    assert set(state["known"]) == {field["name"] for field in FIELDS}
    desk = agent(make.user())
    shown = desk.get(f"tickets/{ticket_id}").json["ticket"]["customer"]
    assert (shown["name"], shown["claimed_email"], shown["email"]) == ("Maria", "maria@example.com", None)
    assert shown["verified"] is False
    known = desk.get(f"customers/{shown['id']}").json["customer"]["answers"]
    assert known == {"phone": "+49 30 123-456", "topic": "Order", "member": True}


@pytest.mark.parametrize(
    "answers, wrong",
    [
        ({}, {"prechat.name", "prechat.email", "prechat.topic"}),
        ({**GOOD, "email": "maria"}, {"prechat.email"}),
        ({**GOOD, "phone": "call me"}, {"prechat.phone"}),
        ({**GOOD, "topic": "Weather"}, {"prechat.topic"}),
        ({**GOOD, "name": "  \u200b "}, {"prechat.name"}),
        ({**GOOD, "name": "x" * 501}, {"prechat.name"}),
        ({**GOOD, "tier": "enterprise"}, {"prechat.tier"}),
    ],
    ids=["nothing", "email", "phone", "choice", "invisible", "long", "unknown"],
)
def test_each_wrong_answer_is_named_and_nothing_is_kept(
    asking: Any, visitor: Any, answers: Any, wrong: set[str]
) -> None:
    maria = visitor(asking)
    assert wrong_fields(begin(maria, answers)) == wrong
    state = maria.get("state").json
    assert state["ticket"] is None
    assert state["known"] == []


def test_consent_is_wanted_once(asking: Any, visitor: Any) -> None:
    maria = visitor(asking)
    assert wrong_fields(begin(maria, GOOD, consent=False)) == {"consent"}
    ticket = begin(maria, GOOD).json["ticket"]
    again = maria.post("comments", maria.message("More", ticket_id=ticket["id"]))
    assert again.status_code == 201


def test_a_box_that_must_be_ticked_has_to_be(make: Any, visitor: Any) -> None:
    inbox = make.inbox(prechat=[{"name": "terms", "label": "Terms", "type": "checkbox", "required": True}])
    maria = visitor(inbox)
    assert wrong_fields(begin(maria, {"email": "m@example.com", "terms": False})) == {"prechat.terms"}
    assert begin(maria, {"email": "m@example.com", "terms": True}).status_code == 201


def test_with_nobody_there_an_address_is_needed_for_the_answer(make: Any, visitor: Any, agent: Any) -> None:
    inbox = make.inbox()
    maria = visitor(inbox, email=None)
    assert maria.get("state").json["availability"]["state"] == "nobody"
    assert wrong_fields(begin(maria, {})) == {"prechat.email"}
    desk = agent(make.user()).connect()
    assert desk.is_connected
    assert maria.get("state").json["availability"]["state"] == "online"
    assert begin(maria, {}).status_code == 201


def test_outside_hours_it_says_when_somebody_is_back(make: Any, visitor: Any) -> None:
    closed = make.inbox(hours={"mon": []}, timezone="UTC")
    found = visitor(closed).get("state").json["availability"]
    assert found["state"] == "closed"


def test_an_address_given_later_in_the_chat_is_kept(make: Any, visitor: Any, agent: Any) -> None:
    inbox = make.inbox()
    desk = agent(make.user())
    desk.connect()
    maria = visitor(inbox, email=None)
    ticket_id = begin(maria, {}).json["ticket"]["id"]
    bad = maria.post("comments", maria.message("x", ticket_id=ticket_id, prechat={"email": "no"}))
    assert wrong_fields(bad) == {"prechat.email"}
    maria.write("You can mail me", ticket_id=ticket_id, prechat={"email": "me@example.com"})
    shown = desk.get(f"tickets/{ticket_id}").json["ticket"]["customer"]
    assert shown["claimed_email"] == "me@example.com"
    assert shown["verified"] is False


def test_who_is_not_identified_cannot_begin_where_only_identified_people_may(make: Any, visitor: Any) -> None:
    refused = begin(visitor(make.inbox(identified_only=True)), {"email": "m@example.com"})
    assert (refused.status_code, refused.json["code"]) == (403, "identified_only")


def test_how_fast_we_answer_is_said_from_five_chats_on(
    make: Any, visitor: Any, agent: Any, clock: Any
) -> None:
    inbox = make.inbox()
    desk = agent(make.user())
    for number in range(5):
        assert visitor(inbox).get("state").json["availability"]["reply_minutes"] is None
        ticket_id = visitor(inbox).write(f"Hello {number}")["ticket"]["id"]
        clock.advance(minutes=4)
        desk.reply(ticket_id, "Hi")
    assert visitor(inbox).get("state").json["availability"]["reply_minutes"] == 4
