"""The queue's views: who is in them, in which order, page by page."""

from typing import Any

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture
def scene(make: Any, visitor: Any, agent: Any, clock: Any) -> Any:
    """Seven chats, begun a minute apart."""

    class Scene:
        workspace = make.workspace()
        ana = make.user(role="agent", name="Ana")
        desk = agent(ana)
        inbox = make.inbox()
        chats: list[str] = []

        def view(self, name: str, **query: Any) -> Any:
            return self.desk.get("tickets", view=name, **query).json

    made = Scene()
    for number in range(7):
        made.chats.append(visitor(made.inbox).write(f"Question {number}")["ticket"]["id"])
        clock.advance(minutes=1)
    return made


def ids(page: Any) -> list[str]:
    return [row["id"] for row in page["data"]]


def test_who_has_waited_longest_comes_first_and_who_is_answered_last(scene: Any) -> None:
    scene.desk.reply(scene.chats[0], "Hi")
    assert ids(scene.view("all", sort="waiting")) == [*scene.chats[1:], scene.chats[0]]


def test_pages_follow_each_other_without_gap_or_repeat(scene: Any) -> None:
    scene.desk.reply(scene.chats[2], "Hi")
    first = scene.view("all", limit=3)
    second = scene.view("all", limit=3, cursor=first["next_cursor"])
    third = scene.view("all", limit=3, cursor=second["next_cursor"])
    assert ids(first) + ids(second) + ids(third) == ids(scene.view("all"))
    assert third["next_cursor"] is None


def test_each_view_holds_what_its_name_says_and_the_counts_agree(scene: Any) -> None:
    mine, done = scene.chats[0], scene.chats[1]
    scene.desk.post(f"tickets/{mine}/assign", {"agent_id": str(scene.ana.id)})
    scene.desk.send("PATCH", f"tickets/{done}", {"status": "resolved"})
    scene.desk.post(f"tickets/{scene.chats[2]}/spam", {"spam": True})
    assert ids(scene.view("mine")) == [mine]
    assert ids(scene.view("unassigned")) == scene.chats[3:]
    assert ids(scene.view("done")) == [scene.chats[2], done]
    counts = scene.view("all")["counts"]
    assert {view: count for view, count in counts.items() if count} == {"mine": 1, "unassigned": 4, "all": 5}


def test_what_is_done_is_paged_newest_first(scene: Any) -> None:
    for chat in scene.chats:
        scene.desk.send("PATCH", f"tickets/{chat}", {"status": "closed"})
    first = scene.view("done", limit=4)
    assert ids(first) + ids(scene.view("done", limit=4, cursor=first["next_cursor"])) == scene.chats[::-1]


def test_the_counts_follow_from_what_is_pushed(scene: Any) -> None:
    socket = scene.desk.connect()
    timeless = ("mine", "unassigned", "all", "waiting", "snoozed")
    counts = {view: scene.view("all")["counts"][view] for view in timeless}
    me = str(scene.ana.id)
    scene.desk.post(f"tickets/{scene.chats[0]}/assign", {"agent_id": me})
    scene.desk.send("PATCH", f"tickets/{scene.chats[0]}", {"status": "resolved"})
    scene.desk.post(f"tickets/{scene.chats[1]}/spam", {"spam": True})
    scene.desk.post(f"tickets/{scene.chats[2]}/snooze", {"until": None})
    scene.desk.send("PATCH", f"tickets/{scene.chats[3]}", {"status": "pending"})

    def standing(row: Any) -> dict[str, int]:
        queued = row["shelf"] == "queue"
        return {
            "mine": int(queued and row["assigned_agent_id"] == me),
            "unassigned": int(queued and row["assigned_agent_id"] is None),
            "all": int(queued),
            "waiting": int(queued and row["pending_on"] == "customer"),
            "snoozed": int(row["shelf"] == "snoozed"),
        }

    for pushed in socket.heard("ticket.row"):
        now = standing(pushed["row"])
        before = standing(pushed["before"]) if pushed["before"] else dict.fromkeys(now, 0)
        counts = {view: counts[view] + now[view] - before[view] for view in counts}
    assert counts.items() <= scene.view("all")["counts"].items()


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "eyJhIjogMX0", "WzAsICJub3ciLCAxXQ", "WyJkdWUiLCAibm93IiwgInRoZW4iLCAxXQ"]
)
@pytest.mark.parametrize("view", ["all", "done"])
def test_a_cursor_that_is_not_ours_is_named(scene: Any, view: str, cursor: str) -> None:
    answer = scene.desk.get("tickets", view=view, cursor=cursor)
    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["query", "cursor"]
