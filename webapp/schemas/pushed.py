"""The bodies that are pushed over the socket, as strict schemas: for the protocol's document and its tests.

The serializers build plain dicts, because they run for every message; the tests hold each dict against these.
"""

import uuid
from datetime import datetime
from typing import Any, Literal

from webapp.schemas.notification import Kind as NotificationKind
from webapp.schemas.now import BoardPushed, HealthPushed
from webapp.schemas.sla import Metric
from webapp.schemas.text import Strict

Priority = Literal["low", "medium", "high", "critical"]
Status = Literal["open", "assigned", "in_progress", "pending", "resolved", "closed"]
Availability = Literal["online", "away", "busy", "offline"]
Changes = dict[str, tuple[Any, Any]]


class ActorOut(Strict):
    kind: Literal["user", "customer", "system"]
    id: uuid.UUID | None
    name: str


class NamedOut(Strict):
    name: str


class CustomerActorOut(Strict):
    kind: Literal["user", "customer", "system"]
    name: str


class AttachmentOut(Strict):
    id: uuid.UUID
    name: str
    size_bytes: int
    content_type: str
    is_image: bool
    width: int | None
    height: int | None
    url: str


class CommentMailOut(Strict):
    """What the thread says of a mail beside its text: whose it is, and how far that is proved."""

    id: uuid.UUID
    sender: str
    is_verified: bool
    is_other: bool
    cc: list[str]
    is_folded: bool
    left: list[str]


class CommentOut(Strict):
    id: uuid.UUID
    ticket_id: uuid.UUID
    client_id: uuid.UUID | None
    kind: Literal["reply", "note"]
    content: str
    author: ActorOut
    seq: int
    public_seq: int | None
    created_at: datetime
    withdrawn: bool
    attachments: list[AttachmentOut]
    mail: CommentMailOut | None = None


class CustomerCommentOut(Strict):
    id: uuid.UUID
    ticket_id: uuid.UUID
    client_id: uuid.UUID | None
    content: str
    author: CustomerActorOut
    seq: int
    created_at: datetime
    attachments: list[AttachmentOut]


class EventOut(Strict):
    """An event as staff get it."""

    id: uuid.UUID
    name: str
    ticket_id: uuid.UUID | None
    workspace_seq: int | None
    seq: int | None
    public_seq: int | None
    at: datetime
    actor: ActorOut
    door: Literal["page", "api", "socket", "mail", "job", "cli", "system", "import"]
    changes: Changes
    subject_id: uuid.UUID | None = None
    comment: CommentOut | None = None


class CustomerChanges(Strict):
    status: tuple[str, str] | None = None
    agent: tuple[NamedOut | None, NamedOut | None] | None = None


class CustomerEventOut(Strict):
    """An event as its customer gets it: no ids of staff, no internal fields."""

    name: str
    ticket_id: uuid.UUID
    seq: int
    at: datetime
    actor: CustomerActorOut
    comment: CustomerCommentOut | None = None
    changes: CustomerChanges | None = None
    source_id: uuid.UUID | None = None


class CustomerBrief(Strict):
    id: uuid.UUID
    name: str
    email: str | None
    claimed_email: str | None
    verified: bool
    tier: Literal["free", "basic", "premium", "enterprise"]
    blocked: bool


class LastComment(Strict):
    preview: str
    kind: Literal["reply", "note"]
    author: ActorOut
    at: datetime


class ChipOut(Strict):
    """The one clock of a ticket that the queue shows."""

    metric: Metric
    state: Literal["active", "paused", "met", "breached", "dropped"]
    due_at: datetime | None
    soon_at: datetime | None
    ended_at: datetime | None
    target_seconds: int
    remaining_seconds: int | None
    business: bool


class RowOut(Strict):
    """A ticket in the queue."""

    id: uuid.UUID
    number: int
    title: str
    status: Status
    status_id: uuid.UUID | None
    priority: Priority
    channel: Literal["chat", "email", "form", "api"]
    inbox_id: uuid.UUID | None
    category: str | None
    tags: list[str]
    fields: dict[str, Any]
    spam: bool
    shelf: Literal["queue", "snoozed", "done", "trash"]
    pending_on: Literal["customer", "third_party"] | None
    snoozed_until: datetime | None
    merged_into: int | None
    customer: CustomerBrief
    assigned_agent_id: uuid.UUID | None
    team_id: uuid.UUID | None
    unread: int
    waiting_since: datetime | None
    last_comment: LastComment | None
    created_at: datetime
    updated_at: datetime
    seq: int
    public_seq: int
    escalated: bool
    next_due_at: datetime | None
    sla: ChipOut | None


class Standing(Strict):
    """How a ticket counted in the views before."""

    assigned_agent_id: uuid.UUID | None
    shelf: Literal["queue", "snoozed", "done", "trash"]
    pending_on: Literal["customer", "third_party"] | None


class RowPushed(Strict):
    row: RowOut
    before: Standing | None
    workspace_seq: int


class ReadPushed(Strict):
    ticket_id: uuid.UUID
    side: Literal["customer", "staff"]
    delivered: int
    seen: int
    unread: int


