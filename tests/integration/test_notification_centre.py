"""The centre as browsers see it: HOURS, the socket, the settings page, and both in step."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import node
from tests.support.pages import submit
from tests.support.who_may import PUSH
from webapp.schemas.pushed import PUSHED
from webapp.services.notification.preference import DEFAULTS

pytestmark = pytest.mark.integration

APPLY = """
import {newNotifications, reduceNotifications} from './static/js/agent/notifications-state.js';
let text = ''; for await (const piece of process.stdin) text += piece;
const {page, heard} = JSON.parse(text);
const typed = (name) => name.replace('notification.', 'notifications/');
const actions = heard.map(([name, body]) => ({type: typed(name), ...body}));
const start = reduceNotifications(newNotifications(0), {type: 'notifications/page', page});
console.log(JSON.stringify(actions.reduce(reduceNotifications, start)));
"""


@pytest.fixture
def scene(make: Any, visitor: Any, agent: Any) -> Any:
    """Two agents; a chat that is Ana's."""

    class Scene:
        workspace = make.workspace()
        ana_user = make.user(role="agent", name="Ana")
        ben_user = make.user(role="agent", name="Ben")
        inbox = make.inbox(name="Website")
        ana, ben = agent(ana_user), agent(ben_user)
        maria = visitor(inbox)

        def __init__(self) -> None:
            self.ticket_id = self.chat()

        def chat(self) -> str:
            ticket_id: str = visitor(self.inbox).write("Hello")["ticket"]["id"]
            answer = self.ben.post(f"tickets/{ticket_id}/assign", {"agent_id": str(self.ana_user.id)})
            assert answer.status_code == 200
            return ticket_id

        def mention(self, ticket_id: str | None = None) -> Any:
            return self.ben.reply(ticket_id or self.ticket_id, "@Ana, please", kind="note")

        def page(self, **query: Any) -> Any:
            return self.ana.get("notifications", **query).json

    return Scene()


def test_the_list_is_paged_by_cursor_newest_first(scene: Any) -> None:
    for _ in range(6):
        scene.mention()
    whole = scene.page()["data"]
    assert [row["kind"] for row in whole] == ["mention"] * 6 + ["assigned_to_me"]
    found, cursor = [], None
    while cursor is not None or not found:
        page = scene.page(limit=3, **({"cursor": cursor} if cursor else {}))
        found += page["data"]
        cursor = page["next_cursor"]
    assert found == whole
    assert page["unread"] == 7
    assert whole[0]["ticket"]["id"] == scene.ticket_id
    scene.ana.post("notifications/read", {"ids": [whole[0]["id"]]})
    assert len(scene.page(unread="true")["data"]) == 6


def actions(scene: Any) -> dict[str, Callable[[], Any]]:
    newest = lambda: scene.page()["data"][0]["id"]  # noqa: E731
    read = lambda body: scene.ana.post("notifications/read", body)  # noqa: E731
    return {
        "told": scene.mention,
        "told of another ticket": scene.chat,
        "one read": lambda: read({"ids": [newest()]}),
        "a ticket's read": lambda: (scene.mention(scene.chat()), read({"ticket_id": scene.ticket_id})),
        "all read": lambda: (scene.mention(), read({"up_to": newest()})),
        "all read, then told": lambda: (read({"up_to": newest()}), scene.mention()),
        "read twice": lambda: [read({"up_to": newest()}) for _ in range(2)],
    }


ACTIONS = (
    "told",
    "told of another ticket",
    "one read",
    "a ticket's read",
    "all read",
    "all read, then told",
    "read twice",
)


@pytest.mark.parametrize("name", ACTIONS)
def test_r06_an_old_page_with_what_was_heard_since_is_a_fresh_page(scene: Any, name: str) -> None:
    scene.mention()
    other_tab = scene.ana.connect()
    before = scene.page()
    other_tab.heard()
    actions(scene)[name]()
    heard = [[event, body] for event, body in other_tab.heard() if event.startswith("notification.")]
    for event, body in heard:
        PUSHED["/agent", event].model_validate(body)
    heard = [one for one in heard if one[0] != "notification.sound"]
    applied: Any = node.evaluate(APPLY, {"page": before, "heard": heard})
    fresh = scene.page()
    assert applied["unread"] == fresh["unread"]
    assert [(row["id"], row["read_at"]) for row in applied["items"]] == [
        (row["id"], row["read_at"]) for row in fresh["data"]
    ]
    assert heard


