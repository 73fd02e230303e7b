"""What a customer is in the CRM's fields, and what the CRM's fields say of a customer. Pure.

A field is told by one side only, so that nothing goes back and forth.
"""

from dataclasses import dataclass, field
from typing import Any

from webapp.models import Customer
from webapp.models.customer import TIERS
from webapp.schemas.connection import Mapping

PLAN_CHARS = 200
PLAIN = ("company", "locale", "tier")
CUSTOM = "custom-"


@dataclass(frozen=True)
class Heard:
    """What a record says: `changes` of the customer, values of custom `fields`, the `answer` to be kept.

    `odd`: what was not understood, in a sentence.
    """

    changes: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    odd: str = ""


def told_names(mapping: Mapping) -> set[str]:
    """What of a customer is told to the CRM, by the names that events use."""
    names = {name for name, rule in mapping.fields.items() if rule.direction == "out" and rule.theirs}
    return (
        {name.replace(CUSTOM, "fields.") for name in names}
        | {"email"}
        | ({"name"} if mapping.name == "out" else set())
    )


def wanted_names(mapping: Mapping) -> list[str]:
    """Which of their fields are read."""
    return sorted({rule.theirs for rule in mapping.fields.values() if rule.direction == "in" and rule.theirs})


def outgoing(customer: Customer, mapping: Mapping) -> dict[str, Any]:
    """The customer in their fields; without address and name, which each CRM has in a way of its own."""
    found = {}
    for name, rule in mapping.fields.items():
        if rule.direction == "out" and rule.theirs:
            found[rule.theirs] = _value(customer, name, mapping)
    return found


def _value(customer: Customer, name: str, mapping: Mapping) -> Any:
    if name.startswith(CUSTOM):
        return (customer.fields or {}).get(name.removeprefix(CUSTOM))
    value = getattr(customer, name, None) if name in PLAIN else None
    words = mapping.tiers.get(value, []) if name == "tier" else []  # type: ignore[call-overload]
    return words[0] if words else value


def incoming(record: dict[str, Any], mapping: Mapping) -> Heard:
    """What a record of theirs says of the customer. An empty field of theirs takes nothing away here."""
    changes: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    odd = ""
    for name, rule in mapping.fields.items():
        given = record.get(rule.theirs) if rule.direction == "in" and rule.theirs else None
        if given in (None, ""):
            continue
        if name == "tier":
            tier = _tier(str(given), mapping)
            odd = "" if tier else f"“{str(given)[:60]}” in {rule.theirs} is none of your tiers"
            answer |= {"tier": tier} if tier else {}
            changes |= {"tier": tier} if tier else {}
        elif name == "support_plan":
            answer["support_plan"] = str(given)[:PLAN_CHARS]
        elif name.startswith(CUSTOM):
            fields[name.removeprefix(CUSTOM)] = _plain(given)
        elif name in PLAIN:
            changes[name] = str(given)
    return Heard(changes, fields, answer, odd)


def _tier(given: str, mapping: Mapping) -> str | None:
    """Our tier for a word of theirs; our own words are understood unless they mean something else there."""
    folded = " ".join(given.split()).casefold()
    for tier, words in mapping.tiers.items():
        if folded in (word.casefold() for word in words):
            return tier
    return folded if folded in TIERS else None


def _plain(value: Any) -> Any:
    """As a custom field takes it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return {"true": "1", "false": "0"}.get(value, value) if isinstance(value, str) else str(value)
