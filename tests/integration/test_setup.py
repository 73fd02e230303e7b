"""The first run, on an empty database."""

import threading

import pytest
import sqlalchemy as sa

from tests.support.pages import csrf_token, submit
from webapp import create_app
from webapp.extensions import db
from webapp.models import Event, Inbox, TicketNumber, User, Workspace, WorkspaceFeed
from webapp.services import workspace as workspaces
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

FORM = {
    "workspace": "Acme & Söhne",
    "name": "Ada Admin",
    "email": "ada@acme.example",
    "password": "correct horse battery",
    "inbox": "Shop",
    "allowed_sites": "https://shop.acme.example/",
}


@pytest.fixture
def count(app):
    def rows(model):
        with app.app_context():
            return db.session.scalar(
                sa.select(sa.func.count()).select_from(model), execution_options={"unscoped": True}
            )

    return rows


def test_an_empty_installation_leads_to_it(client):
    assert client.get("/").location == "/setup"
    assert client.get("/setup").status_code == 200


def test_makes_workspace_admin_and_inbox_and_signs_in(app, client, count):
    answer = submit(client, "/setup", FORM)

    assert answer.location == "/settings/start"
    assert client.get("/settings/start").status_code == 200
    with app.app_context():
        workspace = db.session.scalar(sa.select(Workspace))
        admin = db.session.scalar(sa.select(User))
        inbox = db.session.scalar(sa.select(Inbox))
        assert (workspace.name, workspace.slug) == ("Acme & Söhne", "acme-sohne")
        assert (admin.role, admin.email) == ("admin", "ada@acme.example")
        assert inbox.allowed_sites == ["https://shop.acme.example"]
        with use_workspace(workspace):
            names = db.session.scalars(sa.select(Event.name).order_by(Event.workspace_seq)).all()
            assert names == ["workspace.created", "user.created", "inbox.created", "session.created"]
            assert db.session.scalar(sa.select(WorkspaceFeed.seq)) == 4
            assert db.session.scalar(sa.select(TicketNumber.number)) == 0


def test_is_gone_once_there_is_a_workspace(client, make, count):
    token = csrf_token(client, "/setup")
    make.workspace()

    assert client.get("/").location == "/agent"
    assert client.get("/setup").status_code == 404
    assert client.post("/setup", data={"csrf_token": token, **FORM}).status_code == 404
    assert count(User) == 0


@pytest.mark.parametrize(
    "field, value",
    [
        ("workspace", ""),
        ("name", " "),
        ("email", "nonsense"),
        ("password", "short"),
        ("allowed_sites", "ftp://acme.example"),
        ("role", "admin"),
    ],
)
def test_a_mistake_makes_nothing_and_loses_nothing(client, count, field, value):
    answer = submit(client, "/setup", {**FORM, field: value})

    assert answer.status_code == 422
    assert [count(model) for model in (Workspace, User, Inbox)] == [0, 0, 0]
    assert "Ada Admin" in answer.text or field == "name"
    assert FORM["password"] not in answer.text


class TestStrangers:
    FAR = {"REMOTE_ADDR": "203.0.113.9"}

    def test_need_the_code_that_the_server_printed(self, app, client, count):
        page = client.get("/setup", environ_base=self.FAR)
        assert 'name="code"' in page.text
        token = csrf_token(client, "/setup")
        wrong = {"csrf_token": token, **FORM, "code": "0000-0000-0000-0000"}

        answer = client.post("/setup", data=wrong, environ_base=self.FAR)

        assert answer.status_code == 422
        assert "not the code" in answer.text
        assert count(Workspace) == 0

    def test_who_know_it_are_let_in(self, app, client, count):
        with app.app_context():
            code = workspaces.setup_code()
            path = app.config["PARLEY"].instance_path / "setup_code"
            assert path.stat().st_mode & 0o077 == 0
        token = csrf_token(client, "/setup")

        answer = client.post(
            "/setup", data={"csrf_token": token, **FORM, "code": f" {code} "}, environ_base=self.FAR
        )

        assert answer.status_code == 302
        assert count(Workspace) == 1
        assert not path.exists()

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Forwarded-Host"])
    def test_behind_a_proxy_on_this_machine_are_strangers(self, client, header):
        assert 'name="code"' in client.get("/setup", headers={header: "203.0.113.9"}).text

    def test_of_a_public_address_are_strangers(self, database):
        made = create_app({**database.settings(database.fresh()), "BASE_URL": "https://desk.example.com"})
        page = made.test_client().get("/setup", base_url="https://desk.example.com")

        assert 'name="code"' in page.text
        with made.app_context():
            db.engine.dispose()

    def test_cannot_guess_it(self, client):
        token = csrf_token(client, "/setup")
        wrong = {"csrf_token": token, **FORM, "code": "0"}
        statuses = [client.post("/setup", data=wrong, environ_base=self.FAR).status_code for _ in range(11)]

        assert statuses == [422] * 10 + [429]


def test_two_at_the_same_time_make_one(database):
    made = create_app(database.settings(database.fresh()))
    statuses = []

    def run(number):
        browser = made.test_client()
        answer = submit(browser, "/setup", {**FORM, "email": f"ada{number}@acme.example"})
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [302, 404, 404, 404]
    with made.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Workspace)) == 1
        db.session.remove()
        db.engine.dispose()
