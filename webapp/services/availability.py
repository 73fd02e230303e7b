"""Why people step out: a workspace's reasons, what each counts as, and who takes tickets all the same."""

from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import User
from webapp.models.user import AVAILABILITIES
from webapp.schemas.availability import AvailabilitySettings, AwayReason
from webapp.services.event import record
from webapp.services.setting import read_section, save_section
from webapp.tenancy import require_workspace_id
from webapp.validators import visible


def list_reasons(*, session: Any = None) -> list[AwayReason]:
    """The reasons that people can choose, in their order."""
    return [reason for reason in _reasons(session) if reason.is_offered]


def _reasons(session: Any = None) -> list[AwayReason]:
    return read_section(AvailabilitySettings, session=session).reasons


def open_reasons(*, session: Any = None) -> frozenset[str]:
    """The names of the reasons for which somebody is away and takes tickets all the same."""
    return frozenset(reason.name for reason in _reasons(session) if reason.takes_tickets)


def takes_tickets(user: User, *, session: Any = None) -> bool:
    """Whether somebody says that they take tickets: online, or away for a reason that allows it."""
    return user.availability == "online" or user.availability_reason in open_reasons(session=session)


def chosen(
    user: User, availability: str | None, reason: str | None, *, session: Any = None
) -> dict[str, str | None]:
    """What somebody sets about being there: `{availability, availability_reason}`; empty if nothing.

    A reason says what it counts as; without one the old stays where nothing else changes. Raises `Invalid`.
    """
    if availability is not None and availability not in AVAILABILITIES:
        raise Invalid.field("availability", f"One of {', '.join(AVAILABILITIES)}")
    if availability == "online":
        return {"availability": "online", "availability_reason": None}
    if reason is None:
        if availability is None:
            return {}
        kept = user.availability_reason if availability == user.availability else None
        return {"availability": availability, "availability_reason": kept}
    name = visible(reason)
    now = user.availability, user.availability_reason
    if not name or (availability or now[0], name) == now:
        return {"availability": availability or user.availability, "availability_reason": name or None}
    found = _named(name, session)
    if availability not in (None, found.counts_as):
        raise Invalid.field("availability", f"“{name}” counts as {found.counts_as} here")
    return {"availability": found.counts_as, "availability_reason": name}


def _named(name: str, session: Any) -> AwayReason:
    found = next((reason for reason in list_reasons(session=session) if reason.name == name), None)
    if found is None:
        raise Invalid.field("reason", "Choose one of the reasons that the workspace offers")
    return found


def save_reasons(section: AvailabilitySettings, *, session: Any = None, actor: Actor | None = None) -> None:
    """Saves the reasons; whoever is away for one that has another name now is away for that one.

    Raises `Invalid` at a reason that is there twice, or that is offline and takes tickets.
    """
    session, actor = session or db.session(), actor or current_actor()
    seen: set[str] = set()
    for index, reason in enumerate(section.reasons):
        if reason.name.casefold() in seen:
            raise Invalid.field(f"reasons.{index}.name", "This one is there twice")
        if reason.takes_tickets and reason.counts_as == "offline":
            raise Invalid.field(f"reasons.{index}.takes_tickets", "Whoever is offline gets no tickets")
        seen.add(reason.name.casefold())
    before = {reason.id: reason.name for reason in _reasons(session)}
    save_section(section, session=session, actor=actor)
    names = {before[reason.id]: reason.name for reason in section.reasons if reason.id in before}
    _rename({old: new for old, new in names.items() if old != new}, session, actor)


def _rename(names: dict[str, str], session: Any, actor: Actor) -> None:
    theirs = sa.and_(User.workspace_id == require_workspace_id(), User.availability_reason.in_(names))
    query = sa.select(User).where(theirs).order_by(User.id).with_for_update()
    for user in session.scalars(query) if names else ():
        old = user.availability_reason
        user.availability_reason = names[old]
        changes = {"availability_reason": [old, names[old]]}
        record("user.updated", session=session, actor=actor, subject_id=user.id, changes=changes)
