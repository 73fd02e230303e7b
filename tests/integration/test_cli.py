"""The commands, each on a database that is committed to."""

import pytest
import sqlalchemy as sa

from tests.support.pages import submit
from webapp import cli, create_app
from webapp.auth import SYSTEM, acting_as
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Event, Inbox, User, Workspace
from webapp.schemas.role import RoleIn
from webapp.services.role import create_role
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

PASSWORD = "correct horse battery"


class Terminal:
    """Runs commands against one database."""

    def __init__(self, settings, monkeypatch, capsys):
        self.settings, self.monkeypatch, self.capsys = settings, monkeypatch, capsys
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    def run(self, *arguments, typed=""):
        """A command's exit code, what it said, and what it complained of."""
        import io

        self.monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = cli.main(list(arguments))
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def must(self, *arguments, typed=""):
        """What a command says that has to succeed."""
        code, out, err = self.run(*arguments, typed=typed)
        assert code == 0, err
        return out

    def app(self):
        """An app on the same database."""
        return create_app(self.settings)


@pytest.fixture
def terminal(database, tmp_path, monkeypatch, capsys):
    settings = {**database.settings(database.fresh()), "INSTANCE_PATH": str(tmp_path)}
    return Terminal(settings, monkeypatch, capsys)


@pytest.fixture
def desk(terminal):
    """A terminal of an installation that has been set up."""
    arguments = ["--workspace", "Acme", "--name", "Ada", "--email", "Ada@acme.example", "--password-stdin"]
    terminal.must("setup", *arguments, "--site", "https://shop.acme.example", typed=PASSWORD + "\n")
    return terminal


def person(terminal, email):
    app = terminal.app()
    with app.app_context():
        user = db.session.scalar(sa.select(User).where(User.email == email))
        db.session.expunge(user)
        db.session.remove()
        db.engine.dispose()
    return user


def can_sign_in(terminal, email, password):
    app = terminal.app()
    answer = submit(app.test_client(), "/sign-in", {"email": email, "password": password})
    with app.app_context():
        db.engine.dispose()
    return answer.status_code == 302


def test_setup_makes_workspace_admin_and_inbox(desk):
    app = desk.app()
    with app.app_context():
        admin, inbox = db.session.scalar(sa.select(User)), db.session.scalar(sa.select(Inbox))
        assert (admin.email, admin.role) == ("ada@acme.example", "admin")
        assert inbox.allowed_sites == ["https://shop.acme.example"]
        with use_workspace(admin.workspace_id):
            doors = set(db.session.scalars(sa.select(Event.door)))
        assert doors == {"cli"}
        db.session.remove()
        db.engine.dispose()
    assert can_sign_in(desk, "ada@acme.example", PASSWORD)


def test_setup_works_once(desk):
    arguments = ["--workspace", "B", "--name", "B", "--email", "b@acme.example", "--password-stdin"]

    code, _, err = desk.run("setup", *arguments, typed=PASSWORD)

    assert code == 1
    assert "has been set up" in err


def test_setup_says_each_thing_that_is_wrong(terminal):
    terminal.must("migrate")
    base = ["setup", "--workspace", "A", "--name", "A", "--password-stdin"]

    assert "password: At least 10" in terminal.run(*base, "--email", "a@acme.example", typed="short")[2]
    assert "email: This is not" in terminal.run(*base, "--email", "nonsense", typed=PASSWORD)[2]
    code, _, err = terminal.run(*base, "--email", "a@acme.example", "--site", "ftp://x", typed=PASSWORD)
    assert (code, "begin with https://" in err) == (2, True)


def test_people_come(desk):
    desk.must(
        "user",
        "create",
        "bo@acme.example",
        "--name",
        "Bo",
        "--role",
        "viewer",
        "--password-stdin",
        typed=PASSWORD,
    )

    assert person(desk, "bo@acme.example").role == "viewer"
    assert can_sign_in(desk, "bo@acme.example", PASSWORD)
    assert "viewer        bo@acme.example" in desk.must("user", "list")


def test_people_are_invited_by_a_link(desk):
    out = desk.must("user", "create", "bo@acme.example", "--name", "Bo", "--invite")

    link = next(word for word in out.split() if word.startswith("http"))
    path = link.removeprefix("http://localhost:5000")
    app = desk.app()
    assert submit(app.test_client(), path, {"password": PASSWORD}).status_code == 302
    with app.app_context():
        db.engine.dispose()
    assert can_sign_in(desk, "bo@acme.example", PASSWORD)


def test_people_change_and_go(desk):
    desk.must("user", "create", "bo@acme.example", "--name", "Bo", "--password-stdin", typed=PASSWORD)

    desk.must("user", "role", "bo@acme.example", "admin")
    assert person(desk, "bo@acme.example").role == "admin"

    desk.must("user", "password", "Bo@acme.example", "--password-stdin", typed="another long password\n")
    assert not can_sign_in(desk, "bo@acme.example", PASSWORD)
    assert can_sign_in(desk, "bo@acme.example", "another long password")

    desk.must("user", "deactivate", "bo@acme.example")
    assert not can_sign_in(desk, "bo@acme.example", "another long password")
    assert "(no access)" in desk.must("user", "list")

    desk.must("user", "activate", "bo@acme.example")
    assert can_sign_in(desk, "bo@acme.example", "another long password")


def test_a_role_of_the_workspaces_own_is_given_by_its_name(desk):
    app = desk.app()
    with app.app_context():
        workspace_id = db.session.scalar(sa.select(Workspace.id))
        with use_workspace(workspace_id), acting_as(SYSTEM), transaction():
            key = create_role(RoleIn(name="Night shift", permissions=["ticket:note"])).key
        db.session.remove()
        db.engine.dispose()
    typed = ["bo@acme.example", "--name", "Bo", "--role", "night shift", "--password-stdin"]
    desk.must("user", "create", *typed, typed=PASSWORD)
    assert person(desk, "bo@acme.example").role == key

    code, _, err = desk.run("user", "role", "bo@acme.example", "day shift")
    assert code == 2
    assert key in err


def test_the_last_admin_stays(desk):
    code, _, err = desk.run("user", "deactivate", "ada@acme.example")

    assert code == 1
    assert "only admin" in err


@pytest.mark.parametrize(
    "verb", [("deactivate",), ("activate",), ("role", "agent"), ("password", "--password-stdin")]
)
def test_nobody_is_said_to_be_nobody(desk, verb):
    name, *rest = verb
    options = [word for word in rest if word.startswith("--")]
    code, _, err = desk.run(
        "user", name, "nobody@acme.example", *[w for w in rest if w not in options], *options
    )

    assert code == 1
    assert "nobody with the address" in err


def test_a_workspace_is_needed_first(terminal):
    terminal.must("migrate")

    code, _, err = terminal.run("user", "list")

    assert code == 1
    assert "setup" in err


def test_migrate_says_where_it_is(terminal):
    assert "The database is at" in terminal.must("migrate")


def test_a_command_that_is_none(terminal):
    code, _, err = terminal.run("nonsense")

    assert code == 2
    assert "No such command" in err
