"""Customers for staff, and blocks."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, created, enter_staff, leave, nothing
from webapp.database import read_only, transaction
from webapp.schemas.customer import block_out, customer_out
from webapp.schemas.ticket import ticket_row
from webapp.schemas.ticket_in import BlockIn, CustomerPatch, IdPath, SearchQuery
from webapp.services import customer as customers
from webapp.services.ticket import list_earlier

bp = APIBlueprint("customers", __name__, url_prefix="/api/v1")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/customers")
@access("customer:read")
def search_customers(query: SearchQuery) -> Any:
    """Customers whose name or address contains `q`."""
    with read_only():
        return {"data": [customer_out(customer) for customer in customers.search_customers(query.q)]}


@bp.get("/customers/<id>")
@access("customer:read")
def read_customer(path: IdPath) -> Any:
    """A customer with their newest tickets and the blocks that hold."""
    with read_only():
        customer = customers.get_customer(path.id)
        return {
            "customer": customer_out(customer),
            "tickets": [ticket_row(ticket) for ticket in list_earlier(customer.id, limit=20)],
            "blocks": [block_out(block) for block in customers.list_blocks(customer.id)],
        }


@bp.patch("/customers/<id>")
@access("customer:update")
def update_customer(path: IdPath, body: CustomerPatch) -> Any:
    """Sets what is named; an address that staff set counts as verified."""
    with transaction():
        customer = customers.update_customer(path.id, **body.model_dump(exclude_unset=True))
        return {"customer": customer_out(customer)}


@bp.post("/blocks")
@access("customer:block")
def create_block(body: BlockIn) -> Any:
    """Keeps a customer or address from writing."""
    with transaction():
        return created(block_out(customers.create_block(**body.model_dump())))


@bp.delete("/blocks/<id>")
@access("customer:block")
def delete_block(path: IdPath) -> Any:
    """Lifts a block."""
    with transaction():
        customers.remove_block(path.id)
    return nothing()
