"""How one wishes to be told: event by channel, for all inboxes or one, quiet hours, desktop notifications."""

import uuid
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from flask import Blueprint, Response, flash, redirect, request

from webapp.database import read_only, transaction
from webapp.errors import AppError, NotFound
from webapp.middleware import content_security_policy
from webapp.models.notification import CHANNELS
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, form_values, handled, read_form
from webapp.schemas.notification import Preferences
from webapp.services.directory import read_directory
from webapp.services.notification import preference, push

bp = Blueprint("notification_pages", __name__, url_prefix="/profile/notifications")

HERE = "/profile/notifications"
KINDS = {
    "assigned_to_me": ("Assigned to me", "A ticket becomes yours, or one of yours becomes urgent"),
    "message_in_mine": ("Message in mine", "A customer writes in a ticket that is yours"),
    "mention": ("Mention", "Somebody writes @you, or your team, in a note"),
    "reply_on_followed": ("Reply on a followed ticket", "By the customer or a colleague"),
    "new_unassigned": ("New and unassigned", "A ticket came in that nobody has; sound also for its messages"),
    "offer": ("Offer", "A ticket is offered to you to accept"),
    "sla_soon": ("Deadline soon", "A promise is about to be missed"),
    "sla_breached": ("Deadline missed", "A promise was missed"),
    "escalation": ("Escalation", "A ticket went up the ladder"),
    "routing_alert": ("Nobody takes it", "A critical ticket stands unassigned, or nobody accepts one"),
    "job_done": ("Export or job is ready", "Something you asked for is done"),
    "integration_alert": ("Connection broken", "Another program cannot be reached any more"),
}
NAMES = {"in_app": "In Parley", "sound": "Sound", "push": "Desktop", "email": "E-mail"}


class Line(NamedTuple):
    """A row of the matrix."""

    kind: str
    label: str
    hint: str
    chosen: dict[str, bool]


@bp.get("")
@staff_page()
def show() -> Any:
    """Everything on one page; `?inbox=` shows that inbox's own matrix."""
    return _page()


def _inbox_id(inboxes: list[dict[str, Any]]) -> uuid.UUID | None:
    given = request.args.get("inbox", "")
    if not given:
        return None
    if given not in [inbox["id"] for inbox in inboxes]:
        raise NotFound("There is no such inbox")
    return uuid.UUID(given)


def _page(error: AppError | None = None) -> Response:
    with read_only():
        inboxes = read_directory()["inboxes"]
        inbox_id = _inbox_id(inboxes)
        kept = preference.read_preferences()
        browsers = [(row.id, row.browser or "A browser", row.created_at) for row in push.list_subscriptions()]
        values = _values(kept)
        lines = _lines(kept, inbox_id)
        own = {place for place in (kept.choices if kept else {}) if place}
        offered = [one for one in inboxes if one["active"] or one["id"] in {*own, str(inbox_id)}]
    if error is not None:
        values, lines = _typed(values, lines)
    response = form_page(
        "notifications.html",
        error,
        inboxes=offered,
        own=own,
        inbox_id=str(inbox_id or ""),
        lines=lines,
        channels=NAMES,
        values=values,
        zones=sorted(available_timezones()),
        browsers=browsers,
    )
    # Registering a service worker takes an address that Trusted Types know; on this page alone.
    response.headers["Content-Security-Policy"] = content_security_policy(trusted_types="parley-worker")
    return response


def _values(kept: Any) -> dict[str, Any]:
    if kept is None:
        return Preferences().model_dump(exclude={"matrix"})
    return {
        "quiet": bool(kept.quiet_from),
        "quiet_from": kept.quiet_from or "22:00",
        "quiet_to": kept.quiet_to or "07:00",
        "timezone": kept.timezone,
        "only_online": kept.only_online,
    }


def _lines(kept: Any, inbox_id: uuid.UUID | None) -> list[Line]:
    return [
        Line(kind, label, hint, preference.choices_for(kept, kind, inbox_id))
        for kind, (label, hint) in KINDS.items()
    ]


def _typed(values: dict[str, Any], lines: list[Line]) -> tuple[dict[str, Any], list[Line]]:
    """The form as it was sent."""
    sent = form_values()
    matrix = sent.get("matrix", {})
    again = {name: sent.get(name, "") for name in values}
    ticked = [
        line._replace(chosen={name: name in matrix.get(line.kind, {}) for name in CHANNELS}) for line in lines
    ]
    return again, ticked


@bp.post("")
@staff_page("profile:update")
def save() -> Response:
    """Keeps the matrix that is shown, and what holds for all of them."""

    def act() -> Response:
        wanted = read_form(Preferences)
        with transaction():
            inbox_id = _inbox_id(read_directory()["inboxes"])
            preference.save_preferences(wanted, inbox_id=inbox_id)
        flash("Saved")
        return redirect(f"{HERE}?inbox={inbox_id}" if inbox_id else HERE)  # type: ignore[return-value]

    return handled(act, _page)


@bp.post("/browsers/<uuid:subscription_id>/remove")
@staff_page("profile:update")
def remove_browser(subscription_id: uuid.UUID) -> Any:
    """Shows nothing on that browser's desktop any more."""
    with transaction():
        push.unsubscribe(subscription_id)
    flash("That browser shows no desktop notifications any more.")
    return redirect(HERE)
