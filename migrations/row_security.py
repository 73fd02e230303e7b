"""PostgreSQL's half of the isolation of workspaces: the app's unprivileged role and the policies.

Not FORCE: under it the owner's own UPDATE in a migration touches no row, and pg_dump writes an empty backup.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import context, op

POLICY = "workspace_id = (SELECT NULLIF(current_setting('app.workspace_id', true), '')::uuid)"


def app_role() -> str:
    """The role that the app's own connections take."""
    return context.config.attributes.get("database_role") or "parley_app"


def make_role() -> None:
    """Makes the role (no login, owns nothing) and lets the login take it. PostgreSQL only."""
    if not _postgresql():
        return
    role = app_role()
    connection = op.get_bind()
    if not connection.execute(
        sa.text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
    ).scalar():
        op.execute(f'CREATE ROLE "{role}" NOLOGIN')
    if not connection.execute(
        sa.text("SELECT pg_has_role(current_user, :role, 'MEMBER')"), {"role": role}
    ).scalar():
        op.execute(f'GRANT "{role}" TO CURRENT_USER')
    elif connection.dialect.server_version_info >= (16,):
        # Whoever makes a role on 16 and later gets ADMIN on it, but not the right to SET it.
        op.execute(f'GRANT "{role}" TO CURRENT_USER WITH INHERIT FALSE, SET TRUE')
    op.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')


def grant(tables: Iterable[str]) -> None:
    """Lets the app read and write these tables."""
    if _postgresql():
        for table in tables:
            op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO "{app_role()}"')


def grant_reading(table: str) -> None:
    """Lets the app read a table that is not its own."""
    if _postgresql():
        op.execute(f'GRANT SELECT ON "{table}" TO "{app_role()}"')


def grant_adding(table: str) -> None:
    """Lets the app read a table and add to it, and nothing else."""
    if _postgresql():
        op.execute(f'GRANT SELECT, INSERT ON "{table}" TO "{app_role()}"')


def confine(tables: Iterable[str]) -> None:
    """Shows the app only the rows of the workspace that the transaction names."""
    if _postgresql():
        for table in tables:
            op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
            op.execute(f'CREATE POLICY workspace ON "{table}" USING ({POLICY}) WITH CHECK ({POLICY})')


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
