"""Handing out: one run at a time in a workspace, so that nobody is counted twice.

A run never waits for a ticket: whoever holds one may be waiting for the run. It skips that ticket and looks
again a moment later.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import Actor, current_actor
from webapp.extensions import db
from webapp.models import RoutingAgent, Ticket
from webapp.schemas.routing import RoutingSettings
from webapp.services.event import remember
from webapp.services.routing import asking, decision
from webapp.services.routing.offer import make_offer
from webapp.services.routing.pool import Seat, read_pool
from webapp.services.routing.strategy import Need, choose
from webapp.services.routing.waiting import is_waiting, needs_of, pages
from webapp.services.setting import read_section
from webapp.services.ticket.assignment import give_to, hold
from webapp.tenancy import take_turns

AGAIN_SECONDS = 0.05
MOST_AT_ONCE = 20
"""Tickets handed out in one transaction: hundreds would hold SQLite's only writer for seconds."""


@dataclass
class Run:
    """One run of the router, which holds its lock: the people as they are, and what is asked."""

    section: RoutingSettings
    seats: list[Seat]
    trigger: str
    session: Any
    actor: Actor

    @property
    def has_room(self) -> bool:
        """Whether anybody could take anything at all."""
        return any(_has_room(seat) for seat in self.seats)

    @property
    def open_teams(self) -> set[uuid.UUID]:
        """The teams in which somebody could."""
        return {team for seat in self.seats if _has_room(seat) for team in seat.teams}


def _has_room(seat: Seat) -> bool:
    return seat.is_available and seat.load < seat.capacity


def begin(trigger: str, *, session: Any, actor: Actor, section: RoutingSettings | None = None) -> Run:
    """Waits for the runs before, then reads who is there."""
    take_turns("routing", session)
    section = section or read_section(RoutingSettings, session=session)
    return Run(section, read_pool(section, session=session), trigger, session, actor)


def hand_out(
    run: Run, ticket: Ticket, need: Need, strategy: str, *, offers: bool = False, returning: bool = True
) -> Seat | None:
    """Chooses for a locked, unassigned ticket, keeps the decision, and gives or offers it.

    `returning`: whether who helped its customer last goes before the strategy, where the settings say so.
    """
    last_agent_id = _last_agent(run, ticket) if returning else None
    choice = choose(run.seats, need, strategy, last_agent_id=last_agent_id)
    while choice.seat is not None and hold(choice.seat.id, run.session) is None:  # gone since the run began
        run.seats.remove(choice.seat)
        choice = choose(run.seats, need, strategy, last_agent_id=last_agent_id)
    decision.keep(ticket, choice, run.seats, trigger=run.trigger, strategy=strategy, session=run.session)
    if choice.seat is None:
        return None
    if offers:
        make_offer(ticket, choice.seat.user, choice.reason, run.section, session=run.session, actor=run.actor)
    else:
        ticket.routed_at = clock.now()
        give_to(ticket, choice.seat.user, session=run.session, actor=run.actor)
    choice.seat.load += need.cost
    _take_turn(run, choice.seat)
    run.session.flush()
    return choice.seat


def _last_agent(run: Run, ticket: Ticket) -> uuid.UUID | None:
    if not run.section.returning or not run.has_room:
        return None
    query = sa.select(Ticket.assigned_agent_id).where(
        Ticket.customer_id == ticket.customer_id,
        Ticket.id != ticket.id,
        Ticket.assigned_agent_id.is_not(None),
    )
    found: uuid.UUID | None = run.session.scalar(query.order_by(Ticket.created_at.desc()).limit(1))
    return found


def _take_turn(run: Run, seat: Seat) -> None:
    seat.turn = max(one.turn for one in run.seats) + 1
    own = run.session.get(RoutingAgent, seat.id)
    if own is None:
        own = RoutingAgent(user_id=seat.id)
        run.session.add(own)
    own.turn = seat.turn


# --- runs of their own ----------------------------------------------------------------------------


def route_one(
    ticket_id: uuid.UUID, *, trigger: str, session: Any = None, actor: Actor | None = None
) -> uuid.UUID | None:
    """Finds somebody for one waiting ticket; who it was, or None. Nothing happens where routing is off."""
    session, actor = session or db.session(), actor or current_actor()
    section = read_section(RoutingSettings, session=session)
    if not section.is_on:
        return None
    run = begin(trigger, session=session, actor=actor, section=section)
    ticket = _lock(run, ticket_id)
    if ticket is None:
        return None
    _mark(run, ticket)
    need = needs_of([ticket], section, session=session)[ticket.id]
    seat = hand_out(run, ticket, need, section.strategy, offers=section.offers)
    return seat.id if seat else None


def route_waiting(*, trigger: str, session: Any = None, actor: Actor | None = None) -> int:
    """Finds somebody for waiting tickets while there is room; how many it handed out.

    Not more than `MOST_AT_ONCE` in one transaction, which keeps others from writing: the rest is handed out
    by the next run, which is asked for at once and goes by the same order.
    """
    session, actor = session or db.session(), actor or current_actor()
    section = read_section(RoutingSettings, session=session)
    if not section.is_on:
        return 0
    run = begin(trigger, session=session, actor=actor, section=section)
    if not run.has_room:
        return 0
    done = 0
    for page in pages(run.open_teams, session=session):
        done += _route_page(run, page, MOST_AT_ONCE - done)
        if done >= MOST_AT_ONCE and run.has_room:
            asking.request_sweep(trigger=trigger, session=session)
        if done >= MOST_AT_ONCE or not run.has_room:
            break
    return done


def _route_page(run: Run, page: list[Ticket], most: int) -> int:
    needs, done = needs_of(page, run.section, session=run.session), 0
    for ticket in page:
        if done >= most or not run.has_room:
            break
        if choose(run.seats, needs[ticket.id], run.section.strategy).seat is None:
            continue
        held = _lock(run, ticket.id)
        done += held is not None and _serve(run, held, needs[ticket.id])
    return done


def _serve(run: Run, ticket: Ticket, need: Need) -> bool:
    _mark(run, ticket)
    seat = hand_out(run, ticket, need, run.section.strategy, offers=run.section.offers)
    return seat is not None


def _mark(run: Run, ticket: Ticket) -> None:
    """What a run hands out is no reason for another run."""
    database.scratch(run.session, "routing.routed", set).add(ticket.id)


def _lock(run: Run, ticket_id: uuid.UUID) -> Ticket | None:
    """The ticket, held, if it still waits; one that somebody else holds is looked at again."""
    query = sa.select(Ticket).where(Ticket.id == ticket_id)
    held = query.with_for_update(key_share=True, skip_locked=True).execution_options(populate_existing=True)
    found: Ticket | None = run.session.scalar(held)
    if found is None:
        asking.request_sweep(trigger=run.trigger, delay_seconds=AGAIN_SECONDS, session=run.session)
        return None
    if not is_waiting(found):
        return None
    remember(found, session=run.session)
    return found
