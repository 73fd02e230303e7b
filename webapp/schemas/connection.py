"""Connections to CRM and billing: what an admin types, what is shared, what pages and REST show."""

import re
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from webapp import clock
from webapp.models import BillingAccount, Connection, CrmContact, SyncEntry
from webapp.schemas.paging import NewestQuery
from webapp.schemas.text import Line, Strict

LABELS = {"hubspot": "HubSpot", "salesforce": "Salesforce", "stripe": "Stripe"}
Direction = Literal["off", "out", "in"]
Secret = Annotated[str, Field(max_length=2000), AfterValidator(str.strip)]


def _field_name(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", value):
        raise ValueError("A field's internal name: letters, digits and underscores")
    return value


def _comma(value: Any) -> Any:
    """The words of a text with commas."""
    if not isinstance(value, str):
        return value
    return [word for word in (" ".join(part.split()) for part in value.split(",")) if word]


class ConnectForm(Strict):
    """How to get in: a token, or an app of one's own by OAuth. `url`: of one's Salesforce."""

    method: Literal["token", "oauth"] = "token"
    url: Annotated[Line, AfterValidator(lambda value: value.strip().rstrip("/"))] = ""
    token: Secret = ""
    client_id: Annotated[Line, AfterValidator(str.strip)] = ""
    client_secret: Secret = ""


class Rule(Strict):
    """Who tells whom of one field, and what it is called there."""

    direction: Direction = "off"
    theirs: Annotated[Line, AfterValidator(str.strip), AfterValidator(_field_name)] = ""


Words = Annotated[list[Annotated[str, Field(max_length=100)]], BeforeValidator(_comma), Field(max_length=20)]


class Mapping(Strict):
    """What is shared with a CRM. `tiers`: their words for each tier of ours."""

    name: Literal["off", "out"] = "out"
    fields: Annotated[dict[str, Rule], Field(max_length=100)] = {}
    tiers: dict[Literal["free", "basic", "premium", "enterprise"], Words] = {}


class SharedIn(Mapping):
    """What is shared, as a program says it."""

    tiers: dict[
        Literal["free", "basic", "premium", "enterprise"],
        Annotated[list[Annotated[Line, Field(max_length=100)]], Field(max_length=20)],
    ] = {}


class ConnectIn(Strict):
    """How to get in: a token of HubSpot or Stripe; of Salesforce an app's id and secret, and its address.

    `client_secret`, with HubSpot: of the app that signs what it tells us.
    """

    token: Annotated[Line, Field(max_length=500)] = ""
    url: Line = ""
    client_id: Line = ""
    client_secret: Annotated[Line, Field(max_length=500)] = ""


class KindPath(Strict):
    """Which one: hubspot, salesforce or stripe."""

    kind: Line


class ConnectionOut(Strict):
    """A connection and how it goes; never its secrets. `problem`: what they said last that went wrong."""

    kind: Literal["hubspot", "salesforce", "stripe"]
    label: str
    method: Literal["token", "oauth"]
    status: Literal["active", "broken"]
    account: str
    problem: str | None
    answered_at: datetime | None
    created_at: datetime


class SyncEntryOut(Strict):
    """A line of a connection's log."""

    id: uuid.UUID
    at: datetime
    direction: Literal["out", "in", "none"]
    outcome: Literal["ok", "waiting", "failed"]
    said: str
    customer_id: uuid.UUID | None
    customer: str


class EntriesQuery(NewestQuery):
    """A page of a log, newest first; `only`: what came of it."""

    only: Literal["", "ok", "waiting", "failed"] = ""


def connection_out(found: Connection) -> dict[str, Any]:
    """A connection as programs see it."""
    return {
        **{name: getattr(found, name) for name in ("kind", "method", "status", "account")},
        "label": LABELS[found.kind],
        "problem": found.said or None,
        "answered_at": clock.iso(found.answered_at),
        "created_at": clock.iso(found.created_at),
    }


class LogQuery(Strict):
    """Which lines of a log."""

    only: Literal["", "ok", "waiting", "failed"] = ""
    before: uuid.UUID | None = None


class EmailPath(Strict):
    """A customer, by their address."""

    email: Line


class AccountsQuery(Strict):
    """`anew`: billing is asked now, whatever it said a moment ago."""

    anew: bool = False


class TierOut(Strict):
    """A customer's tier and support plan, as old as said. `source`: who said so; parley: we ourselves."""

    email: str
    tier: str
    support_plan: str | None
    source: Literal["parley", "hubspot", "salesforce"]
    as_of: datetime | None
    age_seconds: int | None
    problem: str | None


class ContactOut(Strict):
    """What a customer is at the CRM. `problem`: why it is not told, or gave no newer answer."""

    kind: Literal["hubspot", "salesforce"]
    label: str
    crm_id: str | None
    url: str | None
    sync_status: Literal["none", "waiting", "synced", "failed", "gone"]
    problem: str | None
    synced_at: datetime | None
    tier: str | None
    support_plan: str | None
    as_of: datetime | None


class SubscriptionOut(Strict):
    """What a customer pays for: `amount` in the currency's smallest unit, per `interval`."""

    status: str | None
    plan: str
    amount: int
    currency: str | None
    interval: str | None
    until: datetime | None
    ends: bool


class InvoiceOut(Strict):
    """A bill: `total` in the currency's smallest unit, `url` where the customer sees it."""

    number: str
    status: str | None
    total: int
    currency: str | None
    at: datetime | None
    due_at: datetime | None
    url: str | None


class BillingOut(Strict):
    """What billing knows of a customer as of when; `problem`: why there is no newer answer.

    `others`: how many more have the same address there; the label says so too.
    """

    label: str
    known: bool
    others: int
    as_of: datetime | None
    url: str | None
    problem: str | None
    delinquent: bool
    balance: int
    currency: str | None
    subscriptions: list[SubscriptionOut]
    invoices: list[InvoiceOut]


def tier_out(email: str, tier: str, plan: str | None, *, source: str, at: Any, said: str) -> dict[str, Any]:
    """A customer's tier and support plan, who said so, when, and what kept them from saying so anew."""
    age = int((clock.now() - at).total_seconds()) if at else None
    return {
        "email": email,
        "tier": tier,
        "support_plan": plan,
        "source": source,
        "as_of": clock.iso(at),
        "age_seconds": max(0, age) if age is not None else None,
        "problem": said or None,
    }


def contact_out(
    contact: CrmContact | None, *, kind: str, crm_id: str | None, url: str, said: str
) -> dict[str, Any]:
    """What a customer is at the CRM, as staff see it."""
    return {
        "kind": kind,
        "label": LABELS[kind],
        "crm_id": crm_id,
        "url": url or None,
        "sync_status": contact.status if contact else "none",
        "problem": said or None,
        "synced_at": clock.iso(contact.synced_at) if contact else None,
        "tier": contact.answer.get("tier") if contact else None,
        "support_plan": contact.answer.get("support_plan") if contact else None,
        "as_of": clock.iso(contact.answered_at) if contact else None,
    }


def billing_out(found: BillingAccount | None, *, url: str, said: str) -> dict[str, Any]:
    """What billing knows of a customer, as of when; `known` is False where it knows nobody."""
    answer = found.answer if found else {}
    others = answer.get("others", 0)
    return {
        "label": f"{LABELS['stripe']} (1 of {others + 1} with this address)" if others else LABELS["stripe"],
        "known": bool(answer),
        "others": others,
        "as_of": clock.iso(found.answered_at) if found else None,
        "url": url or None,
        "problem": said or None,
        "delinquent": bool(answer.get("delinquent")),
        "balance": answer.get("balance", 0),
        "currency": answer.get("currency"),
        "subscriptions": answer.get("subscriptions", []),
        "invoices": answer.get("invoices", []),
    }


def entry_out(entry: SyncEntry, names: dict[uuid.UUID, str]) -> dict[str, Any]:
    """A line of the log; `names`: of the customers."""
    return {
        "id": str(entry.id),
        "at": clock.iso(entry.at),
        "direction": entry.direction,
        "outcome": entry.outcome,
        "said": entry.said,
        "customer_id": str(entry.customer_id) if entry.customer_id else None,
        "customer": names.get(entry.customer_id, "") if entry.customer_id else "",
    }
