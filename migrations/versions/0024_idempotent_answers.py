"""The answers that a repeated request gets again.

Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLE = "idempotent_answers"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{TABLE}_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("scope", name=op.f(f"pk_{TABLE}")),
    )
    for column in ("workspace_id", "created_at"):
        op.create_index(op.f(f"ix_{TABLE}_{column}"), TABLE, [column])
    grant([TABLE])
    confine([TABLE])


def downgrade() -> None:
    op.drop_table(TABLE)
