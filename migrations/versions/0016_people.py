"""Roles of the workspace's own, hand-over.

Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
BUILT_IN = "role IN ('viewer', 'agent', 'senior_agent', 'admin')"
ABOUT_SOMETHING = sa.text("subject_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "roles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_roles_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("workspace_id", "key", name=op.f("uq_roles_workspace_id_key")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_roles_workspace_id_name")),
    )
    op.create_index(op.f("ix_roles_workspace_id"), "roles", ["workspace_id"])
    with op.batch_alter_table("users") as batch:
        batch.drop_constraint(op.f("ck_users_role"), type_="check")
        batch.alter_column("role", type_=sa.String(length=40), existing_nullable=False)
        batch.add_column(sa.Column("online_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_events_subject",
        "events",
        ["workspace_id", "subject_id", "at"],
        sqlite_where=ABOUT_SOMETHING,
        postgresql_where=ABOUT_SOMETHING,
    )
    grant(["roles"])
    confine(["roles"])


def downgrade() -> None:
    op.drop_index("ix_events_subject", "events")
    op.execute(f"UPDATE users SET role = 'agent' WHERE NOT ({BUILT_IN})")
    with op.batch_alter_table("users") as batch:
        batch.drop_column("online_since")
        batch.alter_column("role", type_=sa.String(length=20), existing_nullable=False)
        batch.create_check_constraint(op.f("ck_users_role"), BUILT_IN)
    op.drop_table("roles")
