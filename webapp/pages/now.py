"""The live board: for whoever sees reports, for a wall, and by a link for screens nobody is signed in at."""

from typing import Any

from flask import Blueprint, render_template, request

from webapp import clock
from webapp.assets import BOARD_SCRIPT, dist
from webapp.auth import Actor, current_actor
from webapp.database import read_only, transaction
from webapp.errors import NotFound, Unauthenticated
from webapp.models import Ticket
from webapp.models.ticket import FAR
from webapp.pages.auth import View, staff_page
from webapp.services import now, wallboard
from webapp.services.now.board import sees_titles, without_titles
from webapp.services.workspace import get_workspace
from webapp.tenancy import use_workspace

bp = Blueprint("now_pages", __name__)


@bp.get("/admin/live")
@staff_page("report:read")
def board() -> Any:
    """The board; `?tv=1` for a wall."""
    tv = request.args.get("tv") == "1"
    boot = _boot(current_actor(), tv=tv, screen=None)
    return render_template("now/tv.html" if tv else "now/board.html", boot=boot)


@bp.get("/admin/live/tickets")
@staff_page("report:read")
def tickets() -> Any:
    """The tickets behind one of the board's numbers."""
    number = now.NUMBERS.get(request.args.get("of", ""))
    if number is None:
        raise NotFound("The board has no such number")
    with read_only():
        page, cursor = now.tickets_behind(number.name, cursor=request.args.get("cursor"))
        rows = [_row(ticket) for ticket in page]
        count = now.read_board().shown[number.name]
    at = clock.iso(clock.now())
    return render_template(
        "now/tickets.html", number=number, rows=rows, count=count, next_cursor=cursor, at=at
    )


def link_page(view: View) -> View:
    """A page for whoever holds its link."""
    view.access = "token"  # type: ignore[attr-defined]
    return view


@bp.get("/tv/<token>")
@link_page
def screen(token: str) -> Any:
    """The board on a screen, by a link that opens nothing else."""
    try:
        with read_only():
            actor = wallboard.actor_for_link(token, door="page")
    except Unauthenticated:
        raise NotFound("This link opens nothing (any more)") from None
    assert actor.id is not None
    with transaction():
        wallboard.note_opening(actor.id)
    with use_workspace(actor.workspace_id):
        boot = _boot(actor, tv=True, screen=actor.name)
    return render_template("now/tv.html", boot=boot)


def _boot(actor: Actor, *, tv: bool, screen: str | None) -> dict[str, Any]:
    with read_only():
        shown = now.read_board().shown
        workspace = get_workspace().name
    return {
        "board": shown if sees_titles(actor) else without_titles(shown),
        "now": clock.iso(clock.now()),
        "version": dist(BOARD_SCRIPT),
        "workspace": workspace,
        "tv": tv,
        "screen": screen,
        "shares": actor.may("settings:manage"),
    }


def _row(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "title": ticket.title,
        "customer": ticket.customer.name,
        "agent": ticket.assigned_agent.name if ticket.assigned_agent else None,
        "priority": ticket.priority,
        "waiting_since": clock.iso(ticket.waiting_since),
        "due_at": clock.iso(ticket.due_rank) if ticket.due_rank < FAR else None,
    }
