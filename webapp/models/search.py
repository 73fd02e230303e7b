"""What the full-text search looks in: a row of folded words for each ticket, comment and customer."""

import uuid

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import one_of
from webapp.tenancy import TenantMixin, belongs_to

DOCUMENT_KINDS = ("ticket", "comment", "customer")
Vector = postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite")


class SearchDocument(TenantMixin, Base):
    """An integer key of its own, for SQLite's FTS5 table `search_index` (kept by triggers) refers to it.

    `subject_id`: the ticket, comment or customer; `ticket_id`: where a ticket or comment leads to.
    """

    __tablename__ = "search_document"
    __table_args__ = (
        sa.UniqueConstraint("subject_id", "kind"),
        belongs_to("tickets", ondelete="CASCADE"),
        belongs_to("customers", ondelete="CASCADE"),
        one_of("kind", DOCUMENT_KINDS),
        sa.Index("ix_search_document_newest", "workspace_id", "id"),
        sa.Index("ix_search_document_vector", "vector", postgresql_using="gin"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    subject_id: Mapped[uuid.UUID]
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    customer_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(sa.Text, default="")
    body: Mapped[str] = mapped_column(sa.Text, default="")
    vector: Mapped[str | None] = mapped_column(Vector)
