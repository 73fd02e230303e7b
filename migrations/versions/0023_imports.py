"""What was imported from where.

Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("imports", "imported_rows", "import_problems")


def upgrade() -> None:
    make_imports()
    make_imported_rows()
    make_import_problems()
    grant(TABLES)
    confine(TABLES)


def make_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("shape", JSON, nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("phase", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "phase IN ('uploaded', 'checking', 'checked', 'running', 'completed', 'undoing', 'undone')",
            name=op.f("ck_imports_phase"),
        ),
        workspace("imports"),
        belongs("imports", "users", "created_by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_imports_workspace_id_id")),
    )
    op.create_index(op.f("ix_imports_workspace_id"), "imports", ["workspace_id"])
    op.create_index("ix_imports_shown", "imports", ["workspace_id", "created_at"])


def make_imported_rows() -> None:
    op.create_table(
        "imported_rows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.String(length=254), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "subject IN ('organization', 'customer', 'agent', 'ticket', 'comment')",
            name=op.f("ck_imported_rows_subject"),
        ),
        workspace("imported_rows"),
        belongs("imported_rows", "imports", "import_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_rows")),
        sa.UniqueConstraint(
            "workspace_id",
            "source",
            "subject",
            "external_id",
            name=op.f("uq_imported_rows_workspace_id_source_subject_external_id"),
        ),
    )
    op.create_index(op.f("ix_imported_rows_workspace_id"), "imported_rows", ["workspace_id"])
    op.create_index("ix_imported_rows_record", "imported_rows", ["workspace_id", "record_id"])
    op.create_index(
        "ix_imported_rows_import", "imported_rows", ["workspace_id", "import_id", "subject", "id"]
    )


def make_import_problems() -> None:
    op.create_table(
        "import_problems",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        workspace("import_problems"),
        belongs("import_problems", "imports", "import_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_problems")),
    )
    op.create_index(op.f("ix_import_problems_workspace_id"), "import_problems", ["workspace_id"])
    op.create_index("ix_import_problems_import", "import_problems", ["workspace_id", "import_id", "row"])


def workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{table}_workspace_id_workspaces")
    )


def belongs(table: str, to: str, column: str, **options: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{to}.workspace_id", f"{to}.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}_{to}"),
        **options,
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
