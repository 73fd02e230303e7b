"""A workspace's own statuses, each inside one of the six codes."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import CreatedAt, Id, one_of
from webapp.models.ticket import PENDING_ON, STATUSES
from webapp.tenancy import TenantMixin


class TicketStatus(TenantMixin, Base):
    """`is_standard`: the label of the code itself, which no ticket refers to; else one of their own.

    `pending_on`: whom a status inside `pending` waits for.
    """

    __tablename__ = "ticket_statuses"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "folded"),
        one_of("code", STATUSES),
        one_of("pending_on", PENDING_ON),
        sa.Index(
            "uq_ticket_statuses_standard",
            "workspace_id",
            "code",
            unique=True,
            sqlite_where=sa.text("is_standard"),
            postgresql_where=sa.text("is_standard"),
        ),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(sa.String(20))
    label: Mapped[str] = mapped_column(sa.String(40))
    folded: Mapped[str] = mapped_column(sa.String(160))
    position: Mapped[int] = mapped_column(default=0)
    is_standard: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    pending_on: Mapped[str | None] = mapped_column(sa.String(20))
    created_at: Mapped[CreatedAt]
