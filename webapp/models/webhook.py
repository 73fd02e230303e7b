"""Other programs that are told what happens here, and every message that went to them."""

import base64
import secrets
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.signing import seal, unseal
from webapp.tenancy import TenantMixin, belongs_to

EVERYTHING = "*"
"""In a subscription's `events`: each of them, those of later versions included."""
SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
SECRET_BYTES = 32
DELIVERY_STATUSES = ("waiting", "delivered", "failed")
WAITING = "status = 'waiting'"


def new_secret() -> str:
    """A signing secret as Standard Webhooks 1.0 writes it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class WebhookSubscription(TenantMixin, Base):
    """An endpoint. `condition`: only events of tickets that meet it, in the language of the search box.

    While a secret is being replaced both sign, until `previous_until`. `failing_since`: nothing got through
    since then; `failures`: attempts in vain in a row; `resting_until`: nothing is tried before.
    """

    __tablename__ = "webhook_subscriptions"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "id"),)

    id: Mapped[Id]
    url: Mapped[str] = mapped_column(sa.String(2000))
    description: Mapped[str] = mapped_column(sa.String(200), default="")
    events: Mapped[list[str]] = mapped_column(JSON, default=lambda: [EVERYTHING])
    condition: Mapped[str] = mapped_column(sa.String(500), default="")
    active: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None] = mapped_column(sa.String(200))
    disabled_at: Mapped[At]
    secret_box: Mapped[str] = mapped_column(sa.Text, default=lambda: seal(new_secret()))
    previous_secret_box: Mapped[str | None] = mapped_column(sa.Text)
    previous_until: Mapped[At]
    failing_since: Mapped[At]
    failures: Mapped[int] = mapped_column(default=0)
    resting_until: Mapped[At]
    delivered_at: Mapped[At]
    created_at: Mapped[CreatedAt]

    @property
    def secrets(self) -> list[str]:
        """The secrets that sign now, the newest first."""
        boxes = [self.secret_box]
        if self.previous_secret_box and self.previous_until and self.previous_until > clock.now():
            boxes.append(self.previous_secret_box)
        return [unseal(box) for box in boxes]

    def wants(self, event: str) -> bool:
        """Whether events of that name are sent there."""
        return EVERYTHING in self.events or event in self.events


class WebhookDelivery(TenantMixin, Base):
    """One message to one endpoint; its id is the `webhook-id` of each attempt.

    `body` is made at the first attempt where the message is an event of the ledger (`event_id`), whose number
    is only known then. `log` holds the attempts, oldest first: at, status, milliseconds, answer or error.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        belongs_to(
            "webhook_subscriptions",
            "subscription_id",
            name="fk_webhook_deliveries_subscription",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("subscription_id", "event_id"),
        one_of("status", DELIVERY_STATUSES),
        sa.Index("ix_webhook_deliveries_list", "workspace_id", "subscription_id", "id"),
        sa.Index("ix_webhook_deliveries_made", "workspace_id", "created_at"),
        sa.Index(
            "ix_webhook_deliveries_due",
            "workspace_id",
            "subscription_id",
            "next_attempt_at",
            sqlite_where=sa.text(WAITING),
            postgresql_where=sa.text(WAITING),
        ),
    )

    id: Mapped[Id]
    subscription_id: Mapped[uuid.UUID]
    event: Mapped[str] = mapped_column(sa.String(100))
    event_id: Mapped[uuid.UUID | None]
    body: Mapped[str | None] = mapped_column(sa.Text)
    status: Mapped[str] = mapped_column(sa.String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[At]
    log: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    milliseconds: Mapped[int | None]
    delivered_at: Mapped[At]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=clock.now)