class CustomerReadPushed(Strict):
    ticket_id: uuid.UUID
    side: Literal["customer", "staff"]
    delivered: int
    seen: int


class DeliveryOut(Strict):
    """A mail of a ticket, to one recipient."""

    id: uuid.UUID
    ticket_id: uuid.UUID
    comment_id: uuid.UUID | None
    template: str
    to: str
    status: Literal["queued", "sent", "failed", "bounced", "suppressed", "cancelled"]
    provider: str | None
    error: str | None
    send_at: datetime
    at: datetime


class TypingPushed(Strict):
    ticket_id: uuid.UUID
    actor: ActorOut
    kind: Literal["reply", "note"]
    typing: bool


class CustomerTypingPushed(Strict):
    ticket_id: uuid.UUID
    name: str
    typing: bool


class ViewingPushed(Strict):
    ticket_id: uuid.UUID
    user_id: uuid.UUID
    state: Literal["viewing", "replying", "noting", "left"]


class PagePushed(Strict):
    url: str | None = None
    title: str | None = None
    referrer: str | None = None


class CustomerPresencePushed(Strict):
    customer_id: uuid.UUID
    online: bool
    page: PagePushed | None


class UserPresencePushed(Strict):
    user_id: uuid.UUID
    availability: Availability
    reason: str | None
    online: bool


class DraftPushed(Strict):
    ticket_id: uuid.UUID
    kind: Literal["reply", "note"]
    content: str


class JobPushed(Strict):
    """How far a job is that somebody waits for, or that one failed; what it is about is not said."""

    id: uuid.UUID
    type: str
    status: Literal["pending", "running", "completed", "failed", "cancelled"]
    progress: int
    note: str | None
    requested_by_id: uuid.UUID | None


class OfferTicket(Strict):
    id: uuid.UUID
    number: int
    title: str
    priority: Priority
    channel: Literal["chat", "email", "form", "api"]
    customer: str


class OfferPushed(Strict):
    id: uuid.UUID
    state: Literal["pending", "accepted", "declined", "expired", "withdrawn"]
    agent_id: uuid.UUID
    offered_by_id: uuid.UUID | None
    reason: str
    expires_at: datetime
    ticket: OfferTicket


class PlacePushed(Strict):
    """Minutes, from and to; None where there is nothing to go by."""

    ticket_id: uuid.UUID
    position: int
    wait: tuple[int, int] | None


class Nothing(Strict):
    """The name says it all."""


class Ended(Strict):
    reason: str


class Restarting(Strict):
    retry_in: float


class AvailabilityPushed(Strict):
    state: Literal["online", "nobody", "closed"]
    back_at: datetime | None
    reply_minutes: int | None


class NotifiedTicket(Strict):
    id: uuid.UUID
    number: int
    title: str


class NotificationOut(Strict):
    """A line of the notification centre."""

    id: uuid.UUID
    kind: NotificationKind
    title: str
    body: str
    actor: str | None
    ticket: NotifiedTicket | None
    data: dict[str, Any]
    sound: bool
    push: bool
    created_at: datetime
    read_at: datetime | None


class NotificationPushed(Strict):
    notification: NotificationOut


class NotificationsReadPushed(Strict):
    """What was read: these, or everything up to one."""

    ids: list[uuid.UUID]
    up_to: uuid.UUID | None
    read_at: datetime


class SoundPushed(Strict):
    ticket_id: uuid.UUID
    kind: str


PUSHED: dict[tuple[str, str], type[Strict]] = {
    ("/agent", "ticket.event"): EventOut,
    ("/agent", "ticket.row"): RowPushed,
    ("/agent", "ticket.read"): ReadPushed,
    ("/agent", "mail.delivery"): DeliveryOut,
    ("/agent", "typing.updated"): TypingPushed,
    ("/agent", "presence.updated"): ViewingPushed,
    ("/agent", "customer.presence"): CustomerPresencePushed,
    ("/agent", "user.presence"): UserPresencePushed,
    ("/agent", "draft.saved"): DraftPushed,
    ("/agent", "job.updated"): JobPushed,
    ("/agent", "notification.created"): NotificationPushed,
    ("/agent", "notification.read"): NotificationsReadPushed,
    ("/agent", "notification.sound"): SoundPushed,
    ("/agent", "offer.updated"): OfferPushed,
    ("/agent", "directory.updated"): Nothing,
    ("/agent", "queue.outdated"): Nothing,
    ("/agent", "session.ended"): Ended,
    ("/agent", "server.restarting"): Restarting,
    ("/agent", "now.updated"): BoardPushed,
    ("/tv", "now.updated"): BoardPushed,
    ("/agent", "health.updated"): HealthPushed,
    ("/tv", "wallboard.ended"): Ended,
    ("/tv", "server.restarting"): Restarting,
    ("/chat", "ticket.event"): CustomerEventOut,
    ("/chat", "ticket.read"): CustomerReadPushed,
    ("/chat", "typing.updated"): CustomerTypingPushed,
    ("/chat", "availability.updated"): AvailabilityPushed,
    ("/chat", "queue.updated"): PlacePushed,
    ("/chat", "visitor.ended"): Ended,
    ("/chat", "server.restarting"): Restarting,
}
"""Every event that a namespace may hear, and its body."""
