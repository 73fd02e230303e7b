"""What proves who a member of staff is, besides their password."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base
from webapp.models.columns import At, CreatedAt, Id
from webapp.tenancy import TenantMixin, belongs_to


class RecoveryCode(TenantMixin, Base):
    """A code that stands in for a lost second factor, once. Only its hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "user_id", "code_hash"),
        belongs_to("users"),
        sa.CheckConstraint("code_hash <> ''", name="code_hash"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID]
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[CreatedAt]
    used_at: Mapped[At]


class UserIdentity(TenantMixin, Base):
    """Somebody as an OIDC provider knows them: (issuer, subject) never changes, an address may."""

    __tablename__ = "user_identities"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "issuer", "subject"),
        sa.UniqueConstraint("workspace_id", "user_id", "issuer"),
        belongs_to("users"),
        sa.CheckConstraint("subject <> ''", name="subject"),
    )

    id: Mapped[Id]
    user_id: Mapped[uuid.UUID]
    issuer: Mapped[str] = mapped_column(sa.String(300))
    subject: Mapped[str] = mapped_column(sa.String(255))
    created_at: Mapped[CreatedAt]
