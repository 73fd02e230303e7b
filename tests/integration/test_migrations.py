"""The schema: what the migrations make is what the models say, up and down, on both databases."""

from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from webapp import migration
from webapp.config import load_settings
from webapp.database import Base
from webapp.tenancy import tenant_tables

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(database: Any) -> Any:
    return load_settings(database.settings(database.fresh()))


def tables(settings: Any) -> set[str]:
    engine = migration.owner_engine(settings.database_url)
    try:
        return set(sa.inspect(engine).get_table_names()) - {"alembic_version"} - full_text_tables(engine)
    finally:
        engine.dispose()


def full_text_tables(engine: Any) -> set[str]:
    """SQLite's `search_index` and what FTS5 keeps of it; nothing else may be a table without a model."""
    if engine.dialect.name == "postgresql":
        return set()
    query = "SELECT name, type FROM pragma_table_list WHERE type IN ('virtual', 'shadow')"
    with engine.connect() as connection:
        found = dict(connection.exec_driver_sql(query).all())
    assert {name for name, kind in found.items() if kind == "virtual"} <= {"search_index"}
    assert all(name.startswith("search_index") for name in found)
    return set(found)


def test_the_migrations_make_what_the_models_say(settings: Any) -> None:
    command.check(migration.alembic_config(settings))
    assert tables(settings) == set(Base.metadata.tables)
    assert migration.current_revision(settings) == migration.head_revision()


def test_every_migration_can_be_taken_back_and_done_again(settings: Any) -> None:
    migration.downgrade(settings, "base")
    assert tables(settings) == set()
    migration.upgrade(settings)
    assert tables(settings) == set(Base.metadata.tables)


def test_upgrading_what_is_up_to_date_changes_nothing(settings: Any) -> None:
    migration.upgrade(settings)
    assert migration.current_revision(settings) == migration.head_revision()


def test_s11_every_tenant_table_has_its_policy_and_the_role_owns_nothing(
    settings: Any, database: Any
) -> None:
    if database.kind == "sqlite":
        assert migration.role_problem(migration.owner_engine(settings.database_url), settings) is None
        return
    engine = migration.owner_engine(settings.database_url)
    with engine.connect() as connection:
        guarded = set(
            connection.scalars(
                sa.text(
                    "SELECT tablename FROM pg_policies JOIN pg_class ON relname = tablename "
                    "WHERE relrowsecurity AND NOT relforcerowsecurity"
                )
            )
        )
        owned = connection.scalar(
            sa.text("SELECT count(*) FROM pg_tables WHERE tableowner = :role"),
            {"role": settings.database_role},
        )
    engine.dispose()
    assert guarded == {table.name for table in tenant_tables()}
    assert owned == 0


def test_every_key_between_tenant_tables_names_the_workspace() -> None:
    wrong = [
        f"{table.name}.{key.name}"
        for table in tenant_tables()
        for key in table.foreign_key_constraints
        if key.referred_table.name != "workspaces" and "workspace_id" not in key.column_keys
    ]
    assert wrong == []
