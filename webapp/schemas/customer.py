"""A customer as staff see them."""

import re
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from webapp import clock
from webapp.models import Block, Customer
from webapp.schemas.pushed import CustomerBrief
from webapp.schemas.text import Content, Line, Strict, Text
from webapp.schemas.ticket import customer_brief
from webapp.schemas.ticket_in import FieldValues

Choosable = Literal["name", "email", "tier", "company", "organization_id", "locale"]


class CustomerOut(CustomerBrief):
    """A customer, to staff."""

    company: str | None
    organization_id: uuid.UUID | None
    locale: str | None
    fields: dict[str, Any]
    answers: dict[str, Any]
    created_at: datetime
    last_seen_at: datetime | None


class BlockOut(Strict):
    id: uuid.UUID
    kind: Literal["customer", "address"]
    customer_id: uuid.UUID | None
    address: str | None
    reason: str
    created_at: datetime
    expires_at: datetime | None


def customer_out(customer: Customer) -> dict[str, Any]:
    """Everything staff may see of a customer."""
    return {
        **customer_brief(customer),
        "company": customer.company,
        "organization_id": str(customer.organization_id) if customer.organization_id else None,
        "locale": customer.locale,
        "fields": customer.fields or {},
        "answers": customer.answers,
        "created_at": clock.iso(customer.created_at),
        "last_seen_at": clock.iso(customer.last_seen_at),
    }


def block_out(block: Block) -> dict[str, Any]:
    """A block, and until when it holds."""
    return {
        "id": str(block.id),
        "kind": block.kind,
        "customer_id": str(block.customer_id) if block.customer_id else None,
        "address": block.address,
        "reason": block.reason,
        "created_at": clock.iso(block.created_at),
        "expires_at": clock.iso(block.expires_at),
    }


class CustomerIn(Strict):
    """Somebody whom staff enter; an address that they give counts as verified."""

    name: Line | None = None
    email: Line | None = None
    tier: Line = "basic"
    company: Line | None = None
    organization_id: uuid.UUID | None = None
    locale: Line | None = None
    fields: FieldValues = {}


class CustomerMerge(Strict):
    """Which other one becomes part of this one, and the names of what is kept of the other."""

    other: uuid.UUID
    take: Annotated[list[Choosable], Field(max_length=10)] = []


class CustomerForm(Strict):
    """Everything that a customer's page sets."""

    name: Line = ""
    email: Line = ""
    tier: Line = "basic"
    company: Line = ""
    organization_id: uuid.UUID | None = None
    locale: Line = ""
    fields: dict[str, Line] = {}

    @field_validator("organization_id", mode="before")
    @classmethod
    def _none_chosen(cls, value: Any) -> Any:
        return value or None


class MergeForm(Strict):
    """Which other one becomes part of this one, and what is kept of it."""

    other: uuid.UUID
    take: dict[str, Literal["this", "other"]] = {}

    def taken(self) -> list[str]:
        """The names of what the other one's value is kept of."""
        return [name for name, side in self.take.items() if side == "other"]


class OrganizationForm(Strict):
    """Everything that an organization's page sets."""

    name: Line
    domains: Text = ""
    tier: Line = ""
    notes: Content = ""

    def settings(self) -> dict[str, Any]:
        """The organization's fields."""
        domains = [line for line in re.split(r"[\s,;]+", self.domains) if line]
        return {"name": self.name, "domains": domains, "tier": self.tier or None, "notes": self.notes}


class BlockForm(Strict):
    """For how long, and why, a customer may not write."""

    days: Literal["", "1", "7", "30"] = ""
    reason: Line = ""
