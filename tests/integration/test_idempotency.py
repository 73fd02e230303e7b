"""The same POST with one Idempotency-Key is done once, and answered alike however often it comes."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.parallel import House, together
from webapp.database import read_only
from webapp.models import Event, IdempotentAnswer, Ticket
from webapp.tasks.sweep import forget_idempotent_answers
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration
TICKET = {"title": "No light", "customer_email": "maria@example.com", "description": "The lamp is dark."}


@pytest.fixture
def ana(make: Any, agent: Any) -> Any:
    return agent(make.user(role="agent"))


def post(browser: Any, key: str, body: Any = None, path: str = "tickets") -> Any:
    headers = {"X-CSRF-Token": browser.csrf, "Idempotency-Key": key}
    return browser.http.post(f"/api/v1/{path}", json=TICKET if body is None else body, headers=headers)


def count(browser: Any, model: Any) -> int:
    with browser.app.app_context(), use_workspace(browser.user.workspace_id), read_only() as session:
        return int(session.scalar(sa.select(sa.func.count()).select_from(model)))


def test_a_request_that_is_sent_again_gets_the_first_answer_and_does_nothing(ana: Any) -> None:
    first, again = post(ana, "k1"), post(ana, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert count(ana, Ticket) == 1


def test_a_comment_is_answered_with_its_place_in_the_feed_both_times(ana: Any) -> None:
    ticket_id = post(ana, "k1").json["ticket"]["id"]
    body = {"client_id": ticket_id, "content": "Hello", "kind": "note"}
    first, again = (post(ana, "k2", body, f"tickets/{ticket_id}/comments") for _ in range(2))
    assert first.json["event"]["workspace_seq"] > 0
    assert again.data == first.data


def test_the_same_key_with_another_body_is_refused_and_does_nothing(ana: Any) -> None:
    post(ana, "k1")
    answer = post(ana, "k1", {**TICKET, "title": "No sound"})
    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["header", "Idempotency-Key"]
    assert count(ana, Ticket) == 1


def test_another_key_another_person_and_another_address_are_other_requests(
    ana: Any, make: Any, agent: Any
) -> None:
    made = [post(ana, "k1").json["ticket"], post(ana, "k2").json["ticket"]]
    made.append(post(agent(make.user(role="agent")), "k1").json["ticket"])
    assert len({ticket["id"] for ticket in made}) == 3
    for ticket in made[:2]:
        body = {"client_id": ticket["id"], "content": "Hello", "kind": "note"}
        assert post(ana, "k3", body, f"tickets/{ticket['id']}/comments").status_code == 201


def test_what_was_refused_is_not_kept_and_may_be_sent_again(ana: Any) -> None:
    assert post(ana, "k1", {**TICKET, "team_id": str(ana.user.id)}).status_code in (404, 422)
    assert count(ana, IdempotentAnswer) == 0
    assert post(ana, "k1").status_code == 201


def test_work_that_breaks_leaves_neither_a_ticket_nor_a_lock(ana: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("webapp.api.idempotency.idempotency.keep", lambda *_a, **_k: 1 / 0)
        ana.app.config["PROPAGATE_EXCEPTIONS"] = False
        assert post(ana, "k1").status_code == 500
        ana.app.config["PROPAGATE_EXCEPTIONS"] = None
    assert (count(ana, Ticket), count(ana, IdempotentAnswer)) == (0, 0)
    assert post(ana, "k1").status_code == 201


def test_after_a_day_the_key_is_free_again(ana: Any, clock: Any) -> None:
    post(ana, "k1")
    clock.advance(hours=25)
    assert "Idempotency-Replayed" not in post(ana, "k1").headers
    assert count(ana, Ticket) == 2
    clock.advance(hours=25)
    with ana.app.app_context():
        forget_idempotent_answers()
    assert count(ana, IdempotentAnswer) == 0


@pytest.mark.parametrize(
    "key", ["", "two words", "x" * 256, "ümlaut"], ids=["empty", "space", "long", "letter"]
)
def test_a_key_that_is_none_is_named_in_the_refusal(ana: Any, key: str) -> None:
    answer = post(ana, key)
    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["header", "Idempotency-Key"]


def test_r10_fifty_at_once_make_one_ticket_and_get_fifty_identical_answers(
    database: Any, tmp_path: Path
) -> None:
    house = House(database.settings(database.fresh()), tmp_path)
    try:
        ana = house.make.user(role="admin")
        desks = house.desks(50, ana)
        answers = together([lambda desk=desk: post(desk, "k1") for desk in desks])
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.data for answer in answers}) == 1
        assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
        with house.acting(ana), read_only() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1
            created = sa.select(sa.func.count()).where(Event.name == "ticket.created")
            assert session.scalar(created) == 1
    finally:
        house.close()
