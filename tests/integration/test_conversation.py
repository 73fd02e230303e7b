"""A customer and an agent talk: each comment reaches each of them exactly once, whatever the path."""

import uuid
from typing import Any

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture
def scene(make: Any, visitor: Any, agent: Any) -> Any:
    """An inbox, a visitor and two agents."""

    class Scene:
        workspace = make.workspace()
        ana = make.user(role="agent", name="Ana")
        ben = make.user(role="agent", name="Ben")
        inbox = make.inbox()
        maria = visitor(inbox)
        desk = agent(ana)
        other_desk = agent(ben)

    return Scene()


def contents(events: list[dict[str, Any]]) -> list[str]:
    return [event["comment"]["content"] for event in events if event.get("comment")]


def test_a_first_message_opens_a_ticket_that_the_queue_sees_at_once(scene: Any) -> None:
    queue = scene.desk.connect()
    answer = scene.maria.connect().must("comment.create", scene.maria.message("My order is late"))
    [pushed] = queue.heard("ticket.row")
    assert pushed["row"]["id"] == answer["ticket"]["id"]
    assert pushed["before"] is None
    assert pushed["row"]["title"] == "My order is late"
    assert pushed["row"]["unread"] == 1
    assert pushed["row"]["waiting_since"] is not None
    listed = scene.desk.get("tickets", view="unassigned").json
    assert {view: count for view, count in listed["counts"].items() if count} == {"unassigned": 1, "all": 1}
    assert listed["data"] == [pushed["row"]]


def test_messages_reach_both_sides_once_and_in_order(scene: Any) -> None:
    customer, desk = scene.maria.connect(), scene.desk.connect()
    ticket_id = customer.must("comment.create", scene.maria.message("Hello"))["ticket"]["id"]
    desk.must("ticket.open", {"ticket_id": ticket_id})
    customer.heard(), desk.heard()
    desk.must(
        "comment.create",
        {"ticket_id": ticket_id, "client_id": str(uuid.uuid4()), "content": "Hi!", "kind": "reply"},
    )
    customer.must("comment.create", scene.maria.message("Thanks", ticket_id=ticket_id))
    seen_by_customer, seen_by_agent = customer.heard("ticket.event"), desk.heard("ticket.event")
    assert contents(seen_by_customer) == contents(seen_by_agent) == ["Hi!", "Thanks"]
    assert [event["seq"] for event in seen_by_customer] == [3, 4]


def test_a_note_never_reaches_the_customer(scene: Any) -> None:
    customer, desk = scene.maria.connect(), scene.desk.connect()
    ticket_id = customer.must("comment.create", scene.maria.message("Hello"))["ticket"]["id"]
    desk.must("ticket.open", {"ticket_id": ticket_id})
    customer.heard()
    note = {"ticket_id": ticket_id, "client_id": str(uuid.uuid4()), "content": "secret-note", "kind": "note"}
    desk.must("comment.create", note)
    desk.must("typing.update", {"ticket_id": ticket_id, "kind": "note", "typing": True})
    assert contents(desk.heard("ticket.event")) == ["secret-note"]
    assert customer.heard() == []
    state = customer.must("chat.resume")
    assert "secret-note" not in str(state)
    assert [event["seq"] for event in state["events"]] == [1, 2], (
        "a note leaves no hole in the customer's count"
    )
    assert "secret-note" not in scene.maria.get("events", ticket=ticket_id, after=0).text


def test_typing_is_shown_to_the_other_side(scene: Any) -> None:
    customer, desk = scene.maria.connect(), scene.desk.connect()
    ticket_id = customer.must("comment.create", scene.maria.message("Hello"))["ticket"]["id"]
    desk.must("ticket.open", {"ticket_id": ticket_id})
    customer.heard(), desk.heard()
    desk.must("typing.update", {"ticket_id": ticket_id, "kind": "reply", "typing": True})
    customer.must("typing.update", {"ticket_id": ticket_id, "typing": True})
    assert customer.heard("typing.updated") == [{"ticket_id": ticket_id, "name": "Ana", "typing": True}]
    assert [body["actor"]["kind"] for body in desk.heard("typing.updated")] == ["user", "customer"]


