"""S-12: a file opens by its own signed address while that holds, a note's file never for a customer."""

import re
import uuid
from typing import Any

import pytest

from tests.support.world import World, file_body
from webapp.signing import file_url

pytestmark = pytest.mark.integration


@pytest.fixture
def home(app: Any, make: Any, agent: Any) -> World:
    """Our workspace."""
    return World("harbour", app, make, agent)


def test_s12_only_an_untouched_address_opens_a_file(app: Any, home: World) -> None:
    url = home.files["reply"]["url"]
    prefix, claim, name = url.rsplit("/", 2)
    assert app.test_client().get(url).status_code == 200
    body, signature = claim.split("~")
    workspace, attachment, audience, expires = body.split(".")
    tampered = [
        f"{workspace}.{uuid.uuid4().hex}.{audience}.{expires}~{signature}",
        f"{uuid.uuid4().hex}.{attachment}.{audience}.{expires}~{signature}",
        f"{workspace}.{uuid.UUID(home.ids['note_file']).hex}.{audience}.{expires}~{signature}",
        f"{workspace}.{attachment}.c.{expires}~{signature}",
        f"{workspace}.{attachment}.{audience}.{int(expires) + 9000}~{signature}",
        *(
            f"{body}~{changed}"
            for changed in ("", signature[:-1], signature[::-1], signature.swapcase(), "x" * 43)
        ),
        *(
            body,
            f"~{signature}",
            "~",
            "x",
            "%00",
            body.upper() + "~" + signature,
            f"{claim}~",
            f"{claim}{claim}",
        ),
    ]
    for changed in tampered:
        answer = app.test_client().get(f"{prefix}/{changed}/{name}")
        assert answer.status_code == 404, changed
        assert answer.json["code"] == "not_found"


def test_s12_an_address_stops_working_after_half_an_hour(app: Any, home: World, clock: Any) -> None:
    url = home.files["reply"]["url"]
    clock.advance(minutes=14)
    assert app.test_client().get(url).status_code == 200
    clock.advance(minutes=17)
    assert app.test_client().get(url).status_code == 404
    fresh = home.desks["agent"].get(f"tickets/{home.ids['ticket']}").json["events"]
    urls = [item["url"] for event in fresh for item in event.get("comment", {}).get("attachments", [])]
    assert app.test_client().get(urls[0]).status_code == 200


def test_s12_a_notes_file_never_reaches_a_customer_whatever_the_address_says(app: Any, home: World) -> None:
    with app.test_request_context():
        note, workspace = uuid.UUID(home.ids["note_file"]), home.workspace.id
        as_customer, as_staff = (
            file_url(workspace, note, "note.png", audience) for audience in ("customer", "staff")
        )
    assert app.test_client().get(as_staff).status_code == 200
    assert app.test_client().get(as_customer).status_code == 404
    for path in ("state", f"events?ticket={home.ids['ticket']}&after=0"):
        told = home.maria.get(path.split("?")[0], **dict(re.findall(r"(\w+)=([^&]+)", path))).text
        assert "note.png" not in told
        assert home.ids["note_file"] not in told


def test_s12_staffs_unsent_upload_is_not_for_the_customer(app: Any, home: World) -> None:
    made = (
        home.desks["agent"].post(f"tickets/{home.ids['ticket']}/attachments", **file_body("draft.png")).json
    )
    with app.test_request_context():
        url = file_url(home.workspace.id, uuid.UUID(made["id"]), "draft.png", "customer")
    assert app.test_client().get(url).status_code == 404


def test_s12_a_signature_of_one_workspace_finds_no_file_of_another(app: Any, home: World, make: Any) -> None:
    other = make.workspace("Mountain")
    with app.test_request_context():
        url = file_url(other.id, uuid.UUID(home.files["reply"]["id"]), "reply.png", "staff")
    assert app.test_client().get(url).status_code == 404


def test_s12_an_upload_goes_on_one_comment_and_by_its_uploader_alone(home: World) -> None:
    used = home.maria.message("Look", ticket_id=home.ids["ticket"], attachment_ids=[home.ids["loose_file"]])
    stolen = home.oskar.message("Mine", attachment_ids=[home.ids["loose_file"]])
    assert home.oskar.post("comments", stolen).status_code == 422
    assert home.maria.post("comments", used).status_code == 201
    again = home.maria.message("Again", ticket_id=home.ids["ticket"], attachment_ids=[home.ids["loose_file"]])
    assert home.maria.post("comments", again).status_code == 422
    desk = home.desks["agent"]
    bound = desk.post(f"tickets/{home.ids['ticket']}/attachments", **file_body()).json["id"]
    moved = desk.reply(home.ids["other_ticket"], "There", attachment_ids=[bound])
    assert (moved.status_code, moved.json["detail"][0]["loc"]) == (422, ["body", "attachment_ids"])


def test_s12_the_same_upload_again_is_the_first_one(home: World) -> None:
    client_id = str(uuid.uuid4())
    first, again = (home.maria.post("attachments", **file_body(client_id=client_id)) for _ in range(2))
    assert first.json["id"] == again.json["id"]
    theirs = home.oskar.post("attachments", **file_body(client_id=client_id))
    assert theirs.json["id"] != first.json["id"]
