"""Customers: finding, naming, blocking, merging."""

from webapp.services.customer.edit import EDITABLE, update_customer
from webapp.services.customer.merge import VisitorsMoved, differences, merge_customers
from webapp.services.customer.record import (
    create_block,
    create_customer,
    customer_by_alias,
    customer_by_email,
    get_customer,
    is_address_blocked,
    list_blocks,
    remove_block,
    search_customers,
)

__all__ = [
    "EDITABLE",
    "VisitorsMoved",
    "create_block",
    "create_customer",
    "customer_by_alias",
    "customer_by_email",
    "differences",
    "get_customer",
    "is_address_blocked",
    "list_blocks",
    "merge_customers",
    "remove_block",
    "search_customers",
    "update_customer",
]
