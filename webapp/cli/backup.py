"""Backups and what comes after them."""

from pathlib import Path

import click

from webapp import backup, migration
from webapp.config import settings, with_driver
from webapp.services import restored, sealed


@click.command("backup")
@click.option(
    "--to", "path", type=click.Path(path_type=Path), help="The file; by default one in INSTANCE_PATH."
)
def save(path: Path | None) -> None:
    """Back up the database and the files into one archive, while Parley runs."""
    try:
        made = backup.save(settings(), path)
    except backup.BackupError as error:
        raise click.ClickException(str(error)) from None
    size = made.path.stat().st_size / 1e6
    click.echo(
        f"{made.path}: {made.rows:,} rows and {made.files:,} files at {made.revision}, {size:,.1f} MB."
    )
    click.echo("Keep SECRET_KEY in another place: without it nobody opens the secrets in there.")


@click.command("restore")
@click.argument("path", type=click.Path(path_type=Path))
def restore(path: Path) -> None:
    """Restore a backup into an empty place, and check that it is whole."""
    try:
        done = backup.restore(settings(), path, restored.begin_anew)
    except backup.BackupError as error:
        raise click.ClickException(f"{error}. Nothing was restored") from None
    click.echo(
        f"Restored {done.rows:,} rows and {done.files:,} files of {done.made_at}, at {done.revision} now."
    )
    click.echo("Everybody has to sign in again.")
    if not done.same_key:
        click.echo("SECRET_KEY is not the one of the backup: secrets in there cannot be opened.", err=True)
    _check(settings().database_url)


def _check(url: str) -> None:
    engine = migration.owner_engine(url)
    try:
        with engine.connect() as connection:
            found = restored.problems(connection, settings().instance_path / "files")
    finally:
        engine.dispose()
    for problem in found:
        click.echo(problem, err=True)
    if found:
        raise click.ClickException("All of it is there as it was before, and that is not as it should be")
    click.echo("Every rule holds.")


@click.command("move-to-postgres")
@click.option(
    "--to",
    "url",
    required=True,
    envvar="MOVE_TO_URL",
    help="postgresql://… of an empty database; with a password better as MOVE_TO_URL in the environment.",
)
def move_to_postgres(url: str) -> None:
    """Copy the SQLite database into an empty PostgreSQL one, row by row, and compare them."""
    target = with_driver(url)
    try:
        moved = backup.move(settings(), target, restored.POSTGRESQL_ALONE, restored.new_epoch)
    except backup.BackupError as error:
        raise click.ClickException(f"{error}. Nothing was moved") from None
    click.echo(f"Moved {sum(moved.values()):,} rows of {len(moved)} tables, and compared each.")
    _check(target)
    click.echo("Now start with DATABASE_URL of PostgreSQL and the same INSTANCE_PATH, where the files are.")


@click.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every secret in the database by SECRET_KEY that one of PREVIOUS_SECRET_KEYS has sealed."""
    engine = migration.owner_engine(settings().database_url)
    try:
        count = sealed.reseal_all(engine.begin)
    finally:
        engine.dispose()
    if count.lost:
        raise click.ClickException(
            f"{count.lost:,} of {count.sealed:,} secrets are opened by none of the keys"
        )
    click.echo(f"{count.sealed:,} secrets are sealed by SECRET_KEY.")


BACKUP = (save, restore, move_to_postgres, rotate_keys)
