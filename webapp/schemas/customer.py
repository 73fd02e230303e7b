"""A customer as staff see them."""

import re
import uuid
from typing import Any, Literal

from pydantic import field_validator

from webapp import clock
from webapp.models import Block, Customer
from webapp.schemas.text import Content, Line, Strict, Text
from webapp.schemas.ticket import customer_brief


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
        "address": block.address,
        "reason": block.reason,
        "created_at": clock.iso(block.created_at),
        "expires_at": clock.iso(block.expires_at),
    }


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
