"""A ticket's clocks, explained."""

from typing import Any

from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only
from webapp.schemas.paging import page_out
from webapp.schemas.sla import AccountQuery, ClockOut, ClocksQuery, clock_out
from webapp.schemas.snapshot import AccountOut
from webapp.schemas.ticket_in import TicketPath
from webapp.services import ticket as tickets
from webapp.services.sla import page_of_clocks
from webapp.services.sla.explain import explain

bp = staff_views("sla", __name__)


@bp.get("/tickets/<ticket_id>/sla")
@access("ticket:read")
@answers(clocks=list[AccountOut])
def list_accounts(path: TicketPath, query: AccountQuery) -> Any:
    """How each of the ticket's clocks came to its deadline, in data and in a sentence."""
    with read_only():
        found = tickets.find_ticket(path.ticket_id)
        return {"clocks": explain(found, query.metric, timezone=query.timezone)}


@bp.get("/clocks")
@access("ticket:read")
@answers(data=list[ClockOut], next_cursor=str | None)
def list_clocks(query: ClocksQuery) -> Any:
    """The clocks of all tickets, newest first; such as those that are due within the hour."""
    with read_only():
        return page_out(*page_of_clocks(**query.model_dump()), clock_out)
