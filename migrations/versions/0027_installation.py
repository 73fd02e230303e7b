"""What is recorded of the whole installation: when it was restored, and the oldest program that serves it.

Revises: 0025
"""

import sqlalchemy as sa
from alembic import op
from row_security import grant_reading

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLE = "installation"


def upgrade() -> None:
    made = op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("least_program", sa.String(length=32), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.bulk_insert(made, [{"id": 1, "epoch": 0, "least_program": "0025"}])
    grant_reading(TABLE)


def downgrade() -> None:
    op.drop_table(TABLE)
