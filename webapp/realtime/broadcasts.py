"""Which fact goes to which room, in what shape. Runs after the commit and needs no database."""

from collections.abc import Callable
from typing import Any

from webapp import bus, clock
from webapp.realtime import rooms
from webapp.realtime.server import emit
from webapp.services.draft import DraftSaved
from webapp.services.email.delivery import DeliveryMoved
from webapp.services.event import Recorded, RowChanged
from webapp.services.job import JobMoved
from webapp.services.live import Typing
from webapp.services.notification import NotificationCreated, NotificationsRead, SoundWished
from webapp.services.routing.offer import OfferMoved
from webapp.services.routing.place import PlaceMoved
from webapp.services.ticket.reading import MarkMoved

Send = Callable[..., None]
AGENT, CHAT = rooms.AGENT, rooms.CHAT
DIRECTORY = ("tag", "field", "ticket_status", "team", "inbox", "skill")
"""Nouns by which pages turn ids into names: when one changes, open pages read the directory again."""


def event_recorded(fact: Recorded, emit: Send = emit) -> None:
    """An event of a ticket: whole to its staff, in the customer's form to its customer, if they see it."""
    if fact.ticket_id is None:
        if fact.name.partition(".")[0] in DIRECTORY:
            emit("directory.updated", {}, room=rooms.staff(fact.workspace_id), namespace=AGENT)
        return
    if fact.customer is not None:
        _tell_customer("ticket.event", fact.customer, fact, emit)
    # Last: another process that hears this has had the customer's before (realtime/late.py).
    emit("ticket.event", fact.staff, room=rooms.ticket_staff(fact.ticket_id), namespace=AGENT)


def _tell_customer(
    name: str, body: dict[str, Any], fact: Recorded | MarkMoved | Typing, emit: Send = emit
) -> None:
    """To the customer's browsers, in each inbox in which they see the ticket."""
    for inbox_id in fact.inbox_ids:
        emit(name, body, room=rooms.customer(fact.customer_id, inbox_id), namespace=CHAT)


def row_changed(fact: RowChanged, emit: Send = emit) -> None:
    """A ticket's row, to every queue of the workspace."""
    body = {"row": fact.row, "before": fact.before, "workspace_seq": fact.workspace_seq}
    emit("ticket.row", body, room=rooms.staff(fact.workspace_id), namespace=AGENT)


def mark_moved(fact: MarkMoved) -> None:
    """How far a side has read: to staff, and ours to the customer."""
    body: dict[str, Any] = {
        "ticket_id": str(fact.ticket_id),
        "side": fact.side,
        "delivered": fact.delivered,
        "seen": fact.seen,
    }
    emit("ticket.read", {**body, "unread": fact.unread}, room=rooms.staff(fact.workspace_id), namespace=AGENT)
    _tell_customer("ticket.read", body, fact)


def typing_shown(fact: Typing) -> None:
    """Typing: to the ticket's staff, and a reply's to the customer. A note's never leaves the house."""
    actor = {"kind": fact.actor.kind, "id": str(fact.actor.id), "name": fact.actor.name}
    body = {"ticket_id": str(fact.ticket_id), "actor": actor, "kind": fact.kind, "typing": fact.typing}
    emit("typing.updated", body, room=rooms.ticket_staff(fact.ticket_id), namespace=AGENT)
    if fact.actor.kind == "user" and fact.kind == "reply":
        shown = {"ticket_id": str(fact.ticket_id), "name": fact.actor.name, "typing": fact.typing}
        _tell_customer("typing.updated", shown, fact)


def draft_saved(fact: DraftSaved) -> None:
    """A draft, to its author's other tabs."""
    body = {"ticket_id": str(fact.ticket_id), "kind": fact.kind, "content": fact.content}
    emit("draft.saved", body, room=rooms.user(fact.user_id), namespace=AGENT)


def job_moved(fact: JobMoved) -> None:
    """A job's progress, to all staff of its workspace."""
    if fact.workspace_id is None:
        return
    body = {
        "id": str(fact.id),
        "type": fact.type,
        "status": fact.status,
        "progress": fact.progress,
        "note": fact.note,
        "requested_by_id": str(fact.requested_by_id) if fact.requested_by_id else None,
    }
    emit("job.updated", body, room=rooms.staff(fact.workspace_id), namespace=AGENT)


def notification_created(fact: NotificationCreated) -> None:
    """Something told to one person, on all their pages."""
    emit("notification.created", {"notification": fact.body}, room=rooms.user(fact.user_id), namespace=AGENT)


def notifications_read(fact: NotificationsRead) -> None:
    """What one person has read, on their other pages."""
    body = {
        "ids": [str(read_id) for read_id in fact.ids],
        "up_to": str(fact.up_to) if fact.up_to else None,
        "read_at": clock.iso(fact.read_at),
    }
    emit("notification.read", body, room=rooms.user(fact.user_id), namespace=AGENT)


def sound_wished(fact: SoundWished) -> None:
    """A sound, and nothing to keep."""
    body = {"ticket_id": str(fact.ticket_id), "kind": fact.kind}
    for user_id in fact.user_ids:
        emit("notification.sound", body, room=rooms.user(user_id), namespace=AGENT)


def delivery_moved(fact: DeliveryMoved) -> None:
    """What became of a mail, to the ticket's staff."""
    emit("mail.delivery", fact.delivery, room=rooms.ticket_staff(fact.ticket_id), namespace=AGENT)


def offer_moved(fact: OfferMoved) -> None:
    """An offer, to the agent it was made to."""
    emit("offer.updated", fact.offer, room=rooms.user(fact.user_id), namespace=AGENT)


def place_moved(fact: PlaceMoved) -> None:
    """A waiting customer's place in the queue."""
    emit("queue.updated", fact.body, room=rooms.customer(fact.customer_id, fact.inbox_id), namespace=CHAT)


def register() -> None:
    """Hangs the broadcasts on the bus."""
    bus.subscribe(Recorded, event_recorded)
    bus.subscribe(RowChanged, row_changed)
    bus.subscribe(MarkMoved, mark_moved)
    bus.subscribe(Typing, typing_shown)
    bus.subscribe(OfferMoved, offer_moved)
    bus.subscribe(PlaceMoved, place_moved)
    bus.subscribe(DraftSaved, draft_saved)
    bus.subscribe(NotificationCreated, notification_created)
    bus.subscribe(NotificationsRead, notifications_read)
    bus.subscribe(SoundWished, sound_wished)
    bus.subscribe(DeliveryMoved, delivery_moved)
    bus.subscribe(JobMoved, job_moved)
