"""Background work and exports.

Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from row_security import grant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LIVE = sa.text("status IN ('pending', 'running')")
LANE = ["priority", "workspace_id", "run_at"]


def upgrade() -> None:
    op.add_column("jobs", sa.Column("note", sa.String(length=200), nullable=True))
    op.add_column("jobs", sa.Column("requested_by_id", sa.Uuid(), nullable=True))
    op.create_index("ix_jobs_lane", "jobs", LANE, sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_index("ix_jobs_shown", "jobs", ["workspace_id", "status", "created_at"])
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )
    grant(["schedules"])


def downgrade() -> None:
    op.drop_table("schedules")
    op.drop_index("ix_jobs_shown", "jobs")
    op.drop_index("ix_jobs_lane", "jobs")
    with op.batch_alter_table("jobs") as batch:
        batch.drop_column("requested_by_id")
        batch.drop_column("note")
