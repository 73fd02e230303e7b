"""Why a ticket went to whom, what it needs, and offers to take it."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, created, enter_staff, leave
from webapp.database import read_only, transaction
from webapp.schemas.routing import OfferIn, OfferPath, TicketSkillsIn, decision_out, offer_out
from webapp.schemas.ticket import ticket_row
from webapp.schemas.ticket_in import TicketPath
from webapp.services import routing, skill
from webapp.services import ticket as tickets
from webapp.services.routing import offer

bp = APIBlueprint("routing", __name__, url_prefix="/api/v1")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/tickets/<ticket_id>/routing")
@access("ticket:read")
def read_routing(path: TicketPath) -> Any:
    """The decisions about a ticket, newest first, and what it was said to need."""
    with read_only():
        ticket_id = tickets.find_ticket(path.ticket_id)
        decisions = [decision_out(row) for row in routing.list_decisions(ticket_id)]
        return {"decisions": decisions, "skills": skill.ticket_skills(ticket_id)}


@bp.put("/tickets/<ticket_id>/skills")
@access("ticket:update")
def put_skills(path: TicketPath, body: TicketSkillsIn) -> Any:
    """Says which skills a ticket needs."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        skill.set_ticket_skills(ticket_id, body.skill_ids)
        return {"skills": skill.ticket_skills(ticket_id)}


@bp.post("/tickets/<ticket_id>/offers")
@access("ticket:assign")
def create_offer(path: TicketPath, body: OfferIn) -> Any:
    """Holds a ticket out to a colleague."""
    with transaction():
        ticket_id = tickets.find_ticket(path.ticket_id)
        row = offer.offer_ticket(ticket_id, body.agent_id)
        return created(offer_out(row, tickets.ticket_for(ticket_id, "ticket:read")))


@bp.get("/offers")
@access("ticket:reply")
def list_offers() -> Any:
    """What is held out to oneself."""
    with read_only():
        return {"data": offer.list_offers()}


@bp.post("/offers/<offer_id>/accept")
@access("ticket:reply")
def accept_offer(path: OfferPath) -> Any:
    """Takes what was held out."""
    with transaction():
        return {"ticket": ticket_row(offer.answer_offer(path.offer_id, accept=True))}


@bp.post("/offers/<offer_id>/decline")
@access("ticket:reply")
def decline_offer(path: OfferPath) -> Any:
    """Lets somebody else be asked."""
    with transaction():
        return {"ticket": ticket_row(offer.answer_offer(path.offer_id, accept=False))}
