"""Commands: `python wsgi.py <command>` and `flask <command>`."""

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
from webapp.auth import ADMIN, SYSTEM, acting_as
from webapp.cli.backup import BACKUP
from webapp.cli.doctor import doctor
from webapp.cli.documents import DOCUMENTS
from webapp.cli.mail import or_later, pipe
from webapp.config import ROOT, settings
from webapp.database import read_only, transaction, uuid7
from webapp.errors import AppError
from webapp.schemas.inbox import normalised_sites
from webapp.services import account_token, audit, handover, report, search
from webapp.services import inbox as inboxes
from webapp.services import role as roles
from webapp.services import user as users
from webapp.services import workspace as workspaces
from webapp.services.safety import policy, second_factor
from webapp.tenancy import use_workspace
from webapp.upgrade import bring_up_to_date

people = AppGroup("user", help="Who works here.")
safe = AppGroup("safety", help="How people sign in.")
searching = AppGroup("search", help="The full-text search.")
reporting = AppGroup("reports", help="What reports count.")
auditing = AppGroup("audit", help="The audit log.")
CLI = replace(SYSTEM, door="cli")


def register_cli(app: Flask) -> None:
    """Registers the commands."""
    commands = (
        setup,
        people,
        migrate,
        demo,
        work,
        write_export,
        searching,
        reporting,
        pipe,
    )
    for command in (*commands, auditing, safe, doctor, *BACKUP, *DOCUMENTS):
        app.cli.add_command(command)


def main(argv: list[str]) -> int:
    """Runs one command and returns its exit code; what is wrong is said in one line each."""
    return or_later(_run, argv) if argv[:1] == ["pipe"] else _run(argv)


def _run(argv: list[str]) -> int:
    from webapp.app import create_app

    app = create_app(_demo_settings())
    with app.app_context():
        try:
            code = app.cli.main(args=argv, prog_name="wsgi.py", standalone_mode=False)
        except AppError as error:
            _complain(error)
            return 1
        except click.exceptions.Abort:
            return 130
        except click.ClickException as error:
            error.show()
            return error.exit_code
    return code if isinstance(code, int) else 0


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
    bring_up_to_date(settings())
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
    bring_up_to_date(settings())
    click.echo(f"The database is at {migration.current_revision(settings())}.")


@click.command()
def demo() -> None:
    """Fill an empty database with a living demo workspace."""
    from webapp.demo import ensure_demo

    bring_up_to_date(settings())
    if ensure_demo(current_app._get_current_object()) is None:  # type: ignore[attr-defined]  # noqa: SLF001
        raise click.ClickException("There is a workspace already, and it is not the demo's")


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


@reporting.command("rebuild")
@workspace_option
def rebuild_reports(slug: str | None) -> None:
    """Measure every ticket again from the ledger, in all workspaces or in one."""
    with read_only():
        names = [slug] if slug else workspaces.list_slugs()
    for name in names:
        with _inside(name):
            tickets, rows = _measure_all()
        click.echo(f"{name}: {tickets:,} tickets measured, {rows:,} rows.")


def _measure_all() -> tuple[int, int]:
    """How many tickets, and their rows; a few at a time, so that nobody waits for long."""
    done = report.Rebuilt()
    while not done.is_done:
        with transaction():
            done = report.rebuild(done)
    return done.tickets, done.rows


@auditing.command("verify")
@click.option("--head", help="An entry that was noted elsewhere, as `verify` prints it: 1234:9f86d08…")
@workspace_option
def verify_audit(head: str | None, slug: str | None) -> None:
    """Walk the chain of a workspace's audit log, or of all, and name the first entry at fault."""
    with read_only():
        slugs = [slug] if slug else workspaces.list_slugs()
    if head and len(slugs) != 1:
        raise click.ClickException("Whose head is it? Name the workspace by --workspace")
    noted = _noted(head)
    verdicts = [_verdict(one, noted) for one in slugs]
    if not all(verdicts):
        raise click.ClickException("The audit log is not as it was written")


def _verdict(slug: str, noted: tuple[int, str] | None) -> bool:
    with _inside(slug):
        verdict = audit.verify(known=noted)
    if verdict.is_whole:
        click.echo(f"{slug}: {verdict.seq} entries, unbroken. Head: {verdict.seq}:{verdict.hash}")
    else:
        click.echo(f"{slug}: {verdict.how}. Whole up to {verdict.seq}:{verdict.hash}", err=True)
    return verdict.is_whole


def _noted(head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    seq, _, hash_ = head.partition(":")
    if not seq.isdecimal() or len(seq) > 18 or not hash_:
        raise click.BadParameter("A head is a number, a colon and a hash", param_hint="--head")
    return int(seq), hash_.lower()


@people.command("create")
@click.argument("email")
@click.option("--name", prompt="Name")
@click.option("--role", default="agent", show_default=True, help="A role's key or name, also of your own.")
@click.option("--invite", is_flag=True, help="Print a link by which they set a password themselves.")
@workspace_option
@password_option
def create(*, email: str, name: str, role: str, invite: bool, slug: str | None, password_stdin: bool) -> None:
    """Add somebody."""
    password_hash = None if invite else users.new_password_hash(_password(password_stdin))
    with _inside(slug), transaction():
        role = _role(role)
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
        handover.deactivate(_id_of(email))
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
@click.argument("role")
def set_role(email: str, role: str) -> None:
    """Change somebody's role, to one of the built-in ones or of the workspace's own."""
    with _of(email), transaction():
        role = _role(role)
        users.set_role(_id_of(email), role)
    click.echo(f"{email} is {role} now.")


def _role(text: str) -> str:
    """The key of the role with that key or name."""
    known = roles.names()
    keys = [key for key, name in known.items() if text.casefold() in (key, name.casefold())]
    if not keys:
        raise click.BadParameter(f"There are {', '.join(known)}", param_hint="role")
    return keys[0]


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


@people.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Take somebody's lost second factor away; they are signed out everywhere."""
    with _of(email), transaction():
        second_factor.reset(_id_of(email))
    click.echo(f"{email} signs in without a code now.")


@safe.command("allow-passwords")
@workspace_option
def allow_passwords(slug: str | None) -> None:
    """Let passwords open a workspace again whose sign-in service fails."""
    with _inside(slug), transaction():
        changed = policy.allow_passwords()
    click.echo("Passwords sign in again." if changed else "Passwords did sign in all the time.")