def test_reading_moves_the_mark_and_clears_the_badge(scene: Any) -> None:
    customer, desk = scene.maria.connect(), scene.desk.connect()
    answer = customer.must("comment.create", scene.maria.message("Hello"))
    ticket_id, seq = answer["ticket"]["id"], answer["event"]["seq"]
    customer.heard()
    desk.must("ticket.read", {"ticket_id": ticket_id, "seq": seq})
    [mark] = customer.heard("ticket.read")
    assert (mark["side"], mark["seen"]) == ("staff", seq)
    assert scene.desk.get(f"tickets/{ticket_id}").json["ticket"]["unread"] == 0


def test_a_mark_cannot_run_ahead_of_what_there_is(scene: Any) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    scene.desk.post(f"tickets/{ticket_id}/read", {"seq": 999})
    assert scene.desk.get(f"tickets/{ticket_id}").json["ticket"]["read"]["staff"]["seen"] == 2


def test_the_customer_hears_who_joined_and_who_took_over(scene: Any) -> None:
    customer = scene.maria.connect()
    ticket_id = customer.must("comment.create", scene.maria.message("Hello"))["ticket"]["id"]
    customer.heard()
    scene.desk.post(f"tickets/{ticket_id}/assign", {"agent_id": str(scene.ana.id)})
    scene.desk.post(
        f"tickets/{ticket_id}/assign", {"agent_id": str(scene.ben.id), "note": "VIP, please hurry"}
    )
    scene.desk.post(f"tickets/{ticket_id}/assign", {"agent_id": None})
    events = customer.heard("ticket.event")
    assert [event["changes"]["agent"] for event in events] == [
        [None, {"name": "Ana"}],
        [{"name": "Ana"}, {"name": "Ben"}],
        [{"name": "Ben"}, None],
    ]
    assert "VIP" not in str(events)
    assert str(scene.ana.id) not in str(events)


def test_the_first_reply_of_its_agent_puts_a_ticket_in_progress(scene: Any) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    scene.desk.post(f"tickets/{ticket_id}/assign", {"agent_id": str(scene.ana.id)})
    scene.desk.reply(ticket_id, "Looking into it")
    assert scene.desk.get(f"tickets/{ticket_id}").json["ticket"]["status"] == "in_progress"


def test_taking_a_ticket_that_somebody_else_took_is_a_conflict_that_names_them(scene: Any) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    take = {"agent_id": str(scene.ana.id), "expected_agent_id": None}
    assert scene.desk.post(f"tickets/{ticket_id}/assign", take).status_code == 200
    late = scene.other_desk.post(f"tickets/{ticket_id}/assign", {**take, "agent_id": str(scene.ben.id)})
    assert late.status_code == 409
    assert late.json["code"] == "already_assigned"
    assert late.json["current"]["name"] == "Ana"


def test_a_reply_written_over_unseen_messages_is_stopped_and_shows_them(scene: Any) -> None:
    answer = scene.maria.write("Hello")
    ticket_id = answer["ticket"]["id"]
    seen = scene.desk.get(f"tickets/{ticket_id}").json["ticket"]["seq"]
    scene.maria.write("Wait, it arrived!", ticket_id=ticket_id)
    stopped = scene.desk.reply(ticket_id, "We will send another", seen_seq=seen)
    assert stopped.status_code == 409
    assert stopped.json["code"] == "stale"
    assert contents(stopped.json["current"]["events"]) == ["Wait, it arrived!"]
    assert (
        scene.desk.reply(
            ticket_id, "Great", seen_seq=stopped.json["current"]["events"][-1]["seq"]
        ).status_code
        == 201
    )


def test_an_open_chat_is_joined_by_a_second_first_message(scene: Any) -> None:
    first = scene.maria.write("Hello")
    second = scene.maria.write("Anybody there?")
    assert second["ticket"]["id"] == first["ticket"]["id"]


def test_r08_the_same_send_again_is_the_first_one_and_another_content_is_refused(scene: Any) -> None:
    body = scene.maria.message("Hello")
    first = scene.maria.post("comments", body)
    again = scene.maria.post("comments", body)
    assert again.json["event"] == first.json["event"]
    other = scene.maria.post("comments", {**body, "content": "Something else"})
    assert (other.status_code, other.json["code"]) == (409, "client_id_reused")


