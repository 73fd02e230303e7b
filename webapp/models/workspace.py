"""A workspace: the border of isolation, and the two counters kept apart from it."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base
from webapp.models.columns import CreatedAt, Id
from webapp.tenancy import TenantMixin


class Workspace(Base):
    __tablename__ = "workspaces"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(sa.String(100))
    slug: Mapped[str] = mapped_column(sa.String(60), unique=True)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[CreatedAt]


class WorkspaceFeed(TenantMixin, Base):
    """The feed's last sequence: a narrow row, locked for no longer than the COMMIT."""

    __tablename__ = "workspace_feeds"

    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class TicketNumber(TenantMixin, Base):
    """The last ticket number given out."""

    __tablename__ = "ticket_numbers"

    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), primary_key=True)
    number: Mapped[int] = mapped_column(default=0)
