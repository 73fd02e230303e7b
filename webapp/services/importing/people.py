"""Organizations, agents and customers of elsewhere."""

import uuid
from datetime import datetime
from typing import Any

from webapp import clock, database
from webapp.models import Customer, Event, ImportedRow
from webapp.services import organization as organizations
from webapp.services.importing.batch import Batch, Item, Values
from webapp.services.importing.known import external_id
from webapp.services.importing.mapping import Wrong
from webapp.services.importing.past import DOOR
from webapp.services.organization import join_by_domain
from webapp.services.sla.reaction import tell_tickets
from webapp.validators import fold_name

NAME_CHARS = 100


def take_organization(batch: Batch, item: Item, row: ImportedRow | None) -> str:
    """An organization, by its name if not by their id. Raises `Wrong`, `Invalid`."""
    values = item.values
    found = batch.known.organizations.get(str(row.record_id)) if row else None
    found = found or batch.known.organizations.get(fold_name(values["name"]))
    fields = {name: values[name] for name in ("domains", "notes", "tier") if values[name]}
    given = {"session": batch.session, "actor": batch.actor}
    with database.savepoint():
        if found is None:
            made = organizations.create_organization(values["name"], **fields, **given)
        elif row is not None and row.import_id:
            made = organizations.update_organization(found.id, name=values["name"], **fields, **given)
        else:
            empty = {name: value for name, value in fields.items() if not getattr(found, name)}
            made = organizations.update_organization(found.id, **empty, **given)
    batch.known.organizations[made.folded_name] = batch.known.organizations[str(made.id)] = made
    key = external_id("organization", values)
    batch.remember("organization", key, made.id, item.digest, is_new=found is None)
    return "created" if found is None else "updated"


def take_agent(batch: Batch, item: Item, row: ImportedRow | None) -> str:
    """Somebody who worked there: who that is here, if anybody; else what they were called."""
    values = item.values
    user = batch.known.user(None, values["email"] or values["name"])
    label = values["name"] or values["email"] or "Agent"
    key = external_id("agent", values)
    batch.remember("agent", key, user.id if user else None, item.digest, is_new=False, label=label)
    return "updated" if row else "created"


def take_customer(batch: Batch, item: Item, row: ImportedRow | None) -> str:
    """A customer, by their id or address; of one who was here before, what is empty is filled in."""
    values, key = item.values, external_id("customer", item.values)
    found = batch.known.customer(values["id"] or values["email"], values["email"])
    organization_id = _organization_id(batch, values)
    if found is None:
        made = new_customer(batch, values["email"], values["name"], values["created_at"])
        _set(batch, made, values, organization_id, is_ours=True)
        batch.remember("customer", key, made.id, item.digest, is_new=True)
        return "created"
    changes = _set(batch, found, values, organization_id, is_ours=row is not None and bool(row.import_id))
    if changes:
        _note_customer(batch, "customer.updated", found, clock.now(), changes)
        if {"tier", "organization_id"} & changes.keys():
            tell_tickets(found.id, batch.session)
    batch.remember("customer", key, found.id, item.digest, is_new=False)
    return "updated"


def _organization_id(batch: Batch, values: Values) -> uuid.UUID | None:
    key, name = values["organization_id"], values["organization"]
    row = batch.known.rows.get(("organization", key)) if key else None
    if key and row is None:
        raise Wrong("organization_id", "This organization is not known: import the organizations first")
    if row is not None:
        return row.record_id
    found = batch.known.organizations.get(fold_name(name)) if name else None
    if name and found is None:
        given = {"session": batch.session, "actor": batch.actor}
        with database.savepoint():
            found = organizations.create_organization(name, **given)
        batch.known.organizations[found.folded_name] = batch.known.organizations[str(found.id)] = found
    return found.id if found else None


def new_customer(batch: Batch, email: str | None, name: str | None, at: datetime | None) -> Customer:
    """Makes a customer, silently, known since then."""
    at = at or clock.now()
    made = Customer(
        id=database.uuid7(),
        email=email,
        name=(name or "")[:NAME_CHARS] or None,
        created_at=at,
        last_seen_at=at,
        tier="basic",
    )
    join_by_domain(made, session=batch.session)
    batch.session.add(made)
    batch.known.customers[str(made.id)] = made
    if email:
        batch.known.customers[email] = made
    _note_customer(batch, "customer.created", made, at, {})
    return made


def _set(
    batch: Batch, customer: Customer, values: Values, organization_id: uuid.UUID | None, *, is_ours: bool
) -> dict[str, list[Any]]:
    """Sets what the row says; of somebody who was here before only what is empty."""
    wanted = {
        "name": (values["name"] or "")[:NAME_CHARS],
        "company": values["company"],
        "tier": values["tier"],
        "organization_id": organization_id,
    }
    changes = {}
    for name, new in wanted.items():
        old = getattr(customer, name)
        may = is_ours or not old or (name == "tier" and old == "basic")
        if new and new != old and may:
            setattr(customer, name, new)
            changes[name] = [str(old) if old else None, str(new)]
    email = values["email"]
    if email and customer.email != email and email not in batch.known.customers and is_ours:
        changes["email"] = [customer.email, email]
        customer.email = email
        batch.known.customers[email] = customer
    return changes


def _note_customer(batch: Batch, name: str, customer: Customer, at: datetime, changes: Values) -> None:
    batch.events.append(
        Event(
            id=database.uuid7(),
            name=name,
            actor_kind=batch.actor.kind,
            actor_id=batch.actor.id,
            actor_name=batch.actor.name,
            door=DOOR,
            at=at,
            subject_id=customer.id,
            changes=changes,
        )
    )
