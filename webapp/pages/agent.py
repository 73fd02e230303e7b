"""The agent's workspace: one page whose address is its state."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask_wtf.csrf import generate_csrf

from webapp import clock
from webapp.auth import current_actor
from webapp.database import read_only
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.models import Workspace
from webapp.pages.auth import staff_page
from webapp.pages.chat import limits
from webapp.schemas.availability import reason_out
from webapp.schemas.ticket import ticket_row
from webapp.schemas.user import user_out
from webapp.services import connection, notification
from webapp.services import ticket as tickets
from webapp.services import user as users
from webapp.services.availability import list_reasons
from webapp.services.directory import read_directory
from webapp.services.event import feed_position
from webapp.services.routing.offer import list_offers
from webapp.services.ticket.queue import VIEWS, chosen_sort

bp = Blueprint("agent_pages", __name__)


@bp.get("/agent")
@staff_page("ticket:read")
def home() -> Any:
    """To the first view."""
    return redirect(url_for("agent_pages.workspace", view="all"))


@bp.get("/agent/v/<view>")
@bp.get("/agent/v/<view>/t/<int:number>")
@staff_page("ticket:read")
def workspace(view: str, number: int | None = None) -> Any:
    """The queue, with a ticket open if the address names one."""
    if view not in VIEWS:
        raise NotFound("There is no such view")
    with read_only():
        boot = _boot(view, number)
    return render_template("agent/app.html", boot=boot)


def _boot(view: str, number: int | None) -> dict[str, Any]:
    actor = current_actor()
    me = users.current_user()
    page, cursor = tickets.list_tickets(view, sort=chosen_sort(view, me.settings.get("sort")))
    found = db.session.get(Workspace, actor.workspace_id)
    return {
        "user": user_out(me),
        "workspace": {"id": str(actor.workspace_id), "name": found.name if found else ""},
        "permissions": sorted(actor.rights),
        "csrf": generate_csrf(),
        "directory": read_directory(),
        "notifications": {"unread": notification.count_unread()},
        "routing": {
            "reasons": [reason_out(reason) for reason in list_reasons()],
            "offers": list_offers() if actor.may("ticket:reply") else [],
        },
        "queue": {
            "data": [ticket_row(ticket) for ticket in page],
            "next_cursor": cursor,
            "counts": tickets.count_views(),
            "workspace_seq": feed_position(),
        },
        "view": view,
        "ticket_number": number,
        "limits": limits(),
        "connected": actor.may("customer:read") and connection.is_connected(),
        "version": "1",
        "now": clock.iso(clock.now()),
    }
