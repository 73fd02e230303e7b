"""Second factors, sign-in by OIDC.

Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("recovery_codes", "user_identities")
NO = sa.false()


def upgrade() -> None:
    op.add_column("users", sa.Column("second_factor_box", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("second_factor_step", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("has_identity", sa.Boolean(), server_default=NO, nullable=False))
    method = sa.Column("method", sa.String(length=20), server_default="password", nullable=False)
    op.add_column("user_sessions", method)
    op.add_column("user_sessions", sa.Column("must_set_up", sa.Boolean(), server_default=NO, nullable=False))
    make_recovery_codes()
    make_user_identities()
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_workspace_id"), table, ["workspace_id"])
    grant(TABLES)
    confine(TABLES)


def keys_of(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{table}_workspace_id_workspaces")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "user_id"],
            ["users.workspace_id", "users.id"],
            name=op.f(f"fk_{table}_workspace_id_user_id_users"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def make_recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("code_hash <> ''", name=op.f("ck_recovery_codes_code_hash")),
        *keys_of("recovery_codes"),
        sa.UniqueConstraint(
            "workspace_id",
            "user_id",
            "code_hash",
            name=op.f("uq_recovery_codes_workspace_id_user_id_code_hash"),
        ),
    )


def make_user_identities() -> None:
    op.create_table(
        "user_identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("subject <> ''", name=op.f("ck_user_identities_subject")),
        *keys_of("user_identities"),
        sa.UniqueConstraint(
            "workspace_id",
            "issuer",
            "subject",
            name=op.f("uq_user_identities_workspace_id_issuer_subject"),
        ),
        sa.UniqueConstraint(
            "workspace_id",
            "user_id",
            "issuer",
            name=op.f("uq_user_identities_workspace_id_user_id_issuer"),
        ),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for table, columns in (
        ("user_sessions", ("must_set_up", "method")),
        ("users", ("has_identity", "second_factor_at", "second_factor_step", "second_factor_box")),
    ):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
