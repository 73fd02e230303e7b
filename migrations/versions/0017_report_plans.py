"""Saved reports, when they are mailed to whom; which providers a mail was passed over by.

Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("saved_reports", "report_plans", "report_recipients")


def upgrade() -> None:
    op.add_column("mail_deliveries", sa.Column("passed_over", sa.String(length=60), nullable=True))
    make_saved_reports()
    make_report_plans()
    make_report_recipients()
    grant(TABLES)
    confine(TABLES)


def make_saved_reports() -> None:
    op.create_table(
        "saved_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("screen", sa.String(length=20), nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "screen IN ('sla', 'volume', 'speed', 'team')", name=op.f("ck_saved_reports_screen")
        ),
        workspace("saved_reports"),
        belongs("saved_reports", "users", "owner_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_reports")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_saved_reports_workspace_id_id")),
    )
    op.create_index(op.f("ix_saved_reports_workspace_id"), "saved_reports", ["workspace_id"])
    op.create_index(op.f("ix_saved_reports_owner_id"), "saved_reports", ["owner_id"])


def make_report_plans() -> None:
    op.create_table(
        "report_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("saved_report_id", sa.Uuid(), nullable=False),
        sa.Column("every", sa.String(length=10), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.CheckConstraint("every IN ('day', 'week', 'month')", name=op.f("ck_report_plans_every")),
        workspace("report_plans"),
        belongs("report_plans", "saved_reports", "saved_report_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_plans")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_report_plans_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id", "saved_report_id", name=op.f("uq_report_plans_workspace_id_saved_report_id")
        ),
    )
    op.create_index(op.f("ix_report_plans_workspace_id"), "report_plans", ["workspace_id"])


def make_report_recipients() -> None:
    op.create_table(
        "report_recipients",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("unsubscribed_at", sa.DateTime(timezone=True), nullable=True),
        workspace("report_recipients"),
        belongs("report_recipients", "report_plans", "plan_id", ondelete="CASCADE"),
        belongs("report_recipients", "users", "user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id", "user_id", name=op.f("pk_report_recipients")),
    )
    op.create_index(op.f("ix_report_recipients_workspace_id"), "report_recipients", ["workspace_id"])


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
    op.drop_column("mail_deliveries", "passed_over")
