"""What a program does with a schema that is older or newer than its own."""

import logging
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import Database
from webapp import migration, upgrade
from webapp.config import ConfigError, Settings, load_settings

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return load_settings({**database.settings(database.fresh()), "INSTANCE_PATH": str(tmp_path)})


def copies(settings: Settings) -> list[Path]:
    return sorted((settings.instance_path / "backups").glob("*"))


def run(settings: Settings, statement: str) -> None:
    engine = migration.owner_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def test_f14_sqlite_is_copied_before_a_migration_and_the_last_copies_are_kept(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(upgrade.KEPT + 1):
        migration.downgrade(settings, "0025")
        upgrade.bring_up_to_date(settings)
    assert migration.current_revision(settings) == migration.head_revision()
    if not settings.is_sqlite:
        assert copies(settings) == []
        return
    assert len(copies(settings)) == upgrade.KEPT
    newest = copies(settings)[-1]
    assert str(newest) in caplog.text
    assert stat.S_IMODE(newest.stat().st_mode) == 0o600
    with closing(sqlite3.connect(newest)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0025",)
        assert connection.execute("SELECT count(*) FROM tickets").fetchone() == (0,)


def test_what_is_up_to_date_or_new_is_not_copied(settings: Settings, tmp_path: Path) -> None:
    upgrade.bring_up_to_date(settings)
    if settings.is_sqlite:
        upgrade.bring_up_to_date(load_settings({**_environment(settings), "DATABASE_URL": ""}))
        assert (tmp_path / "parley.db").exists()
    assert copies(settings) == []


def _environment(settings: Settings) -> dict[str, Any]:
    return {"SECRET_KEY": settings.secret_key, "INSTANCE_PATH": str(settings.instance_path)}


def test_without_room_for_the_copy_nothing_is_migrated(settings: Settings) -> None:
    if not settings.is_sqlite:
        return
    migration.downgrade(settings, "0025")
    (settings.instance_path / "backups").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be copied before it is migrated"):
        upgrade.bring_up_to_date(settings)
    assert migration.current_revision(settings) == "0025"


def test_a_newer_schema_is_served_as_long_as_it_needs_no_newer_program(settings: Settings) -> None:
    run(settings, "UPDATE alembic_version SET version_num = '9999'")
    upgrade.bring_up_to_date(settings)
    assert migration.current_revision(settings) == "9999"
    run(settings, "UPDATE installation SET least_program = '9998'")
    with pytest.raises(ConfigError, match="needs a program that knows 9998"):
        upgrade.bring_up_to_date(settings)
