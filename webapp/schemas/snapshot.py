"""A ticket with all that its page shows, and the directory by which ids become names: as strict schemas."""

import uuid
from datetime import datetime
from typing import Any, Literal

from webapp.schemas.field import FieldOut
from webapp.schemas.pushed import (
    Availability,
    CommentOut,
    CustomerEventOut,
    DeliveryOut,
    EventOut,
    PagePushed,
    PlacePushed,
    RowOut,
    Status,
)
from webapp.schemas.tag import TagOut
from webapp.schemas.text import Strict
from webapp.schemas.ticket_status import StatusOut


class MarkOut(Strict):
    """Up to which sequence somebody has got and seen it."""

    delivered: int
    seen: int


class MarksOut(Strict):
    customer: MarkOut
    staff: MarkOut


class DraftOut(Strict):
    content: str


class DraftsOut(Strict):
    reply: DraftOut | None
    note: DraftOut | None


class EarlierOut(Strict):
    id: uuid.UUID
    number: int
    title: str
    status: Status
    created_at: datetime


class ViewerOut(Strict):
    user_id: uuid.UUID
    state: Literal["viewing", "replying", "noting"]


class TicketOut(RowOut):
    """A ticket with all that its page shows."""

    description: str
    external_id: str | None
    metadata: dict[str, Any]
    followers: list[uuid.UUID]
    page: PagePushed | None
    client: dict[str, Any] | None
    read: MarksOut
    drafts: DraftsOut
    deliveries: list[DeliveryOut]
    earlier: list[EarlierOut]
    customer_online: bool
    viewers: list[ViewerOut]


class TicketsOut(Strict):
    """A page of tickets; a view of the queue comes with the counts of all views and the feed's place."""

    data: list[RowOut]
    next_cursor: str | None
    counts: dict[str, int] | None = None
    workspace_seq: int | None = None


class SnapshotOut(Strict):
    """A ticket with its newest events, the oldest first."""

    ticket: TicketOut
    events: list[EventOut]
    has_more: bool


class WrittenOut(Strict):
    """A comment, and its event."""

    comment: CommentOut
    event: EventOut


class ActorNamed(Strict):
    kind: str
    id: uuid.UUID | None
    name: str


class ChangeOut(Strict):
    """A field's change in words."""

    field: str
    label: str
    old: str | None
    new: str | None


class HistoryOut(Strict):
    id: uuid.UUID
    seq: int
    at: datetime
    name: str
    door: str
    actor: ActorNamed
    changes: list[ChangeOut]


class StepOut(Strict):
    """A stretch or moment of a clock."""

    kind: Literal["started", "paused", "closed", "due", "met", "missed", "dropped"]
    at: datetime
    until: datetime | None = None
    why: str | None = None


class AccountOut(Strict):
    """How a clock came to its deadline."""

    metric: str
    name: str
    instance: int
    state: Literal["active", "paused", "met", "breached", "dropped"]
    late: bool
    policy: str
    target_seconds: int
    target: str
    business: bool
    started_at: datetime
    due_at: datetime | None
    soon_at: datetime | None
    ended_at: datetime | None
    remaining_seconds: int | None
    over_seconds: int | None
    steps: list[StepOut]
    sentence: str


class NamedId(Strict):
    id: uuid.UUID
    name: str


class InboxNamed(NamedId):
    """`active`: off ones take nothing new, and are offered nowhere."""

    active: bool


class ColleagueOut(Strict):
    """Somebody of staff; `answers`: their role lets them reply."""

    id: uuid.UUID
    name: str
    role: str
    availability: Availability
    reason: str | None
    online: bool
    active: bool
    answers: bool


class DirectoryOut(Strict):
    """Who and what there is."""

    users: list[ColleagueOut]
    teams: list[NamedId]
    inboxes: list[InboxNamed]
    tags: list[TagOut]
    fields: list[FieldOut]
    statuses: list[StatusOut]
    skills: list[NamedId]


# --- the customer's side --------------------------------------------------------------------------


class AgentNamed(Strict):
    name: str


class CustomerTicketOut(Strict):
    """A ticket in its customer's words."""

    id: uuid.UUID
    number: int
    status: Literal["open", "waiting", "ended"]
    agent: AgentNamed | None
    created_at: datetime
    seq: int
    unread: int
    can_reopen: bool


class VisitorOut(Strict):
    name: str | None
    email: str | None
    verified: bool


class AvailabilityOut(Strict):
    state: Literal["online", "nobody", "closed"]
    back_at: datetime | None
    reply_minutes: int | None


class ChatStateOut(Strict):
    """What a chat starts from."""

    visitor: VisitorOut
    ticket: CustomerTicketOut | None
    events: list[CustomerEventOut]
    has_more: bool
    epoch: int
    read: MarksOut | None
    availability: AvailabilityOut
    known: list[str]
    needs_prechat: bool
    place: PlacePushed | None


class ChatReplayOut(Strict):
    ticket: CustomerTicketOut
    read: MarksOut
    epoch: int
    events: list[CustomerEventOut]
    has_more: bool
    reset: bool
