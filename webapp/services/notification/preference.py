"""How each person wishes to be told: event by channel, per inbox, with quiet hours."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm.attributes import flag_modified

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.extensions import db
from webapp.models import NotificationPreference
from webapp.models.notification import CHANNELS
from webapp.schemas.notification import Preferences

EVERYWHERE = ""
"""The matrix that holds where an inbox has none of its own."""

DEFAULTS: dict[str, tuple[str, ...]] = {
    "assigned_to_me": ("in_app", "sound", "push", "email"),
    "message_in_mine": ("in_app", "sound", "push", "email"),
    "mention": ("in_app", "sound", "push", "email"),
    "reply_on_followed": ("in_app", "email"),
    "new_unassigned": ("sound",),
    "sla_soon": ("in_app", "sound"),
    "sla_breached": ("in_app", "sound", "push", "email"),
    "escalation": ("in_app", "sound", "push", "email"),
    "offer": ("in_app", "sound", "push"),
    "routing_alert": ("in_app", "sound", "push", "email"),
    "job_done": ("in_app", "email"),
    "integration_alert": ("in_app", "push", "email"),
}


@dataclass(frozen=True)
class Wish:
    """The channels that one fact takes to one person; mail waits until `email_from`."""

    in_app: bool
    sound: bool
    push: bool
    email: bool
    email_from: datetime

    @property
    def any_row(self) -> bool:
        """Whether there is more to it than a sound."""
        return self.in_app or self.push or self.email


def choices_for(preference: Any, kind: str, inbox_id: uuid.UUID | None) -> dict[str, bool]:
    """`{channel: bool}` for an event in an inbox: its own choice, else the general one, else the default."""
    chosen = {channel: channel in DEFAULTS[kind] for channel in CHANNELS}
    stored = preference.choices if preference else {}
    for place in (EVERYWHERE, str(inbox_id) if inbox_id else EVERYWHERE):
        chosen |= stored.get(place, {}).get(kind, {})
    return chosen


def wish_of(
    user: Any, preference: Any, kind: str, inbox_id: uuid.UUID | None, *, urgent: bool = False
) -> Wish:
    """What this person wishes now (`user` has an `availability`).

    An urgent fact is always in the centre; quiet hours hold for it too.
    """
    now = clock.now()
    chosen = choices_for(preference, kind, inbox_id)
    silent_until = quiet_until(preference, now) if preference else None
    away = bool(preference and preference.only_online and user.availability != "online")
    loud = silent_until is None and not away
    return Wish(
        in_app=chosen["in_app"] or urgent,
        sound=chosen["sound"] and loud,
        push=chosen["push"] and loud,
        email=chosen["email"] and not away,
        email_from=silent_until or now,
    )


def quiet_until(preference: NotificationPreference, now: datetime) -> datetime | None:
    """When the person's quiet hours end, if `now` lies in them; by the clock on their wall."""
    if not preference.quiet_from or not preference.quiet_to:
        return None
    zone = ZoneInfo(preference.timezone)
    local = now.astimezone(zone)
    start, end = time.fromisoformat(preference.quiet_from), time.fromisoformat(preference.quiet_to)
    at = local.time().replace(tzinfo=None)
    inside = start <= at < end if start < end else at >= start or at < end
    if not inside:
        return None
    day = local.date() if at < end else local.date() + timedelta(days=1)
    return datetime.combine(day, end, tzinfo=zone).astimezone(UTC)


def read_preferences(*, session: Any = None, actor: Actor | None = None) -> NotificationPreference | None:
    """One's own row, if anything was ever chosen."""
    session, actor = session or db.session(), actor or current_actor()
    found: NotificationPreference | None = session.get(NotificationPreference, actor.id)
    return found


def save_preferences(
    wanted: Preferences, *, inbox_id: uuid.UUID | None = None, session: Any = None, actor: Actor | None = None
) -> NotificationPreference:
    """Stores one's own matrix (of an inbox, or the general one), quiet hours and the rest."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "profile:update")
    kept = session.get(NotificationPreference, actor.id)
    if kept is None:
        kept = NotificationPreference(user_id=actor.id, choices={})
        session.add(kept)
    place = str(inbox_id) if inbox_id else EVERYWHERE
    kept.choices = {**kept.choices, place: _differences(wanted.matrix, kept if inbox_id else None)}
    if inbox_id and not kept.choices[place]:
        del kept.choices[place]
    kept.quiet_from, kept.quiet_to = (wanted.quiet_from, wanted.quiet_to) if wanted.quiet else (None, None)
    kept.timezone, kept.only_online = wanted.timezone, wanted.only_online
    flag_modified(kept, "choices")
    session.flush()
    return kept


def _differences(matrix: dict[str, dict[str, bool]], beneath: Any) -> dict[str, dict[str, bool]]:
    """Only what differs from what would hold without it, so that a later default reaches everybody else."""
    found = {}
    for kind in DEFAULTS:
        general = choices_for(beneath, kind, None)
        given = matrix.get(kind, {})
        changed = {
            channel: given.get(channel, False)
            for channel in CHANNELS
            if given.get(channel, False) != general[channel]
        }
        if changed:
            found[kind] = changed
    return found
