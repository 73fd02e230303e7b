"""Commands: `python wsgi.py <command>` and `flask <command>`."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from webapp import migration
from webapp.auth import ADMIN, ROLES, SYSTEM, acting_as
from webapp.config import ROOT, settings
from webapp.database import read_only, transaction, uuid7
from webapp.errors import AppError
from webapp.schemas.inbox import normalised_sites
from webapp.services import account_token, search
from webapp.services import inbox as inboxes
from webapp.services import user as users
from webapp.services import workspace as workspaces
from webapp.tenancy import use_workspace

people = AppGroup("user", help="Who works here.")
searching = AppGroup("search", help="The full-text search.")
CLI = replace(SYSTEM, door="cli")


def register_cli(app: Flask) -> None:
    """Registers the commands."""
    for command in (setup, people, migrate, demo, export_asyncapi, work, write_export, searching):
        app.cli.add_command(command)


def main(argv: list[str]) -> int:
    """Runs one command and returns its exit code; what is wrong is said in one line each."""
    from webapp.app import create_app

    app = create_app(_demo_settings())
    with app.app_context():
        try:
            app.cli.main(args=argv, prog_name="wsgi.py", standalone_mode=False)
        except AppError as error:
            _complain(error)
            return 1
        except click.exceptions.Abort:
            return 130
        except click.ClickException as error:
            error.show()
            return error.exit_code
    return 0


def _demo_settings() -> dict[str, str]:
    """Beside a demo, and with nothing else said, commands are about the demo: they need its own key."""
    kept = Path(os.environ.get("INSTANCE_PATH") or ROOT / "instance") / "secret_key"
    said = {"SECRET_KEY", "DEMO", "DATABASE_URL", "TESTING"} & os.environ.keys()
    return {"DEMO": "1"} if kept.exists() and not said else {}


def _complain(error: AppError) -> None:
    for item in error.detail or [{"loc": [], "msg": error.message}]:
        name = ".".join(str(part) for part in item["loc"][1:])
        click.echo(f"{name}: {item['msg']}" if name else item["msg"], err=True)


# --- setting up -----------------------------------------------------------------------------------


def password_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--password-stdin`, else the command asks; never an argument, which others could read."""
    return click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")(
        command
    )


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@click.command()
@click.option("--workspace", prompt="Workspace", help="Your company or team, as customers know it.")
@click.option("--name", prompt="Your name")
@click.option("--email", prompt="Your e-mail address")
@click.option("--inbox", default="", help="The first inbox's name; else the workspace's.")
@click.option("--site", "sites", multiple=True, help="Where its chat may appear: https://shop.example.com")
@password_option
def setup(
    *, workspace: str, name: str, email: str, inbox: str, sites: tuple[str, ...], password_stdin: bool
) -> None:
    """Make the workspace, its admin and its first inbox."""
    migration.upgrade(settings())
    try:
        allowed = normalised_sites(list(sites))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--site") from None
    password_hash = users.new_password_hash(_password(password_stdin))
    with acting_as(CLI), use_workspace(uuid7()), transaction():
        workspaces.create_workspace(workspace, only_first=True)
        users.create_user(email, name, ADMIN, password_hash=password_hash)
        key = inboxes.create_inbox(inbox or workspace, allowed_sites=allowed).key
    workspaces.forget_setup_code()
    base = settings().base_url
    click.echo(f"Done. Sign in at {base}/sign-in as {email}.")
    click.echo(f'Put this into your website: <script async src="{base}/w/{key}.js"></script>')


@click.command()
def migrate() -> None:
    """Bring the database to this version of Parley."""
    migration.upgrade(settings())
    click.echo(f"The database is at {migration.current_revision(settings())}.")


@click.command()
def demo() -> None:
    """Fill an empty database with a living demo workspace."""
    from webapp.demo import ensure_demo

    migration.upgrade(settings())
    if ensure_demo(current_app._get_current_object()) is None:  # type: ignore[attr-defined]  # noqa: SLF001
        raise click.ClickException("There is a workspace already, and it is not the demo's")


@click.command("export-asyncapi")
def export_asyncapi() -> None:
    """Write docs/asyncapi.json from the schemas of the live protocol."""
    from webapp.realtime.asyncapi import document

    path = ROOT / "docs" / "asyncapi.json"
    path.write_text(json.dumps(document(), indent=2) + "\n")
    click.echo(f"Wrote {path.relative_to(ROOT)}")


