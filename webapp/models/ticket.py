"""A ticket: tracked work with its thread of comments. A live chat is a ticket whose channel is chat."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp import clock
from webapp.database import JSON, Base, UTCDateTime
from webapp.models.columns import At, CreatedAt, Id, one_of
from webapp.models.customer import Customer
from webapp.models.inbox import CHANNELS, Inbox
from webapp.models.user import User
from webapp.tenancy import TenantMixin, belongs_to

if TYPE_CHECKING:
    from webapp.models.comment import Comment

STATUSES = ("open", "assigned", "in_progress", "pending", "resolved", "closed")
ENDED = ("resolved", "closed")
PRIORITIES = ("low", "medium", "high", "critical")
RANKS = {name: rank for rank, name in enumerate(reversed(PRIORITIES))}
PENDING_ON = ("customer", "third_party")
SHELVES = ("queue", "snoozed", "done", "trash")
FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""Later than anything: what is never due, and "until they reply"."""
IDLE_SHIFT = timedelta(days=365_243)
"""A thousand years: a ticket that nobody waits on sorts behind all that wait, by its age."""

# What routing looks at: bounded by the work in hand, however many tickets there ever were.
WAITING_SQL = "shelf = 'queue' AND status = 'open' AND assigned_agent_id IS NULL"
ROUTING_ORDER = ("priority_rank", "due_rank", "created_at", "number")
CHAT_SQL = "channel = 'chat'"
LOAD_SQL = "shelf = 'queue' AND assigned_agent_id IS NOT NULL AND status IN ('assigned', 'in_progress')"


def _partial(name: str, columns: tuple[str, ...], where: str) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(name, "workspace_id", *columns, sqlite_where=condition, postgresql_where=condition)


