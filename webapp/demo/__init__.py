"""The demo: a workspace in the middle of its day, made through the same services as everything else.

Its accounts get random passwords, kept in the instance folder for the owner's eyes and printed at each start.
"""

import json
import os
import secrets
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, has_app_context

from webapp import clock
from webapp.auth import SYSTEM, acting_as
from webapp.config import Settings, settings
from webapp.database import read_only, transaction, uuid7
from webapp.demo.conversations import CONVERSATIONS
from webapp.demo.house import furnish, open_doors
from webapp.demo.past import DAYS, QUIET
from webapp.demo.past_rows import write_past
from webapp.demo.story import STAFF, WORKSPACE
from webapp.demo.telling import tell
from webapp.extensions import db
from webapp.models import Inbox
from webapp.services import user as users
from webapp.services import workspace as workspaces
from webapp.tenancy import use_workspace

DAYS_OPEN = timedelta(days=DAYS + 2)
"""So long ago the demo's workspace was set up."""


@dataclass(frozen=True)
class Demo:
    """The demo workspace's inbox and accounts."""

    inbox_key: str
    accounts: list[dict[str, str]]


def ensure_demo(app: Flask) -> Demo | None:
    """Makes the demo if there is no workspace yet, and prints its accounts and addresses.

    None where there is a workspace that is not the demo's.
    """
    with nullcontext() if has_app_context() else app.app_context():
        with read_only():
            is_empty = not workspaces.any_workspace()
        found = _build() if is_empty else _read()
        if found is not None:
            click.echo(_table(found, settings()))
        return found


# --- making it ------------------------------------------------------------------------------------


def _build() -> Demo:
    passwords = [secrets.token_urlsafe(9) for _ in STAFF]
    hashes = [users.new_password_hash(password) for password in passwords]
    accounts = [
        {"role": role, "name": name, "email": email, "password": password}
        for (role, name, email), password in zip(STAFF, passwords, strict=True)
    ]
    now = clock.now()
    with use_workspace(uuid7()), acting_as(SYSTEM):
        with clock.moved(now - DAYS_OPEN), transaction():
            cast = furnish(hashes)
        made = Demo(cast.inbox_key, accounts)
        _keep(made)
        with clock.moved(now - QUIET), transaction():
            write_past(cast, now)
        for told in sorted(CONVERSATIONS, key=lambda conversation: -conversation.began):
            tell(told, cast, now)
        with clock.moved(now), transaction():
            open_doors(cast, now)
    return made


# --- keeping and showing it -----------------------------------------------------------------------


def _path() -> Path:
    return settings().instance_path / "demo_accounts.json"


def _keep(made: Demo) -> None:
    body = json.dumps({"inbox_key": made.inbox_key, "accounts": made.accounts}, indent=2) + "\n"
    descriptor = os.open(_path(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(body)


def _read() -> Demo | None:
    try:
        kept = json.loads(_path().read_text())
        found = Demo(kept["inbox_key"], kept["accounts"])
    except (OSError, ValueError, KeyError):
        return None
    with read_only():
        known = db.session.scalar(sa.select(Inbox.id).where(Inbox.key == found.inbox_key))
    return found if known else None


def _table(made: Demo, current: Settings) -> str:
    rows = [f"    {row['role']:<13} {row['email']:<24} {row['password']}" for row in made.accounts]
    lines = (
        "",
        f"  {WORKSPACE}, the demo workspace",
        "",
        f"    Desk          {current.base_url}/agent",
        f"    Shop          http://{_shop_host(current)}:{current.demo_port}/",
        f"    Chat page     {current.base_url}/chat/{made.inbox_key}",
        "",
        *rows,
        "",
    )
    return "\n".join(lines)


def _shop_host(current: Settings) -> str:
    # Another name than the desk's: to a browser the shop is then another site, as a customer's would be.
    return "127.0.0.1" if "localhost" in current.base_url else "localhost"
