"""Who is here, who looks at what, who loses access: over the socket, in one process."""

import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Presence, User, UserSession, VisitorToken
from webapp.realtime import presence, revocation, server
from webapp.services import presence as rows
from webapp.services import viewing

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def nobody_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's memory of who is here, empty, and no minute of grace."""
    for name in ("_sockets", "_leaving", "_available"):
        monkeypatch.setattr(presence, name, type(getattr(presence, name))())
    presence._sockets.default_factory = set
    monkeypatch.setattr(server, "_connections", {})
    monkeypatch.setattr(revocation, "_looked_at", None)


@pytest.fixture
def scene(make: Any, visitor: Any, agent: Any) -> Any:
    """An inbox, a visitor, and two agents of whom Ana watches."""
    workspace = make.workspace()
    ana, ben = make.user(name="Ana", availability="away"), make.user(name="Ben")
    inbox = make.inbox()
    maria = visitor(inbox)
    return SimpleNamespace(
        workspace=workspace, ana=ana, ben=ben, maria=maria, desk=agent(ana), other=agent(ben), inbox=inbox
    )


def online(app: Any, kind: str, workspace: Any) -> set[uuid.UUID]:
    with app.app_context():
        return rows.online_ids(kind, workspace.id)


def available(app: Any, workspace: Any) -> bool:
    with app.app_context():
        return rows.anyone_available(workspace.id)


def after(app: Any, call: Any) -> None:
    with app.app_context():
        call()


def test_somebody_comes_and_is_gone_after_the_grace_period(app: Any, scene: Any, clock: Any) -> None:
    watcher = scene.desk.connect()
    assert not available(app, scene.workspace), "Ana is away"
    first, second = scene.other.connect(), scene.other.connect()
    assert watcher.heard("user.presence")[1:] == [
        {"user_id": str(scene.ben.id), "availability": "online", "reason": None, "online": True}
    ]
    assert available(app, scene.workspace)
    first.client.disconnect("/agent")
    second.client.disconnect("/agent")
    after(app, presence.announce_gone)
    assert watcher.heard("user.presence") == [], "a reload is no goodbye"
    assert scene.ben.id in online(app, "user", scene.workspace)
    clock.advance(seconds=1)
    after(app, presence.announce_gone)
    assert watcher.heard("user.presence") == [
        {"user_id": str(scene.ben.id), "availability": "online", "reason": None, "online": False}
    ]
    assert online(app, "user", scene.workspace) == {scene.ana.id}
    assert not available(app, scene.workspace)


def test_who_comes_back_in_time_has_not_been_away(app: Any, scene: Any, clock: Any) -> None:
    watcher = scene.desk.connect()
    scene.other.connect().client.disconnect("/agent")
    watcher.heard()
    scene.other.connect()
    clock.advance(seconds=1)
    after(app, presence.announce_gone)
    assert watcher.heard("user.presence") == []


def test_customers_hear_when_somebody_can_answer_and_when_nobody_can(
    app: Any, scene: Any, clock: Any
) -> None:
    maria = scene.maria.connect()
    scene.desk.connect()
    maria.heard()
    ben = scene.other.connect()
    assert [body["state"] for body in maria.heard("availability.updated")] == ["online"]
    assert ben.say("availability.set", {"availability": "away"})["ok"]
    assert [body["state"] for body in maria.heard("availability.updated")] == ["nobody"]
    assert ben.say("availability.set", {"availability": "online"})["ok"]
    ben.client.disconnect("/agent")
    clock.advance(seconds=1)
    after(app, presence.announce_gone)
    assert [body["state"] for body in maria.heard("availability.updated")] == ["online", "nobody"]


def test_colleagues_see_a_change_of_availability(app: Any, scene: Any) -> None:
    watcher, ben = scene.desk.connect(), scene.other.connect()
    watcher.heard()
    ben.must("availability.set", {"availability": "busy"})
    assert watcher.heard("user.presence") == [
        {"user_id": str(scene.ben.id), "availability": "busy", "reason": None, "online": True}
    ]


def test_staff_see_a_customer_come_move_and_go(app: Any, scene: Any, clock: Any) -> None:
    watcher = scene.desk.connect()
    maria = scene.maria.connect()
    maria.must("page.update", {"url": "https://shop.example/cart", "title": "Cart"})
    maria.client.disconnect("/chat")
    clock.advance(seconds=1)
    after(app, presence.announce_gone)
    heard = watcher.heard("customer.presence")
    assert [body["online"] for body in heard] == [True, True, False]
    assert heard[1]["page"] == {"url": "https://shop.example/cart", "title": "Cart"}


def test_a_process_that_died_is_forgotten_once_its_rows_run_out(app: Any, scene: Any, clock: Any) -> None:
    watcher = scene.desk.connect()
    with app.app_context():
        with transaction() as session:
            session.add(
                Presence(
                    process_id="dead",
                    subject_id=scene.ben.id,
                    kind="user",
                    workspace_id=scene.workspace.id,
                    expires_at=clock.now() + timedelta(seconds=30),
                )
            )
        assert rows.is_online("user", scene.ben.id)
        presence.renew()
        assert rows.is_online("user", scene.ben.id)
    clock.advance(seconds=31)
    watcher.heard()
    after(app, presence.renew)
    assert [body["online"] for body in watcher.heard("user.presence")] == [False]
    assert online(app, "user", scene.workspace) == {scene.ana.id}, "our own rows were renewed"


def test_a_row_that_another_process_swept_comes_back(app: Any, scene: Any, clock: Any) -> None:
    scene.desk.connect()
    with app.app_context(), transaction() as session:
        session.execute(sa.delete(Presence))
    assert online(app, "user", scene.workspace) == set()
    after(app, presence.renew)
    assert online(app, "user", scene.workspace) == {scene.ana.id}


