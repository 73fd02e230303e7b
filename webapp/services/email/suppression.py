"""Addresses that get no mail: they came back, complained, or somebody said so."""

import uuid
from functools import cache
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import MailSuppression
from webapp.services.event import record
from webapp.services.paging import newest_first
from webapp.validators import fold_email, is_valid_email


def find_suppression(address: str, *, session: Any = None) -> MailSuppression | None:
    """Why an address gets no mail, if so."""
    given = {"address": fold_email(address)}
    found: MailSuppression | None = (session or db.session()).scalar(_suppressing(), given)
    return found


@cache
def _suppressing() -> Any:
    address = sa.bindparam("address", type_=sa.String)
    return sa.select(MailSuppression).where(MailSuppression.address == address)


def suppress(address: str, reason: str, detail: str = "", *, session: Any = None) -> MailSuppression:
    """Sends an address no more mail. The same again changes nothing."""
    session = session or db.session()

    def add() -> MailSuppression:
        row = MailSuppression(
            id=database.uuid7(),
            address=fold_email(address),
            reason=reason,
            detail=detail[:300],
            created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        record("suppression.created", session=session, subject_id=row.id, changes={"reason": [None, reason]})
        return row

    found: MailSuppression = database.find_or_make(lambda: find_suppression(address, session=session), add)
    return found


def suppress_by_hand(address: str, *, session: Any = None, actor: Actor | None = None) -> MailSuppression:
    """As `suppress`, for who manages the settings. Raises `Invalid` at `address`."""
    require(actor or current_actor(), "settings:manage")
    if not is_valid_email(address.strip()):
        raise Invalid.field("address", "This is not an e-mail address")
    return suppress(address.strip(), "manual", session=session)


def unsuppress(suppression_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Lets an address have mail again. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    row = session.scalar(sa.select(MailSuppression).where(MailSuppression.id == suppression_id))
    if row is None:
        raise NotFound("There is no such entry")
    session.delete(row)
    record(
        "suppression.removed",
        session=session,
        actor=actor,
        subject_id=row.id,
        changes={"reason": [row.reason, None]},
    )


def list_suppressions(*, limit: int = 200) -> list[MailSuppression]:
    """The addresses that get no mail, newest first."""
    query = sa.select(MailSuppression).order_by(MailSuppression.created_at.desc(), MailSuppression.id)
    return list(db.session.scalars(query.limit(limit)))


def page_of_suppressions(
    cursor: uuid.UUID | None, limit: int, *, actor: Actor | None = None
) -> tuple[list[MailSuppression], str | None]:
    """A page of them, newest first, and the cursor of the next."""
    require(actor or current_actor(), "settings:manage")
    return newest_first(sa.select(MailSuppression), MailSuppression, cursor, limit)
