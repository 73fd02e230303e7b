"""The live board's own links.

Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from row_security import grant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE = "wallboard_links"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("shows_titles", sa.Boolean(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("token_hash <> ''", name=op.f("ck_wallboard_links_token_hash")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_wallboard_links_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallboard_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_wallboard_links_token_hash")),
    )
    op.create_index(op.f("ix_wallboard_links_workspace_id"), TABLE, ["workspace_id"])
    op.create_index(op.f("ix_wallboard_links_revoked_at"), TABLE, ["revoked_at"])
    grant((TABLE,))  # the token is looked up before the workspace is known: not confined, as sessions


def downgrade() -> None:
    op.drop_table(TABLE)
