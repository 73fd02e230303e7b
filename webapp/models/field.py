"""A custom field's definition. The values lie in `ticket.fields` and `customer.fields`."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.tenancy import TenantMixin

TARGETS = ("ticket", "customer")
KINDS = ("text", "number", "date", "choice", "checkbox", "url")


class Field(TenantMixin, Base):
    """`key` names the value for ever; `pattern` is a mask such as `ORD-####` (see `services.field.mask`)."""

    __tablename__ = "fields"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "target", "key"),
        one_of("target", TARGETS),
        one_of("kind", KINDS),
    )

    id: Mapped[Id]
    target: Mapped[str] = mapped_column(sa.String(10))
    key: Mapped[str] = mapped_column(sa.String(40))
    label: Mapped[str] = mapped_column(sa.String(80))
    hint: Mapped[str] = mapped_column(sa.String(200), default="")
    kind: Mapped[str] = mapped_column(sa.String(10))
    choices: Mapped[list[Any]] = mapped_column(JSON, default=list)
    pattern: Mapped[str] = mapped_column(sa.String(100), default="")
    required_on_resolve: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[At]
    created_at: Mapped[CreatedAt]
