"""Calendars and holidays.

Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TABLES = ("calendars", "calendar_holidays")


def make_calendars() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("week", JSON, nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_calendars_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_calendars_workspace_id_id")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_calendars_workspace_id_name")),
    )
    op.create_index(op.f("ix_calendars_workspace_id"), "calendars", ["workspace_id"])


def make_holidays() -> None:
    op.create_table(
        "calendar_holidays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("starts", sa.String(length=5), nullable=True),
        sa.Column("ends", sa.String(length=5), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "source IN ('manual', 'library', 'ical')", name=op.f("ck_calendar_holidays_source")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "calendar_id"],
            ["calendars.workspace_id", "calendars.id"],
            name=op.f("fk_calendar_holidays_workspace_id_calendar_id_calendars"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_calendar_holidays_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_holidays")),
    )
    op.create_index(op.f("ix_calendar_holidays_workspace_id"), "calendar_holidays", ["workspace_id"])
    op.create_index("ix_calendar_holidays_days", "calendar_holidays", ["calendar_id", "first_day"])


def upgrade() -> None:
    make_calendars()
    make_holidays()
    grant(TABLES)
    confine(TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
