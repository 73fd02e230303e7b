"""What comes from other desks: files to take in, their rows here, and the rows that nobody can read."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin, belongs_to

SUBJECTS = ("organization", "customer", "agent", "ticket", "comment")
PHASES = ("uploaded", "checking", "checked", "running", "completed", "undoing", "undone")


class Import(TenantMixin, Base):
    """One file. `source`: whose ids its rows carry, such as "zendesk"; files of one source know each other.

    `subject`: what a row is, where the file does not say so itself. `mapping`: {our field: their column}.
    `position`: how many of its rows are done; `total`: how many the dry run saw. `counts`: {subject:
    {created, updated, same, left, failed}}. `job_id`: the work on it, the last one.
    """

    __tablename__ = "imports"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        belongs_to("users", "created_by_id"),
        one_of("phase", PHASES),
        sa.Index("ix_imports_shown", "workspace_id", "created_at"),
    )

    id: Mapped[Id]
    source: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(20))
    file_name: Mapped[str] = mapped_column(sa.String(200))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    shape: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    phase: Mapped[str] = mapped_column(sa.String(20), default="uploaded")
    position: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    problems: Mapped[int] = mapped_column(default=0)
    job_id: Mapped[uuid.UUID | None]
    created_by_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[At]


class ImportedRow(TenantMixin, Base):
    """Somebody else's id of something here. `digest`: of what it said when it was last taken in.

    `record_id`: None for an agent who has no account here; `label`: what they are called. `import_id`: the
    import that made the record; None where it was here before.
    """

    __tablename__ = "imported_rows"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "source", "subject", "external_id"),
        belongs_to("imports", "import_id"),
        one_of("subject", SUBJECTS),
        sa.Index("ix_imported_rows_record", "workspace_id", "record_id"),
        sa.Index("ix_imported_rows_import", "workspace_id", "import_id", "subject", "id"),
    )

    id: Mapped[Id]
    source: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(20))
    external_id: Mapped[str] = mapped_column(sa.String(200))
    record_id: Mapped[uuid.UUID | None]
    label: Mapped[str | None] = mapped_column(sa.String(254))
    digest: Mapped[str] = mapped_column(sa.String(64))
    import_id: Mapped[uuid.UUID | None]


class ImportProblem(TenantMixin, Base):
    """Why a row was not taken in."""

    __tablename__ = "import_problems"
    __table_args__ = (
        belongs_to("imports", "import_id", ondelete="CASCADE"),
        sa.Index("ix_import_problems_import", "workspace_id", "import_id", "row"),
    )

    id: Mapped[Id]
    import_id: Mapped[uuid.UUID]
    row: Mapped[int]
    external_id: Mapped[str] = mapped_column(sa.String(200), default="")
    field: Mapped[str] = mapped_column(sa.String(60), default="")
    message: Mapped[str] = mapped_column(sa.String(300))
