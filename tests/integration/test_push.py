"""Browser push: what leaves opens with the browser's keys alone, and goes to nobody else's address."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.push_service import PushService, Subscriber, claims
from webapp import green
from webapp.auth import acting_as
from webapp.config import settings
from webapp.database import transaction
from webapp.errors import Invalid, NotFound
from webapp.integrations import safe_http
from webapp.models import Job, PushKey, PushSubscription, UserSession
from webapp.schemas.notification import PushSubscriptionIn
from webapp.services import notification
from webapp.services import ticket as tickets
from webapp.services.notification import push
from webapp.tasks.worker import run_due
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as made:
        yield made


@pytest.fixture
def scene(make: Any, session: Any, service: PushService) -> Iterator[Any]:
    """An agent whose browser may be pushed to."""

    class Scene:
        workspace = make.workspace()
        ana = make.user(role="agent", name="Ana")
        browser = Subscriber(f"{service.url}/push/ana")

        def subscribe(self, user: Any, browser: Subscriber, **fields: Any) -> Any:
            with acting_as(make.actor(user)), transaction():
                body = PushSubscriptionIn.model_validate({**browser.subscription, **fields})
                return push.subscribe(body, browser="Firefox on Linux").id

        def assign(self, title: str = "Broken scanner") -> Any:
            with transaction():
                ticket = tickets.create_ticket(title, "", "ann@example.com", "high")
                tickets.assign_ticket(ticket.id, self.ana.id)
            return ticket

        def left(self) -> list[Any]:
            return list(session.scalars(sa.select(PushSubscription.endpoint)))

        def outcomes(self) -> list[Any]:
            query = sa.select(Job.status, Job.result, Job.last_error).where(Job.type == "notification.push")
            return [tuple(row) for row in session.execute(query.order_by(Job.id))]

    made = Scene()
    with use_workspace(made.workspace.id):
        yield made


def test_a_notification_reaches_the_browser_encrypted_and_signed(
    scene: Any, service: PushService, session: Any
) -> None:
    scene.subscribe(scene.ana, scene.browser)
    ticket = scene.assign("Broken scanner 🖨")
    run_due()
    ((headers, body),) = service.requests
    assert b"scanner" not in body
    message = scene.browser.read(body)
    assert "Broken scanner 🖨" in message["title"]
    assert message["url"] == f"/agent/v/all/t/{ticket.number}"
    said, key = claims(headers["authorization"])
    assert said["aud"] == service.url
    assert said["sub"].startswith("mailto:")
    assert 0 < said["exp"] - time.time() <= 24 * 3600
    assert key == session.scalar(sa.select(PushKey.public_key))
    assert (headers["content-encoding"], headers["urgency"], headers[":path"]) == (
        "aes128gcm",
        "high",
        "/push/ana",
    )
    assert int(headers["ttl"]) > 0


def test_the_workspaces_key_is_made_once_and_its_secret_is_sealed(scene: Any, session: Any) -> None:
    with transaction():
        assert push.public_key() == push.public_key()
    kept = session.scalars(sa.select(PushKey)).one()
    assert kept.private_box.startswith("gAAAA")


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(scene: Any, service: PushService, status: int) -> None:
    scene.subscribe(scene.ana, scene.browser)
    service.status = status
    scene.assign()
    run_due()
    assert scene.left() == []
    assert scene.outcomes() == [("completed", {"status": "gone"}, None)]


def test_a_push_service_in_trouble_is_asked_again(scene: Any, service: PushService, clock: Any) -> None:
    scene.subscribe(scene.ana, scene.browser)
    service.status = 503
    scene.assign()
    run_due()
    service.status = 201
    clock.advance(minutes=1)
    run_due()
    assert len(service.requests) == 2
    assert scene.outcomes()[0][0] == "completed"


def test_s13_a_redirect_is_never_followed(scene: Any, service: PushService) -> None:
    with PushService() as elsewhere:
        scene.subscribe(scene.ana, scene.browser)
        service.status, service.location = 307, f"{elsewhere.url}/inside"
        scene.assign()
        run_due()
        assert elsewhere.requests == []
    assert scene.outcomes()[0][0] == "failed"


def test_what_was_read_meanwhile_is_not_pushed(scene: Any, make: Any, service: PushService) -> None:
    scene.subscribe(scene.ana, scene.browser)
    ticket = scene.assign()
    with acting_as(make.actor(scene.ana)), transaction():
        notification.mark_notifications_read(ticket_id=ticket.id)
    run_due()
    assert service.requests == []


def test_a_browser_that_signed_out_is_not_pushed_to(
    scene: Any, make: Any, service: PushService, session: Any, clock: Any
) -> None:
    made_id = scene.subscribe(scene.ana, scene.browser)
    make.session_token(scene.ana)
    opened = session.scalars(sa.select(UserSession)).one()
    with transaction():
        session.get(PushSubscription, made_id).session_id = opened.id
        session.get(UserSession, opened.id).revoked_at = clock.now()
    scene.assign()
    run_due()
    assert service.requests == []


def test_a_browser_that_changes_hands_is_its_new_owners_alone(
    scene: Any, make: Any, service: PushService
) -> None:
    ben = make.user(role="agent", name="Ben")
    scene.subscribe(scene.ana, scene.browser)
    made_id = scene.subscribe(ben, scene.browser)
    scene.assign()
    run_due()
    assert service.requests == []
    with acting_as(make.actor(scene.ana)), transaction(), pytest.raises(NotFound):
        push.unsubscribe(made_id)
    with acting_as(make.actor(ben)), transaction():
        push.unsubscribe(made_id)
    assert scene.left() == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.com/x",
        "https://10.0.0.7/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/x",
        "https://intranet/x",
        "https://user:secret@push.example.com/x",
        "https://push.example.com:99999/x",
        "ftp://push.example.com/x",
        "javascript:alert(1)",
    ],
)
def test_s13_an_address_that_is_no_public_push_service_is_refused(scene: Any, endpoint: str) -> None:
    with pytest.raises(Invalid) as refused:
        scene.subscribe(scene.ana, scene.browser, endpoint=endpoint)
    assert refused.value.detail[0]["loc"][-1] == "endpoint"


def test_keys_that_are_none_are_refused(scene: Any) -> None:
    with pytest.raises(Invalid) as refused:
        scene.subscribe(scene.ana, scene.browser, keys={"p256dh": "AAAA", "auth": "AAAA"})
    assert refused.value.detail[0]["loc"][-1] == "keys"


def test_s13_this_machine_is_an_address_only_in_tests(
    app: Any, service: PushService, monkeypatch: pytest.MonkeyPatch, scene: Any
) -> None:
    with pytest.raises(safe_http.Unreachable):
        safe_http.post(service.url, b"", {}, allow_loopback=False)
    for place in ("https://127.0.0.1:1/", "https://localhost:1/", "https://10.1.2.3/"):
        with pytest.raises(safe_http.Unreachable):
            safe_http.post(place, b"", {}, allow_loopback=False)
    assert service.requests == []
    assert settings().testing


def test_s13_an_answer_without_end_is_cut_off(service: PushService) -> None:
    service.body = b"x" * 100_000
    answer = safe_http.post(service.url, b"hello", {}, allow_loopback=True, max_bytes=2048)
    assert (answer.status, len(answer.body)) == (201, 2048)


def test_nothing_is_pushed_inside_a_transaction(scene: Any) -> None:
    ready = push.Push(scene.ana.id, scene.browser.endpoint, b"", {})
    with transaction(), pytest.raises(RuntimeError, match="network"):
        push.send_push(ready)


def test_a_deadline_leaves_plain_threads_alone() -> None:
    with green.deadline(0.001):
        time.sleep(0.01)