def test_ending_an_answered_chat_resolves_it_and_hides_it_from_the_next_person_at_the_machine(
    scene: Any,
) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    scene.desk.reply(ticket_id, "Hi")
    ended = scene.maria.post("end", {"ticket_id": ticket_id}).json["ticket"]
    assert ended["status"] == "ended"
    assert scene.desk.get(f"tickets/{ticket_id}").json["ticket"]["status"] == "resolved"
    assert scene.maria.get("state").json["ticket"] is None


def test_ending_an_unanswered_chat_leaves_it_to_be_answered(scene: Any) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    scene.maria.post("end", {"ticket_id": ticket_id})
    assert scene.desk.get(f"tickets/{ticket_id}").json["ticket"]["status"] == "open"


def test_writing_on_a_resolved_chat_reopens_it_and_on_a_closed_one_begins_another(scene: Any) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    scene.desk.send("PATCH", f"tickets/{ticket_id}", {"status": "resolved"})
    assert scene.maria.write("One more thing", ticket_id=ticket_id)["ticket"]["status"] == "open"
    scene.desk.send("PATCH", f"tickets/{ticket_id}", {"status": "closed"})
    follow_up = scene.maria.write("And another", ticket_id=ticket_id)["ticket"]
    assert follow_up["id"] != ticket_id


def test_spam_goes_away_quietly_and_comes_back(scene: Any) -> None:
    customer = scene.maria.connect()
    ticket_id = customer.must("comment.create", scene.maria.message("Buy pills"))["ticket"]["id"]
    customer.heard()
    scene.desk.post(f"tickets/{ticket_id}/spam", {"spam": True})
    assert customer.heard() == []
    assert scene.desk.get("tickets", view="all").json["data"] == []
    customer.must("comment.create", scene.maria.message("More pills", ticket_id=ticket_id))
    assert scene.desk.get("tickets", view="all").json["data"] == []
    back = scene.desk.post(f"tickets/{ticket_id}/spam", {"spam": False}).json["ticket"]
    assert (back["status"], back["spam"]) == ("open", False)


def test_who_is_blocked_can_read_and_not_write(scene: Any) -> None:
    ticket = scene.maria.write("Hello")["ticket"]
    customer_id = scene.desk.get(f"tickets/{ticket['id']}").json["ticket"]["customer"]["id"]
    block = scene.desk.post("blocks", {"customer_id": customer_id, "days": 7})
    assert block.status_code == 201
    refused = scene.maria.post("comments", scene.maria.message("Hello?", ticket_id=ticket["id"]))
    assert (refused.status_code, refused.json["code"]) == (403, "blocked")
    assert scene.maria.get("state").status_code == 200
    assert scene.desk.send("DELETE", f"blocks/{block.json['id']}").status_code == 204
    scene.maria.write("Hello again", ticket_id=ticket["id"])


def test_drafts_follow_their_author_and_nobody_else(scene: Any) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    tab = scene.desk.connect()
    scene.desk.send("PUT", f"tickets/{ticket_id}/drafts/reply", {"content": "Dear Ma"})
    assert [body["content"] for body in tab.heard("draft.saved")] == ["Dear Ma"]
    assert scene.desk.get(f"tickets/{ticket_id}").json["ticket"]["drafts"]["reply"] == {"content": "Dear Ma"}
    assert scene.other_desk.get(f"tickets/{ticket_id}").json["ticket"]["drafts"]["reply"] is None


def test_an_agent_opens_a_ticket_for_a_customer(scene: Any) -> None:
    body = {
        "title": "Call back",
        "description": "Phoned about the invoice",
        "customer_email": "New@Example.com",
    }
    made = scene.desk.post("tickets", body)
    assert made.status_code == 201, made.json
    assert made.json["ticket"]["customer"]["email"] == "new@example.com"
    assert (
        scene.desk.get(f"tickets/{made.json['ticket']['number']}").json["events"][-1]["comment"]["kind"]
        == "note"
    )


def test_the_feed_holds_every_event_in_commit_order(scene: Any) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    scene.desk.reply(ticket_id, "Hi")
    feed = scene.desk.get("events", after=0).json
    seqs = [event["workspace_seq"] for event in feed["events"]]
    assert seqs == list(range(1, len(seqs) + 1))
    assert [event["name"] for event in feed["events"]][-2:] == ["comment.created", "comment.created"]
    assert scene.desk.get("events", after=seqs[-1]).json["events"] == []
