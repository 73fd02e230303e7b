"""Imports as an admin sees them, and as a program asks for them."""

import dataclasses
import io
from typing import Any

import pytest

from tests.support.browsers import StaffBrowser
from tests.support.world import file_body
from webapp.tasks.worker import run_due

pytestmark = pytest.mark.integration

HEAD = b"nr,subject,requester_email,status\n"
ROWS = HEAD + b"1,Broken lamp,ann@example.com,open\n2,,ann@example.com,open\n=3,x,,\n"
HERE = "/settings/import"


@pytest.fixture
def nora(app: Any, make: Any, sign_in: Any) -> StaffBrowser:
    make.workspace()
    admin = make.user(role="admin", name="Nora")
    return StaffBrowser(app, admin, sign_in(admin))


def work(app: Any) -> None:
    with app.app_context():
        run_due()


def csrf(browser: Any) -> str:
    page = browser.get(HERE).text
    return str(page.partition('name="csrf_token" value="')[2].partition('"')[0])


def send(client: Any, data: bytes = ROWS, subject: str = "ticket", **more: Any) -> Any:
    body = {"file": (io.BytesIO(data), "rows.csv"), "subject": subject, "csrf_token": csrf(client), **more}
    return client.post(HERE, data=body, content_type="multipart/form-data")


def post(client: Any, path: str, **fields: str) -> Any:
    return client.post(path, data={"csrf_token": csrf(client), **fields})


@pytest.fixture
def client_of_nora(sign_in: Any, make: Any) -> Any:
    make.workspace()
    return sign_in(make.user(role="admin", name="Nora"))


def test_from_a_file_to_tickets_and_back(client_of_nora: Any, app: Any) -> None:
    client = client_of_nora
    answer = send(client)
    assert answer.status_code == 302
    path = answer.location
    page = client.get(path).text
    assert "which column is what" in page
    assert "nr: 1" in page
    chosen = {"ticket.id": "nr", "ticket.title": "subject", "ticket.customer_email": "requester_email"}
    assert post(client, f"{path}/mapping", **chosen, **{"ticket.status": "status"}).status_code == 302
    assert "Being tried" in client.get(path).text
    work(app)
    page = client.get(path).text
    assert "What would happen" in page
    assert "Take the rows in" in page
    assert "This must not be empty" in page
    problems = client.get(f"{path}/problems.csv")
    assert problems.headers["Content-Disposition"] == 'attachment; filename="problems-rows.csv"'
    lines = problems.text.removeprefix("\ufeff").splitlines()
    assert lines[0] == '"row","id","field","problem"'
    assert lines[1] == '2,"2","title","This must not be empty"'
    assert lines[2].startswith('3,"\'=3","customer_email"')
    assert post(client, f"{path}/run").status_code == 302
    work(app)
    page = client.get(path).text
    assert "All rows have been gone through" in page
    assert "Taken in" in client.get(HERE).text
    assert "Take it back" in post(client, f"{path}/undo").text
    assert post(client, f"{path}/undo", confirm="rows.csv").status_code == 302
    work(app)
    assert "in the trash" in client.get(path).text


def test_what_is_wrong_is_told_at_its_field(client_of_nora: Any) -> None:
    client = client_of_nora
    for data, subject, says in (
        (b"", "ticket", "Choose a file"),
        (b"PK\x03\x04", "ticket", "archive"),
        (b"id\n1", "macro", "One of"),
    ):
        answer = send(client, data, subject) if data else post(client, HERE, subject="ticket")
        assert (answer.status_code, says in answer.text) == (422, True), says
    path = send(client).location
    answer = post(client, f"{path}/mapping", **{"ticket.id": "nothing", "ticket.title": "subject"})
    assert (answer.status_code, "no such column" in answer.text) == (422, True)
    for verb in ("run", "stop"):
        assert post(client, f"{path}/{verb}").status_code == 409


def test_s43_a_file_without_the_pages_token_is_refused(client_of_nora: Any) -> None:
    body = {"file": (io.BytesIO(ROWS), "rows.csv"), "subject": "ticket"}
    assert client_of_nora.post(HERE, data=body, content_type="multipart/form-data").status_code == 403
    assert "None yet" in client_of_nora.get(HERE).text


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    client_of_nora: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = dataclasses.replace(app.config["PARLEY"], import_bytes=10)
    monkeypatch.setitem(app.config, "PARLEY", small)
    big = b"id,title\n" + b"1,x\n" * 40_000
    assert send(client_of_nora, big).status_code == 413
    assert send(client_of_nora, ROWS).status_code in (413, 422)


def test_a_program_does_the_same(nora: StaffBrowser, app: Any) -> None:
    made = nora.post("imports", **file_body("rows.csv", ROWS, subject="ticket", source="old desk"))
    assert made.status_code == 201, made.text
    found = made.json["import"]
    assert (found["source"], found["phase"], found["size"]) == ("old desk", "uploaded", len(ROWS))
    place = f"imports/{found['id']}"
    mapping = {"ticket": {**found["mapping"]["ticket"], "id": "nr"}}
    assert nora.send("PATCH", place, {"mapping": mapping}).json["import"]["mapping"] == mapping
    asked = nora.post(f"{place}/work", {"work": "check"})
    assert (asked.status_code, asked.json["import"]["job"]["status"]) == (202, "pending")
    work(app)
    tried = nora.get(place).json["import"]
    assert (tried["phase"], tried["problems"]) == ("checked", 2)
    listed = nora.get(f"{place}/problems", limit=1).json["problems"]
    assert listed[0]["row"] == 2
    rest = nora.get(f"{place}/problems", after=listed[0]["id"]).json["problems"]
    assert [one["row"] for one in rest] == [3]
    nora.post(f"{place}/work", {"work": "run"})
    work(app)
    assert nora.get(place).json["import"]["counts"] == {"ticket": {"created": 1, "failed": 2}}
    assert nora.post(f"{place}/work", {"work": "run"}).status_code == 409
    assert nora.post(f"{place}/work", {"work": "undo"}).status_code == 202
    assert nora.post(f"{place}/work", {"work": "stop"}).status_code == 202
    assert [one["phase"] for one in nora.get("imports").json["imports"]] == ["completed"]
    assert nora.post("imports", **file_body("rows.csv", ROWS, subject="x")).status_code == 422
