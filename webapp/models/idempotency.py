"""The answers that a repeated request gets again."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import CreatedAt
from webapp.tenancy import TenantMixin


class IdempotentAnswer(TenantMixin, Base):
    """What a POST with an Idempotency-Key was answered, written in the transaction of its work.

    `scope`: the hash of who sent it, where to, and the key. `fingerprint`: that of the body. Without a
    `status` only while the work goes on; nobody else sees it then.
    """

    __tablename__ = "idempotent_answers"

    scope: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int | None]
    body: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
