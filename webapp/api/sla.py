"""A ticket's clocks, explained."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, enter_staff, leave
from webapp.database import read_only
from webapp.schemas.sla import AccountQuery
from webapp.schemas.ticket_in import TicketPath
from webapp.services import ticket as tickets
from webapp.services.sla.explain import explain

bp = APIBlueprint("sla", __name__, url_prefix="/api/v1/tickets")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/<ticket_id>/sla")
@access("ticket:read")
def list_accounts(path: TicketPath, query: AccountQuery) -> Any:
    """How each of the ticket's clocks came to its deadline, in data and in a sentence."""
    with read_only():
        found = tickets.find_ticket(path.ticket_id)
        return {"clocks": explain(found, query.metric, timezone=query.timezone)}
