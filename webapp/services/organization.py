"""Organizations: whom customers belong to, by hand or by the domain of their address."""

import uuid
from functools import cache
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import Customer, Organization, OrganizationDomain
from webapp.models.customer import TIERS
from webapp.schemas.organization import checked_domain
from webapp.services.event import record
from webapp.validators import visible
from webapp.words import fold, words

NAME_CHARS = 200
NOTES_CHARS = 5000
MOST_DOMAINS = 50
PAGE = 50
UNSYNCED = {"synchronize_session": False}


def list_organizations(
    text: str = "", *, after: str | None = None, limit: int = PAGE, actor: Actor | None = None
) -> tuple[list[tuple[Organization, int]], str | None]:
    """A page of organizations by name, with how many customers each has, and where the next page begins."""
    require(actor or current_actor(), "customer:read")
    query = sa.select(Organization).order_by(Organization.folded_name)
    for word in words(text)[:8]:
        query = query.where(Organization.folded_name.contains(word, autoescape=True))
    if after:
        query = query.where(Organization.folded_name > after)
    found = list(db.session.scalars(query.limit(limit + 1)))
    page = found[:limit]
    counts = _counts([row.id for row in page])
    next_page = page[-1].folded_name if len(found) > limit else None
    return [(row, counts.get(row.id, 0)) for row in page], next_page


def count_customers(organization_id: uuid.UUID) -> int:
    """How many customers belong to an organization."""
    return _counts([organization_id]).get(organization_id, 0)


def _counts(ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    if not ids:
        return {}
    query = sa.select(Customer.organization_id, sa.func.count(Customer.id))
    query = query.where(Customer.organization_id.in_(ids), Customer.merged_into_id.is_(None))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(Customer.organization_id))}


def organization_for(
    organization_id: uuid.UUID,
    *,
    permission: str = "customer:read",
    lock: bool = False,
    session: Any = None,
    actor: Actor | None = None,
) -> Organization:
    """The organization, if the actor may. Raises `NotFound`."""
    require(actor or current_actor(), permission)
    query = sa.select(Organization).where(Organization.id == organization_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found: Organization | None = (session or db.session()).scalar(query)
    if found is None:
        raise NotFound("There is no such organization")
    return found


def list_members(organization_id: uuid.UUID, *, limit: int = PAGE) -> list[Customer]:
    """The newest customers of an organization."""
    query = sa.select(Customer).where(Customer.organization_id == organization_id)
    shown = query.where(Customer.merged_into_id.is_(None)).order_by(Customer.id.desc())
    return list(db.session.scalars(shown.limit(limit)))


def create_organization(
    name: str, *, session: Any = None, actor: Actor | None = None, **fields: Any
) -> Organization:
    """Makes an organization; `fields`: domains, tier, notes. Raises `Invalid` naming the field."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "customer:update")
    made = Organization(id=database.uuid7(), created_at=clock.now(), notes="", fields={})
    made.name, made.folded_name = _name(name, None, session)
    session.add(made)
    session.flush()
    changes = {"name": [None, made.name], **_apply(made, fields, session)}
    record("organization.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def update_organization(
    organization_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None, **fields: Any
) -> Organization:
    """Sets name, domains, tier or notes; a tier is given to all its customers. Raises `Invalid`."""
    session, actor = session or db.session(), actor or current_actor()
    found = organization_for(
        organization_id, permission="customer:update", lock=True, session=session, actor=actor
    )
    changes = {}
    if "name" in fields:
        name, folded = _name(fields.pop("name"), found, session)
        if name != found.name:
            changes["name"] = [found.name, name]
            found.name, found.folded_name = name, folded
    changes.update(_apply(found, fields, session))
    if changes:
        record("organization.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def merge_organizations(
    into_id: uuid.UUID, other_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None
) -> Organization:
    """Moves the customers and domains of `other_id` to `into_id`; the other one is gone.

    Raises `Invalid` for a merge into itself.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "customer:update")
    if into_id == other_id:
        raise Invalid.field("other", "This is the same organization; choose another one")
    ids = sorted((into_id, other_id))
    locked = {
        id_: organization_for(id_, permission="customer:update", lock=True, session=session, actor=actor)
        for id_ in ids
    }
    into, other = locked[into_id], locked[other_id]
    values: dict[str, Any] = {"organization_id": into.id}
    for model in (Customer, OrganizationDomain):
        moving = sa.update(model).where(model.organization_id == other.id).values(values)
        session.execute(moving, execution_options=UNSYNCED)
    into.tier = into.tier or other.tier
    into.notes = "\n\n".join(filter(None, (into.notes, other.notes)))[:NOTES_CHARS]
    session.expire(other, ["domain_rows"])
    session.expire(into, ["domain_rows"])
    session.delete(other)
    session.flush()
    changes = {"merged_id": [None, str(other_id)], "merged_name": [None, other.name]}
    record("organization.merged", session=session, actor=actor, subject_id=into.id, changes=changes)
    return into


