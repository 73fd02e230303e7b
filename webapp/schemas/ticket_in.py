"""What staff may say about tickets, over REST and the socket alike."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from webapp.schemas.paging import PageQuery
from webapp.schemas.text import Content, Draft, Files, Line, PageSize, Place, Sequence, Strict, storable

Priority = Literal["low", "medium", "high", "critical"]
Status = Literal["open", "assigned", "in_progress", "pending", "resolved", "closed"]
PendingOn = Literal["customer", "third_party"]
Kind = Literal["reply", "note"]
AwayReason = Annotated[Line, StringConstraints(max_length=60)]
View = Literal["mine", "unassigned", "all", "waiting", "risk", "breached", "snoozed", "done", "trash"]
Sort = Literal[
    "due", "waiting", "priority", "newest_activity", "oldest_activity", "newest", "oldest", "snooze"
]


TagName = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(storable)]
TagNames = Annotated[list[TagName], Field(max_length=30)]
FieldValues = Annotated[dict[Line, Any], Field(max_length=50)]


class CommentIn(Strict):
    client_id: uuid.UUID
    content: Content
    kind: Kind = "reply"
    seen_seq: Sequence | None = None
    attachment_ids: Files = []


class CommentCommand(CommentIn):
    ticket_id: uuid.UUID


class TicketIn(Strict):
    title: Line
    description: Content = ""
    customer_id: uuid.UUID | None = None
    customer_email: Line | None = None
    customer_name: Line | None = None
    priority: Priority = "medium"
    category: Line | None = None
    team_id: uuid.UUID | None = None
    external_id: Line | None = None
    metadata: dict[str, Any] | None = None
    tags: TagNames = []
    fields: FieldValues = {}
    client_id: uuid.UUID | None = None


class TicketPatch(Strict):
    title: Line | None = None
    priority: Priority | None = None
    status: Status | None = None
    status_id: uuid.UUID | None = None
    pending_on: PendingOn | None = None
    category: Line | None = None
    description: Content | None = None
    team_id: uuid.UUID | None = None
    external_id: Line | None = None
    metadata: dict[str, Any] | None = None
    fields: FieldValues | None = None
    add_tags: TagNames | None = None
    remove_tags: TagNames | None = None


class AssignIn(Strict):
    agent_id: uuid.UUID | None
    team_id: uuid.UUID | None = None
    note: Content | None = None
    expected_agent_id: uuid.UUID | None = None


class SpamIn(Strict):
    spam: bool
    block: bool = False


class SnoozeIn(Strict):
    """`until` None: until the customer writes."""

    until: datetime | None
    wakes_on_reply: bool = True


class MergeIn(Strict):
    """`into`: the id or the number of the ticket that goes on."""

    into: Line


class SplitIn(Strict):
    title: Line
    comment_ids: Annotated[list[uuid.UUID], Field(min_length=1, max_length=100)]


class ReadIn(Strict):
    seq: Sequence


class ReadCommand(ReadIn):
    ticket_id: uuid.UUID


class DraftIn(Strict):
    content: Draft


class TicketCommand(Strict):
    ticket_id: uuid.UUID


class TypingCommand(Strict):
    ticket_id: uuid.UUID
    kind: Kind = "reply"
    typing: bool


class ViewingCommand(Strict):
    ticket_id: uuid.UUID
    state: Literal["viewing", "replying", "noting", "left"]


class AvailabilityCommand(Strict):
    availability: Literal["online", "away", "busy", "offline"]
    reason: AwayReason | None = None


class CustomerPatch(Strict):
    name: Line | None = None
    email: Line | None = None
    tier: Line | None = None
    company: Line | None = None
    organization_id: uuid.UUID | None = None
    locale: Line | None = None
    fields: FieldValues | None = None


class BlockIn(Strict):
    customer_id: uuid.UUID | None = None
    address: Line | None = None
    days: PageSize | None = None
    reason: Line = ""


class MePatch(Strict):
    name: Line | None = None
    availability: Literal["online", "away", "busy", "offline"] | None = None
    reason: AwayReason | None = None
    settings: dict[Line, bool | Line] | None = None


class TicketPath(Strict):
    ticket_id: Line


class DraftPath(Strict):
    ticket_id: Line
    kind: Kind


class IdPath(Strict):
    id: uuid.UUID


class QueueQuery(PageQuery):
    """Either a search, whose order stands in it (`sort:`), or a view of the queue, or neither: all."""

    q: Line = ""
    view: View | None = None
    sort: Sort | None = None


class CommentsQuery(PageQuery):
    """Comments in their order; `kind`: only replies, or only notes."""

    kind: Kind | None = None


class CommentPath(Strict):
    ticket_id: Line
    comment_id: uuid.UUID


class PlaceQuery(Strict):
    after: Place | None = None
    before: Place | None = None
    limit: PageSize = 50


class SearchQuery(PageQuery):
    """What is looked for, in the words of the search box."""

    q: Line = ""
