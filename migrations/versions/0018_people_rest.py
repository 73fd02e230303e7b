"""What an absence counts as, in a section of its own instead of routing's; and why a session ended.

Revises: 0017
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

workspaces = sa.table("workspaces", sa.column("id", sa.Uuid()), sa.column("settings", sa.JSON()))


def upgrade() -> None:
    op.add_column("user_sessions", sa.Column("ended_for", sa.String(length=30), nullable=True))
    for row in _settings():
        names = row.settings.get("routing", {}).pop("reasons", None)
        if names is None:
            continue
        reasons = [
            {
                "id": f"reason-{number}",
                "name": name,
                "counts_as": "away",
                "takes_tickets": False,
                "is_offered": True,
            }
            for number, name in enumerate(names)
        ]
        _save(row, {**row.settings, "availability": {"reasons": reasons}})


def downgrade() -> None:
    with op.batch_alter_table("user_sessions") as batch:
        batch.drop_column("ended_for")
    for row in _settings():
        section = row.settings.pop("availability", None)
        if section is None:
            continue
        names = [reason["name"] for reason in section["reasons"] if reason["is_offered"]]
        routing = {**row.settings.get("routing", {}), "reasons": names[:12]}
        _save(row, {**row.settings, "routing": routing})


def _settings() -> list[Any]:
    return list(op.get_bind().execute(sa.select(workspaces.c.id, workspaces.c.settings)))


def _save(row: Any, settings: dict[str, Any]) -> None:
    changing = sa.update(workspaces).where(workspaces.c.id == row.id).values(settings=settings)
    op.get_bind().execute(changing)
