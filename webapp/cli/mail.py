"""Mail from a mail server's pipe: one process a mail."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace

import click

from webapp.auth import SYSTEM, acting_as
from webapp.database import read_only
from webapp.errors import NoSpace, NotFound
from webapp.services import mail_in
from webapp.services.mail_in import mailbox
from webapp.services.mail_in.parse import MAX_MAIL_BYTES
from webapp.tenancy import use_workspace


@click.command()
@click.option("--inbox", "key", required=True, help="The key of the e-mail inbox.")
def pipe(key: str) -> None:
    """Take one mail from standard input, as mail servers hand it over; exits by sysexits.h."""
    raw = sys.stdin.buffer.read(MAX_MAIL_BYTES + 1)
    if not raw.strip() or len(raw) > MAX_MAIL_BYTES:
        click.echo("no mail" if not raw.strip() else "too big", err=True)
        click.get_current_context().exit(os.EX_DATAERR)
    try:
        with read_only() as session:
            inbox = mailbox.inbox_by_key(key)
            session.expunge(inbox)
    except NotFound as error:
        click.echo(error.message, err=True)
        click.get_current_context().exit(os.EX_NOUSER)
    doors = (acting_as(replace(SYSTEM, door="mail")), use_workspace(inbox.workspace_id))
    try:
        with doors[0], doors[1]:
            mail_in.take(raw, inbox, mail_in.Arrival("pipe"))
    except NoSpace as error:
        click.echo(error.message, err=True)
        click.get_current_context().exit(os.EX_TEMPFAIL)


def or_later(run: Callable[[list[str]], int], argv: list[str]) -> int:
    """Runs it; whatever fails, the mail server is asked to keep the mail and try again."""
    try:
        return run(argv)
    except Exception as error:  # noqa: BLE001 - a mail that was not taken must not be lost
        click.echo(f"not now: {type(error).__name__}", err=True)
        return os.EX_TEMPFAIL