@click.command("worker")
@click.option("--concurrency", default=4, show_default=True, help="How many jobs at a time.")
def work(concurrency: int) -> None:
    """Do background work in a process of its own, beside those that serve."""
    if settings().is_sqlite:
        raise click.ClickException("Workers of their own need PostgreSQL: SQLite belongs to one process")
    from webapp.tasks.process import run_worker

    run_worker(current_app._get_current_object(), concurrency)  # type: ignore[attr-defined]  # noqa: SLF001


@click.command("write-export", hidden=True)
@click.argument("job_id", type=click.UUID)
@click.argument("path", type=click.Path(path_type=Path))
def write_export(job_id: Any, path: Path) -> None:
    """Write an export's rows to a file: what a serving process hands to a child."""
    from webapp.tasks.export import write_in_child

    write_in_child(job_id, path)


# --- people ---------------------------------------------------------------------------------------


def workspace_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--workspace`, needed only where there are several."""
    return click.option("--workspace", "slug", help="The workspace's short name, where there are several.")(
        command
    )


def _inside(slug: str | None) -> AbstractContextManager[Any]:
    """The workspace that a command is about, with the command line acting."""
    with read_only():
        found = workspaces.find_workspace(slug)
        found_id = found.id if found else None
    if found_id is None:
        raise click.ClickException("Which workspace? Name it by --workspace, or make one by `setup`")
    doors = ExitStack()
    doors.enter_context(acting_as(CLI))
    doors.enter_context(use_workspace(found_id))
    return doors


def _of(email: str) -> AbstractContextManager[Any]:
    """The workspace of the person with that address."""
    with read_only():
        found = users.find_by_email(email)
        workspace_id = found.workspace_id if found else None
    if workspace_id is None:
        raise click.ClickException(f"There is nobody with the address {email}")
    doors = ExitStack()
    doors.enter_context(acting_as(CLI))
    doors.enter_context(use_workspace(workspace_id))
    return doors


def _id_of(email: str) -> Any:
    found = users.find_by_email(email)
    assert found is not None
    return found.id


@searching.command("rebuild")
@workspace_option
def rebuild_search(slug: str | None) -> None:
    """Make the index of a workspace's tickets, comments and customers again."""
    with _inside(slug), transaction():
        count = search.rebuild()
        search.mend()
    click.echo(f"{count} texts can be searched.")


@people.command("create")
@click.argument("email")
@click.option("--name", prompt="Name")
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True)
@click.option("--invite", is_flag=True, help="Print a link by which they set a password themselves.")
@workspace_option
@password_option
def create(*, email: str, name: str, role: str, invite: bool, slug: str | None, password_stdin: bool) -> None:
    """Add somebody."""
    password_hash = None if invite else users.new_password_hash(_password(password_stdin))
    with _inside(slug), transaction():
        made = users.create_user(email, name, role, password_hash=password_hash, mail_link=False)
        token = account_token.issue(made.id, "invite") if invite else None
    click.echo(f"{name} is here as {role}.")
    if token:
        click.echo(f"This link works once, for 7 days: {settings().base_url}{account_token.path(token)}")


@people.command("list")
@workspace_option
def list_people(slug: str | None) -> None:
    """Show everybody."""
    with _inside(slug), read_only():
        for user in users.list_users():
            state = "" if user.is_active else "  (no access)"
            click.echo(f"{user.role:<13} {user.email:<32} {user.name}{state}")


@people.command("deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """Take somebody's access away, at once."""
    with _of(email), transaction():
        users.deactivate_user(_id_of(email))
    click.echo(f"{email} has no access any more.")


@people.command("activate")
@click.argument("email")
def activate(email: str) -> None:
    """Give somebody access again."""
    with _of(email), transaction():
        users.activate_user(_id_of(email))
    click.echo(f"{email} has access again.")


@people.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
def set_role(email: str, role: str) -> None:
    """Change somebody's role."""
    with _of(email), transaction():
        users.set_role(_id_of(email), role)
    click.echo(f"{email} is {role} now.")


@people.command("password")
@click.argument("email")
@password_option
def set_password(email: str, password_stdin: bool) -> None:
    """Set somebody's password; they are signed out everywhere."""
    with _of(email):
        password_hash = users.new_password_hash(_password(password_stdin))
        with transaction():
            users.set_password(_id_of(email), password_hash)
    click.echo(f"The password of {email} is set.")
