"""SECRET_KEY is changed: what the old one sealed or signed still opens, and is sealed anew (S-62)."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import Database
from tests.factories import Factory
from webapp import cli, create_app, migration, signing
from webapp.database import Base
from webapp.extensions import db
from webapp.models import Inbox, User, Workspace
from webapp.services.email import thread
from webapp.services.sealed import boxes

pytestmark = pytest.mark.integration

OLD, NEW = ("a-key-that-everybody-knew-by-then-" + word for word in ("old", "new"))


@pytest.fixture
def environment(database: Database, tmp_path: Path) -> dict[str, str]:
    return {**database.settings(database.fresh()), "INSTANCE_PATH": str(tmp_path), "SECRET_KEY": OLD}


def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, **settings: str) -> int:
    for name, value in {**environment, **settings}.items():
        monkeypatch.setenv(name, value)
    return cli.main(["rotate-keys"])


def sealed_rows(environment: dict[str, str]) -> list[Any]:
    """What is sealed in a user, an inbox and a workspace's settings."""
    engine = migration.owner_engine(environment["DATABASE_URL"])
    with engine.connect() as connection:
        found = [
            connection.execute(sa.select(User.second_factor_box)).scalar_one(),
            connection.execute(sa.select(Inbox.secret_box)).scalar_one(),
            connection.execute(sa.select(Workspace.settings)).scalar_one()["safety"]["secret_box"],
        ]
    engine.dispose()
    return found


@pytest.fixture
def rows(environment: dict[str, str]) -> list[Any]:
    """Secrets of each kind, sealed by the old key."""
    app = create_app(environment)
    make = Factory(app)
    workspace, user = make.workspace(), make.user()
    make.inbox()
    engine = migration.owner_engine(environment["DATABASE_URL"])
    with app.app_context(), engine.begin() as connection:
        box = sa.update(User).where(User.id == user.id).values(second_factor_box=signing.seal("totp"))
        connection.execute(box)
        kept = {"safety": {"secret_box": signing.seal("oidc"), "empty_box": ""}, "other": {"hours": 3}}
        connection.execute(sa.update(Workspace).where(Workspace.id == workspace.id).values(settings=kept))
        db.engine.dispose()
    engine.dispose()
    return sealed_rows(environment)


def opened(environment: dict[str, str], found: list[Any]) -> list[str]:
    app = create_app(environment)
    with app.app_context():
        return [signing.unseal(box) for box in found]


def test_s62_every_secret_is_sealed_anew_and_the_old_key_can_go(
    environment: dict[str, str], rows: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = opened(environment, rows)
    both = {**environment, "SECRET_KEY": NEW, "PREVIOUS_SECRET_KEYS": OLD}
    assert opened(both, rows) == secrets
    assert run(both, monkeypatch) == 0
    after = sealed_rows(environment)
    assert opened({**environment, "SECRET_KEY": NEW}, after) == secrets
    assert run(both, monkeypatch) == 0
    assert sealed_rows(environment) == after


def test_s62_secrets_that_no_key_opens_are_counted_and_kept(
    environment: dict[str, str], rows: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert run(environment, monkeypatch, SECRET_KEY=NEW) == 1
    assert "3 of 3 secrets are opened by none" in capsys.readouterr().err
    assert sealed_rows(environment) == rows


def test_what_the_old_key_signed_still_opens(environment: dict[str, str]) -> None:
    ids = uuid.uuid4(), uuid.uuid4()
    made, ticket_id = create_app(environment), uuid.uuid4()
    with made.app_context():
        key = signing.hook_key(*ids)
        token, message = thread.reply_token(ticket_id, "maria@example.com"), thread.message_id(ticket_id, "0")
    for name, knows in (("both", True), ("new", False)):
        previous = OLD if name == "both" else ""
        app = create_app({**environment, "SECRET_KEY": NEW, "PREVIOUS_SECRET_KEYS": previous})
        with app.app_context():
            assert signing.open_hook_key(key) == (ids if knows else None)
            claim = thread.open_reply_token(token)
            assert (claim is not None and claim.is_from("Maria@example.com")) is knows
            assert thread.read_message_id(message) == (ticket_id if knows else None)
            assert signing.open_hook_key(signing.hook_key(*ids)) == ids


def test_s62_every_sealed_column_is_found() -> None:
    names = {f"{table.name}.{column.name}" for table, column in boxes()}
    assert {"users.second_factor_box", "inboxes.secret_box", "idempotent_answers.body"} <= names
    assert names - {"idempotent_answers.body"} == {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if "box" in column.name.split("_")
    }
    assert all(len(table.primary_key.columns) == 1 for table, _ in boxes())
