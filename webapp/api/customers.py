"""Customers for staff, and blocks."""

import uuid
from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.customer import BlockOut, CustomerIn, CustomerMerge, CustomerOut, block_out, customer_out
from webapp.schemas.paging import NewestQuery, page_out
from webapp.schemas.pushed import RowOut
from webapp.schemas.ticket import ticket_row
from webapp.schemas.ticket_in import BlockIn, CustomerPatch, IdPath, SearchQuery
from webapp.services import audit
from webapp.services import customer as customers
from webapp.services.search import search_customers
from webapp.services.ticket import list_earlier

bp = staff_views("customers", __name__)


@bp.get("/customers")
@access("customer:read")
@answers(data=list[CustomerOut], next_cursor=str | None)
def list_customers(query: SearchQuery) -> Any:
    """Customers that fit `q`, such as `maria tier:premium`; without it all of them, newest first."""
    _note("customer.searched")
    with read_only():
        found = search_customers(query.q, cursor=query.cursor, limit=query.limit)
        return page_out(found.hits, found.cursor, customer_out)


@bp.post("/customers")
@access("customer:update")
@answers(201, customer=CustomerOut, may=(409,))
def create_customer(body: CustomerIn) -> Any:
    """Enters a customer; an address given here counts as verified."""
    with transaction():
        return created({"customer": customer_out(customers.add_customer(**body.model_dump()))})


def _note(name: str, customer_id: uuid.UUID | None = None) -> None:
    """No look at a customer without its entry in the audit log: once an hour."""
    if audit.wants_note(name, customer_id):
        with transaction():
            audit.note_access(name, customer_id)


@bp.get("/customers/<id>")
@access("customer:read")
@answers(customer=CustomerOut, tickets=list[RowOut], blocks=list[BlockOut])
def read_customer(path: IdPath) -> Any:
    """A customer with their newest tickets and the blocks that hold."""
    with read_only():
        customers.get_customer(path.id)
    _note("customer.viewed", path.id)
    with read_only():
        customer = customers.get_customer(path.id)
        return {
            "customer": customer_out(customer),
            "tickets": [ticket_row(ticket) for ticket in list_earlier(customer.id, limit=20)],
            "blocks": [block_out(block) for block in customers.list_blocks(customer.id)],
        }


@bp.patch("/customers/<id>")
@access("customer:update")
@matching(read_customer)
@answers(customer=CustomerOut, may=(409,))
def update_customer(path: IdPath, body: CustomerPatch) -> Any:
    """Sets what is named; an address that staff set counts as verified."""
    with transaction():
        customer = customers.update_customer(path.id, **body.model_dump(exclude_unset=True))
        return {"customer": customer_out(customer)}


@bp.post("/customers/<id>/merge")
@access("customer:update")
@answers(customer=CustomerOut, may=(409,))
def merge_customers(path: IdPath, body: CustomerMerge) -> Any:
    """Makes another customer part of this one, with tickets, addresses and all; answers this one."""
    with transaction():
        return {"customer": customer_out(customers.merge_customers(path.id, body.other, take=body.take))}


@bp.get("/blocks")
@access("customer:read")
@answers(data=list[BlockOut], next_cursor=str | None)
def list_blocks(query: NewestQuery) -> Any:
    """The blocks that hold, newest first."""
    with read_only():
        return page_out(*customers.list_all_blocks(**query.model_dump()), block_out)


@bp.post("/blocks")
@access("customer:block")
@answers(201, BlockOut, may=(409,))
def create_block(body: BlockIn) -> Any:
    """Keeps a customer or address from writing."""
    with transaction():
        return created(block_out(customers.create_block(**body.model_dump())))


@bp.delete("/blocks/<id>")
@access("customer:block")
@answers(204)
def delete_block(path: IdPath) -> Any:
    """Lifts a block."""
    with transaction():
        customers.remove_block(path.id)
    return nothing()