def test_who_was_here_before_a_restart_counts_for_a_minute(
    app: Any, scene: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.other.connect()
    clock.advance(seconds=90)
    assert not available(app, scene.workspace), "nothing was renewed"
    monkeypatch.setattr(rows, "just_started", lambda: True)
    assert available(app, scene.workspace)
    after(app, presence.renew)
    clock.advance(minutes=20)
    assert not available(app, scene.workspace), "that was yesterday"


def test_viewers_are_shown_once_each_and_leave_with_their_last_tab(app: Any, scene: Any) -> None:
    ticket_id = scene.maria.write("Hello")["ticket"]["id"]
    watcher, tab, other_tab = scene.desk.connect(), scene.other.connect(), scene.other.connect()
    tab.must("presence.update", {"ticket_id": ticket_id, "state": "replying"})
    other_tab.must("presence.update", {"ticket_id": ticket_id, "state": "viewing"})
    assert viewing.viewers(uuid.UUID(ticket_id)) == [{"user_id": str(scene.ben.id), "state": "replying"}]
    tab.client.disconnect("/agent")
    other_tab.must("presence.update", {"ticket_id": ticket_id, "state": "left"})
    assert viewing.viewers(uuid.UUID(ticket_id)) == []
    states = [body["state"] for body in watcher.heard("presence.updated")]
    assert states == ["replying", "replying", "viewing", "left"]
    assert viewing.viewed_by("nobody") == []


# --- losing access --------------------------------------------------------------------------------


def test_r13_what_another_process_revoked_is_found_by_looking(app: Any, scene: Any, clock: Any) -> None:
    staff, customer = scene.desk.connect(), scene.maria.connect()
    with app.app_context():
        revocation.poll()
        assert staff.is_connected
        with transaction() as session:
            for model in (UserSession, VisitorToken):
                session.execute(sa.update(model).values(revoked_at=clock.now()))
        clock.advance(seconds=1)
        revocation.poll()
    assert not staff.is_connected
    assert not customer.is_connected
    assert last_words(staff) == ("session.ended", [{"reason": "revoked"}])
    assert last_words(customer) == ("visitor.ended", [{"reason": "revoked"}])


def test_r13_the_reason_is_told_alike_whoever_finds_the_session_ended(
    app: Any, scene: Any, clock: Any
) -> None:
    staff = scene.desk.connect()
    with app.app_context():
        with transaction() as session:  # as another process: nobody is told here
            session.execute(sa.update(UserSession).values(revoked_at=clock.now(), ended_for="signed_out"))
        clock.advance(seconds=1)
        revocation.poll()
    assert last_words(staff) == ("session.ended", [{"reason": "signed_out"}])


def last_words(socket: Any) -> Any:
    """The last event that a socket got before it was closed."""
    event = socket.client.queue[-1]
    return event["name"], event["args"]


def test_r13_a_deactivated_person_is_put_out(app: Any, scene: Any, clock: Any) -> None:
    staff = scene.desk.connect()
    with app.app_context():
        with transaction() as session:
            session.execute(sa.update(User).where(User.id == scene.ana.id).values(deactivated_at=clock.now()))
        revocation.poll()
    assert not staff.is_connected


def test_what_has_reached_its_age_is_put_out(app: Any, scene: Any, clock: Any) -> None:
    staff = scene.desk.connect()
    after(app, revocation.end_expired)
    assert staff.is_connected
    clock.advance(days=40)
    after(app, revocation.end_expired)
    assert not staff.is_connected
    assert server.connections() == []
    after(app, revocation.end_expired)


def test_s07_a_command_after_the_end_is_refused_and_ends_the_socket(app: Any, scene: Any, clock: Any) -> None:
    staff = scene.desk.connect()
    with app.app_context(), transaction() as session:
        session.execute(sa.update(UserSession).values(revoked_at=clock.now()))
    clock.advance(seconds=3)
    answer = staff.say("availability.set", {"availability": "busy"})
    assert answer["error"]["code"] == "unauthenticated"
    assert not staff.is_connected


def test_goodbye_goes_to_everybody_who_was_let_in(app: Any, scene: Any) -> None:
    staff, customer = scene.desk.connect(), scene.maria.connect()
    server.say_goodbye()
    for socket in (staff, customer):
        assert 0 < socket.heard("server.restarting")[0]["retry_in"] < 10


# --- health ---------------------------------------------------------------------------------------


def test_readiness_says_why_not(app: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from webapp.pages import health

    assert client.get("/readyz").json == {"status": "ok"}
    monkeypatch.setattr(health, "_head", lambda: "0099")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "schema is of another version"})
    monkeypatch.setattr(health, "VERSION", "SELECT nothing FROM nowhere")
    assert client.get("/readyz").status_code == 503
    monkeypatch.setitem(app.extensions, "parley_draining", True)
    assert client.get("/readyz").json == {"status": "draining"}
    assert client.get("/healthz").json == {"status": "ok"}


def test_a_database_that_hangs_does_not_take_readiness_along(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.pages import health

    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(health.green, "soon", lambda call: None)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "database does not answer"})


def test_finished_jobs_are_forgotten_after_two_weeks(session: Any, clock: Any) -> None:
    from webapp.models import Job
    from webapp.services.job import enqueue
    from webapp.tasks import schedule, worker

    with transaction():
        enqueue("nobody knows", {}, max_attempts=1)
    worker.run_due()
    schedule.forget_finished_jobs()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 1
    clock.advance(days=15)
    schedule.forget_finished_jobs()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0