def test_reading_is_ones_own_affair(scene: Any) -> None:
    theirs = scene.page()["data"][0]["id"]
    assert scene.ben.post("notifications/read", {"ids": [theirs]}).json == {"unread": 0}
    assert scene.page()["unread"] == 1


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "ids"),
        ({"ids": ["x"]}, "ids"),
        ({"ids": [str(uuid.uuid4())] * 201}, "ids"),
        ({"up_to": "yesterday"}, "up_to"),
        ({"everything": True}, "everything"),
        ({"ids": [], "ticket_id": str(uuid.uuid4())}, "ids"),
    ],
)
def test_s13_a_bad_read_is_refused_by_its_field(scene: Any, body: Any, field: str) -> None:
    answer = scene.ana.post("notifications/read", body)
    assert answer.status_code == 422
    assert field in answer.json["detail"][0]["loc"]


def test_the_desks_first_data_holds_the_count(scene: Any) -> None:
    text = scene.ana.http.get("/agent/v/all").text
    assert '"notifications": {"unread": 1}' in text


# --- the settings page ----------------------------------------------------------------------------


def everything_ticked() -> dict[str, str]:
    return {f"matrix.{kind}.{channel}": "1" for kind, on in DEFAULTS.items() for channel in on}


HERE = "/profile/notifications"
HOURS = {"quiet_from": "22:00", "quiet_to": "07:00", "timezone": "Europe/Berlin"}


def test_the_page_keeps_what_was_chosen(scene: Any) -> None:
    browser = scene.ana.http
    form = {**everything_ticked(), **HOURS, "quiet": "1"}
    del form["matrix.mention.email"]
    assert submit(browser, "/profile/notifications", form).status_code == 302
    text = browser.get("/profile/notifications").text
    assert 'name="matrix.mention.push" value="1" checked' in text
    assert 'name="matrix.mention.email" value="1">' in text
    assert 'value="Europe/Berlin"' in text


def test_an_inbox_has_a_matrix_of_its_own(scene: Any, make: Any) -> None:
    press = make.inbox(name="Press")
    path = f"/profile/notifications?inbox={press.id}"
    form = {**everything_ticked(), **HOURS}
    del form["matrix.assigned_to_me.in_app"]
    assert submit(scene.ana.http, path, form).status_code == 302
    assert 'name="matrix.assigned_to_me.in_app" value="1">' in scene.ana.http.get(path).text
    general = scene.ana.http.get("/profile/notifications").text
    assert 'name="matrix.assigned_to_me.in_app" value="1" checked' in general
    foreign = make.inbox(workspace=make.workspace("Elsewhere"))
    assert scene.ana.http.get(f"/profile/notifications?inbox={foreign.id}").status_code == 404


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"timezone": "Mars/Olympus"}, "no such time zone"),
        ({"quiet_from": "25:00"}, "time of day"),
        ({"quiet": "1", "quiet_to": "22:00"}, "end that differs"),
    ],
)
def test_a_form_that_makes_no_sense_comes_back_filled(scene: Any, wrong: Any, said: str) -> None:
    answer = submit(scene.ana.http, "/profile/notifications", {**HOURS, "matrix.mention.email": "1", **wrong})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'name="matrix.mention.email" value="1" checked' in answer.text
    assert 'name="matrix.mention.push" value="1">' in answer.text


def test_a_browser_can_be_removed_on_the_page(scene: Any) -> None:
    made = scene.ana.post("notifications/subscriptions", PUSH).json["id"]
    gone = f"{HERE}/browsers/{made}/remove"
    assert f"/browsers/{made}/remove" in scene.ana.http.get("/profile/notifications").text
    assert submit(scene.ben.http, gone, page=HERE).status_code == 404
    assert submit(scene.ana.http, gone, page=HERE).status_code == 302
    assert f"/browsers/{made}/remove" not in scene.ana.http.get("/profile/notifications").text


def test_only_this_page_may_register_a_worker(scene: Any) -> None:
    policy = "Content-Security-Policy"
    assert "parley-worker" in scene.ana.http.get("/profile/notifications").headers[policy]
    assert "parley-worker" not in scene.ana.http.get("/profile").headers[policy]
    with scene.ana.http.get("/static/push-worker.js") as worker:
        assert worker.mimetype == "text/javascript"
