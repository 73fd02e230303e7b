"""Why a ticket went to whom, what it needs, and offers to take it."""

from typing import Any

from webapp.api.doors import access, answers, created, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.paging import page_out
from webapp.schemas.pushed import OfferPushed, RowOut
from webapp.schemas.routing import (
    DecisionOut,
    DecisionsQuery,
    NeededSkill,
    OfferIn,
    OfferPath,
    TicketSkillsIn,
    decision_out,
    offer_out,
)
from webapp.schemas.ticket import ticket_row
from webapp.schemas.ticket_in import TicketPath
from webapp.services import routing, skill
from webapp.services import ticket as tickets
from webapp.services.routing import offer

bp = staff_views("routing", __name__)


@bp.get("/tickets/<ticket_id>/routing")
@access("ticket:read")
@answers(decisions=list[DecisionOut], skills=list[NeededSkill])
def read_routing(path: TicketPath) -> Any:
    """The decisions about a ticket, newest first, and what it was said to need."""
    with read_only():
        ticket_id = tickets.find_ticket(path.ticket_id)
        decisions = [decision_out(row) for row in routing.list_decisions(ticket_id)]
        return {"decisions": decisions, "skills": skill.ticket_skills(ticket_id)}


@bp.get("/routing/decisions")
@access("ticket:read")
@answers(data=list[DecisionOut], next_cursor=str | None)
def list_decisions(query: DecisionsQuery) -> Any:
    """Decisions about all tickets, newest first; perhaps those that were for one agent."""
    with read_only():
        return page_out(*routing.page_of_decisions(**query.model_dump()), decision_out)


@bp.put("/tickets/<ticket_id>/skills")
@access("ticket:update")
@answers(skills=list[NeededSkill])
def put_skills(path: TicketPath, body: TicketSkillsIn) -> Any:
    """Says which skills a ticket needs."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        skill.set_ticket_skills(ticket_id, body.skill_ids)
        return {"skills": skill.ticket_skills(ticket_id)}


@bp.post("/tickets/<ticket_id>/offers")
@access("ticket:assign")
@answers(201, OfferPushed, may=(409,))
def create_offer(path: TicketPath, body: OfferIn) -> Any:
    """Holds a ticket out to a colleague."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        row = offer.offer_ticket(ticket_id, body.agent_id)
        return created(offer_out(row, tickets.ticket_for(ticket_id, "ticket:read")))


@bp.get("/offers")
@access("ticket:reply")
@answers(data=list[OfferPushed], next_cursor=str | None)
def list_offers() -> Any:
    """What is held out to oneself."""
    with read_only():
        return page_out(offer.list_offers(), None, dict)


@bp.post("/offers/<offer_id>/accept")
@access("ticket:reply")
@answers(ticket=RowOut, may=(409,))
def accept_offer(path: OfferPath) -> Any:
    """Takes what was held out."""
    with transaction():
        return {"ticket": ticket_row(offer.answer_offer(path.offer_id, accept=True))}


@bp.post("/offers/<offer_id>/decline")
@access("ticket:reply")
@answers(ticket=RowOut, may=(409,))
def decline_offer(path: OfferPath) -> Any:
    """Lets somebody else be asked."""
    with transaction():
        return {"ticket": ticket_row(offer.answer_offer(path.offer_id, accept=False))}
