"""Reports are counted in their index, without reading the rows.

Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLE = "measurements"
COUNTED = ["workspace_id", "kind", "at", "outcome", "seconds", "business_seconds"]
BACKLOG = sa.text("kind = 'backlog'")


def upgrade() -> None:
    _index(COUNTED, ["workspace_id", "until", "at"])


def downgrade() -> None:
    _index(COUNTED[:3], ["workspace_id", "until"])


def _index(at: list[str], until: list[str]) -> None:
    op.drop_index("ix_measurements_at", TABLE)
    op.drop_index("ix_measurements_until", TABLE)
    op.create_index("ix_measurements_at", TABLE, at)
    op.create_index("ix_measurements_until", TABLE, until, sqlite_where=BACKLOG, postgresql_where=BACKLOG)