class Ticket(TenantMixin, Base):
    """`last_seq` and `last_public_seq` count the ticket's events under its row lock.

    `ended_at`: when the customer ended the chat; their browser no longer shows it then. `next_due_at`: the
    next deadline of its clocks; `sla`: the clock the queue shows; `sla_state`: what `services.sla` folds.

    `snoozed_until` FAR: until the customer writes. `replied_at`: our last public reply. `merged_inbox_ids`:
    the inboxes of chats that were merged into it. `shelf` and the ranks follow from the other fields at each
    flush: they are what the queue's indexes stand on.

    `status_id`: the workspace's own status inside the code, if it has one. `tags`: their names, repeated from
    `ticket_tags`. `fields`: the values of custom fields by key. `deleted_at`: since when it is in the trash.
    `tried_agent_ids`: who was given it and didn't answer. `slot_freed_at`: since when it takes no room at its
    agent, because its customer went silent.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "number"),
        sa.UniqueConstraint("workspace_id", "external_id"),
        belongs_to("customers"),
        belongs_to("inboxes", "inbox_id"),
        belongs_to("users", "assigned_agent_id"),
        belongs_to("teams"),
        belongs_to("ticket_statuses", "status_id"),
        one_of("status", STATUSES),
        one_of("priority", PRIORITIES),
        one_of("channel", CHANNELS),
        sa.Index("ix_tickets_mine", "workspace_id", "assigned_agent_id", "status"),
        sa.Index("ix_tickets_customer", "workspace_id", "customer_id", "created_at"),
        sa.Index("ix_tickets_next_due", "workspace_id", "next_due_at"),
        *(
            sa.Index(f"ix_tickets_by_{name}", "workspace_id", "shelf", *columns)
            for name, columns in {
                "due": ("due_rank", "wait_rank", "number"),
                "agent": ("assigned_agent_id", "due_rank", "wait_rank", "number"),
                "pending": ("pending_on", "due_rank", "wait_rank", "number"),
                "wait": ("wait_rank", "number"),
                "activity": ("updated_at", "number"),
                "number": ("number",),
                "priority": ("priority_rank", "wait_rank", "number"),
                "snooze": ("snoozed_until", "number"),
            }.items()
        ),
        sa.Index("ix_tickets_merged", "workspace_id", "merged_into_id"),
        _partial("ix_tickets_waiting", ROUTING_ORDER, WAITING_SQL),
        _partial("ix_tickets_waiting_chats", ROUTING_ORDER, f"{WAITING_SQL} AND {CHAT_SQL}"),
        _partial("ix_tickets_handled_chats", ("resolved_at",), f"resolved_at IS NOT NULL AND {CHAT_SQL}"),
        _partial("ix_tickets_load", ("assigned_agent_id",), LOAD_SQL),
    )

    id: Mapped[Id]
    number: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    channel: Mapped[str] = mapped_column(sa.String(10))
    inbox_id: Mapped[uuid.UUID | None]
    priority: Mapped[str] = mapped_column(sa.String(10), default="medium")
    status: Mapped[str] = mapped_column(sa.String(20), default="open")
    status_id: Mapped[uuid.UUID | None]
    category: Mapped[str | None] = mapped_column(sa.String(60))
    tags: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default=sa.text("'[]'"))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default=sa.text("'{}'"))
    is_spam: Mapped[bool] = mapped_column(default=False)
    customer_id: Mapped[uuid.UUID]
    team_id: Mapped[uuid.UUID | None]
    assigned_agent_id: Mapped[uuid.UUID | None]
    assigned_at: Mapped[At]
    escalated: Mapped[bool] = mapped_column(default=False)
    snoozed_until: Mapped[At]
    wakes_on_reply: Mapped[bool] = mapped_column(default=True)
    pending_on: Mapped[str | None] = mapped_column(sa.String(20))
    status_changed_at: Mapped[At]
    tried_agent_ids: Mapped[list[str] | None] = mapped_column(JSON)
    routed_at: Mapped[At]
    slot_freed_at: Mapped[At]
    external_id: Mapped[str | None] = mapped_column(sa.String(200))
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSON, default=dict)
    page: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    client: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    comment_count: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    last_public_seq: Mapped[int] = mapped_column(default=0)
    last_customer_seq: Mapped[int] = mapped_column(default=0)
    unread: Mapped[int] = mapped_column(default=0)
    last_comment: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    waiting_since: Mapped[At]
    answered_at: Mapped[At]
    replied_at: Mapped[At]
    warned_at: Mapped[At]
    next_step_at: Mapped[At]
    resolved_at: Mapped[At]
    ended_at: Mapped[At]
    merged_into_id: Mapped[uuid.UUID | None]
    merged_into_number: Mapped[int | None]
    merged_inbox_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    shelf: Mapped[str] = mapped_column(sa.String(10), default="queue")
    due_rank: Mapped[datetime] = mapped_column(UTCDateTime, default=FAR)
    wait_rank: Mapped[datetime] = mapped_column(UTCDateTime, default=FAR)
    priority_rank: Mapped[int] = mapped_column(default=2)
    next_due_at: Mapped[At]
    sla: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    sla_state: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    deleted_at: Mapped[At]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    customer: Mapped[Customer] = relationship(
        back_populates="tickets", primaryjoin="foreign(Ticket.customer_id) == Customer.id"
    )
    inbox: Mapped[Inbox | None] = relationship(primaryjoin="foreign(Ticket.inbox_id) == Inbox.id")
    assigned_agent: Mapped[User | None] = relationship(
        primaryjoin="foreign(Ticket.assigned_agent_id) == User.id"
    )
    comments: Mapped[list["Comment"]] = relationship(
        back_populates="ticket",
        primaryjoin="foreign(Comment.ticket_id) == Ticket.id",
        order_by="Comment.seq",
    )

    @property
    def customer_email(self) -> str | None:
        """Where the customer can be written to: a verified address, else the one they claim."""
        return self.customer.email or self.customer.claimed_email

    @property
    def is_active(self) -> bool:
        """Whether the ticket is work still to do."""
        return not self.is_spam and self.deleted_at is None and self.status not in ENDED

    def is_urgent(self) -> bool:
        """Priority high or critical, nobody assigned, neither resolved nor closed."""
        return (
            self.priority in ("high", "critical")
            and self.assigned_agent_id is None
            and self.deleted_at is None
            and self.status not in ENDED
        )

    def to_dict(self) -> dict[str, Any]:
        """The ticket's plain fields, JSON-ready."""
        return {
            "id": str(self.id),
            "number": self.number,
            "title": self.title,
            "description": self.description,
            "status": self.status,
            "priority": self.priority,
            "channel": self.channel,
            "category": self.category,
            "tags": self.tags,
            "fields": self.fields,
            "customer_id": str(self.customer_id),
            "customer_email": self.customer_email,
            "assigned_agent_id": str(self.assigned_agent_id) if self.assigned_agent_id else None,
            "team_id": str(self.team_id) if self.team_id else None,
            "escalated": self.escalated,
            "external_id": self.external_id,
            "metadata": self.metadata_,
            "comment_count": self.comment_count,
            "created_at": clock.iso(self.created_at),
            "updated_at": clock.iso(self.updated_at),
        }


def shelf_of(ticket: Ticket) -> str:
    """Where it lies: on the queue, put off until later, done (spam too), or in the trash."""
    if ticket.deleted_at is not None:
        return "trash"
    if ticket.is_spam or ticket.status in ENDED:
        return "done"
    return "snoozed" if ticket.snoozed_until is not None else "queue"


def ranks_of(ticket: Ticket) -> dict[str, Any]:
    """What the queue sorts by, never NULL, so that one comparison says which page comes next."""
    created_at = ticket.created_at or clock.now()
    return {
        "shelf": shelf_of(ticket),
        "due_rank": ticket.next_due_at or FAR,
        "wait_rank": ticket.waiting_since or created_at + IDLE_SHIFT,
        "priority_rank": RANKS.get(ticket.priority, RANKS["medium"]),
    }


@sa.event.listens_for(Ticket, "before_insert")
@sa.event.listens_for(Ticket, "before_update")
def _rank(_mapper: Any, _connection: Any, ticket: Ticket) -> None:
    for name, value in ranks_of(ticket).items():
        if getattr(ticket, name) != value:
            setattr(ticket, name, value)


class ReadMark(TenantMixin, Base):
    """How far one side has received and seen a ticket, in `public_seq`."""

    __tablename__ = "read_marks"
    __table_args__ = (belongs_to("tickets"), one_of("side", ("customer", "staff")))

    ticket_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    delivered: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
