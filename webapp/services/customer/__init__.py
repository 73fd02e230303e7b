"""Customers: finding, naming, blocking, merging."""

from webapp.services.customer.edit import EDITABLE, add_customer, update_customer
from webapp.services.customer.merge import differences, merge_customers
from webapp.services.customer.record import (
    claiming_customer,
    create_block,
    create_customer,
    customer_by_alias,
    customer_by_email,
    find_by_email,
    get_customer,
    is_address_blocked,
    list_all_blocks,
    list_blocks,
    remove_block,
)

__all__ = [
    "EDITABLE",
    "add_customer",
    "claiming_customer",
    "create_block",
    "create_customer",
    "customer_by_alias",
    "customer_by_email",
    "differences",
    "find_by_email",
    "get_customer",
    "is_address_blocked",
    "list_all_blocks",
    "list_blocks",
    "merge_customers",
    "remove_block",
    "update_customer",
]
