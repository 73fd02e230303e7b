"""An organization: what programs may set, and how they see it."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from webapp import clock
from webapp.models import Organization
from webapp.schemas.text import Content, Line, Strict
from webapp.validators import is_valid_email, visible

Tier = Literal["free", "basic", "premium", "enterprise"]
ANYBODYS = frozenset(
    (
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "yahoo.com",
        "icloud.com",
        "gmx.de",
        "web.de",
    )
)
"""Where anybody has an address: these say nothing about who somebody works for."""


def checked_domain(text: str) -> str:
    """The domain of an organization's addresses. Raises `ValueError` with the reason."""
    domain = visible(text).lower().removeprefix("@")
    if domain in ANYBODYS:
        raise ValueError("anybody can have an address there")
    if not is_valid_email(f"x@{domain}") or "@" in domain:
        raise ValueError("this is not a domain such as example.com")
    return domain


Domains = Annotated[list[Annotated[Line, AfterValidator(checked_domain)]], Field(max_length=50)]


class OrganizationIn(Strict):
    """`tier`: given to all its customers; `domains`: whoever has an address there belongs to it."""

    name: Line
    domains: Domains = []
    tier: Tier | None = None
    notes: Content = ""


class OrganizationPatch(Strict):
    name: Line | None = None
    domains: Domains | None = None
    tier: Tier | None = None
    notes: Content | None = None

    def fields(self) -> dict[str, Any]:
        """What is set; only a tier can be taken away again."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "tier"}


class OrganizationMerge(Strict):
    """Whose customers and domains are taken over."""

    other: uuid.UUID


class OrganizationOut(Strict):
    """Whom customers belong to; `customers`: how many."""

    id: uuid.UUID
    name: str
    domains: list[str]
    tier: str | None
    notes: str | None
    fields: dict[str, Any]
    customers: int
    created_at: datetime


def organization_out(found: Organization, customers: int) -> dict[str, Any]:
    """An organization, and how many customers it has."""
    return {
        "id": str(found.id),
        "name": found.name,
        "domains": found.domains,
        "tier": found.tier,
        "notes": found.notes,
        "fields": found.fields or {},
        "customers": customers,
        "created_at": clock.iso(found.created_at),
    }