def join_by_domain(customer: Customer, *, session: Any = None) -> None:
    """Puts a customer whose verified address has an organization's domain into that organization."""
    if not customer.email or customer.organization_id is not None:
        return
    domain = customer.email.rpartition("@")[2]
    found = (session or db.session()).scalar(_by_domain(), {"domain": domain})
    if found is not None:
        customer.organization_id = found.id
        customer.tier = found.tier or customer.tier


@cache
def _by_domain() -> Any:
    query = sa.select(Organization).join(
        OrganizationDomain, OrganizationDomain.organization_id == Organization.id
    )
    return query.where(OrganizationDomain.domain == sa.bindparam("domain", type_=sa.String))


# --- what may be set ------------------------------------------------------------------------------


def _name(text: str, present: Organization | None, session: Any) -> tuple[str, str]:
    name = visible(text or "")
    if not name:
        raise Invalid.field("name", "An organization needs a name")
    if len(name) > NAME_CHARS:
        raise Invalid.field("name", f"At most {NAME_CHARS} characters")
    folded = fold(name)[: NAME_CHARS * 4]
    taken = session.scalar(sa.select(Organization.id).where(Organization.folded_name == folded))
    if taken is not None and (present is None or taken != present.id):
        raise Invalid.field("name", "There is an organization of this name already")
    return name, folded


def _apply(found: Organization, fields: dict[str, Any], session: Any) -> dict[str, list[Any]]:
    changes: dict[str, list[Any]] = {}
    for name, value in fields.items():
        old = getattr(found, name)
        if name == "domains":
            new: Any = _set_domains(found, value, session)
        elif name == "tier":
            new = _set_tier(found, value, session)
        elif name == "notes":
            new = found.notes = _notes(value)
        else:
            raise Invalid.field(name, "This field cannot be set")
        if old != new:
            changes[name] = [old, new]
    session.flush()
    return changes


def _notes(value: str) -> str:
    text = (value or "").replace("\r\n", "\n").strip()
    if len(text) > NOTES_CHARS:
        raise Invalid.field("notes", f"At most {NOTES_CHARS:,} characters")
    return text


def _set_tier(found: Organization, value: str | None, session: Any) -> str | None:
    if value and value not in TIERS:
        raise Invalid.field("tier", f"Tier is one of {', '.join(TIERS)}")
    if value and value != found.tier:
        moving = sa.update(Customer).where(Customer.organization_id == found.id).values(tier=value)
        session.execute(moving, execution_options={"synchronize_session": "fetch"})
    found.tier = value or None
    return found.tier


def _set_domains(found: Organization, value: list[str], session: Any) -> list[str]:
    wanted = sorted({_domain(text) for text in value if text.strip()})
    if len(wanted) > MOST_DOMAINS:
        raise Invalid.field("domains", f"At most {MOST_DOMAINS} domains")
    query = sa.select(OrganizationDomain).where(OrganizationDomain.domain.in_(wanted))
    for taken in session.scalars(query):
        if taken.organization_id != found.id:
            raise Invalid.field("domains", f"{taken.domain} belongs to another organization")
    kept = {row.domain: row for row in found.domain_rows}
    found.domain_rows = [
        kept.get(domain) or OrganizationDomain(id=database.uuid7(), domain=domain) for domain in wanted
    ]
    session.flush()
    return wanted


def _domain(text: str) -> str:
    try:
        return checked_domain(text)
    except ValueError as problem:
        raise Invalid.field("domains", f"{visible(text).lower().removeprefix('@')}: {problem}") from None
