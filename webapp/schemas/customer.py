"""A customer as staff see them."""

from typing import Any

from webapp import clock
from webapp.models import Block, Customer
from webapp.schemas.ticket import customer_brief


def customer_out(customer: Customer) -> dict[str, Any]:
    """Everything staff may see of a customer."""
    return {
        **customer_brief(customer),
        "company": customer.company,
        "locale": customer.locale,
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
