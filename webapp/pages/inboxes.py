"""Inboxes: where customers write from, what they see, and when somebody answers."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request

from webapp.colour import readable_on
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.models import Inbox
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, form_values, handled, read_form
from webapp.schemas.inbox import WEEKDAYS, InboxForm, inbox_values, is_faint, new_values
from webapp.schemas.text import time_zones
from webapp.schemas.workspace import WorkspaceSection
from webapp.services import audit
from webapp.services import inbox as inboxes
from webapp.services.edit import About
from webapp.services.setting import read_section

bp = Blueprint("inboxes", __name__, url_prefix="/settings/inboxes")

HERE = "/settings/inboxes"
DEFAULT_COLOUR = "#1d60bc"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
CHECKS = ("is_active", "always_open", "identified_only", "form_files")
DAY_NAMES = dict(
    zip(
        WEEKDAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)


@bp.get("")
@staff_page("inbox:manage")
def show_all() -> Any:
    """The list."""
    with read_only():
        found = [
            {
                "id": row.id,
                "name": row.name,
                "channel": row.channel,
                "is_active": row.is_active,
                "is_open": inboxes.is_open(row),
                "sites": row.allowed_sites,
                "colour": row.colour,
            }
            for row in inboxes.list_inboxes()
        ]
    return render_template("inboxes/list.html", inboxes=found)


@bp.get("/new")
@staff_page("inbox:manage")
def new() -> Any:
    """An empty form."""
    with read_only():
        usual = read_section(WorkspaceSection)
    return _page(None, new_values(usual.colour, usual.time_zone))


@bp.post("/new")
@staff_page("inbox:manage")
def create() -> Response:
    """Makes an inbox."""
    if rows := _changed_rows():
        return _page(None, rows)

    def act() -> Response:
        channel = _channel(None)
        wanted = _wanted(channel)
        with transaction():
            made = inboxes.create_inbox(channel=channel, **wanted).id
        if channel == "email":
            flash("Saved")
            return redirect(f"{HERE}/{made}/mail")  # type: ignore[return-value]
        flash("Saved. Its line for your website stands under Install.")
        return redirect(f"{HERE}/{made}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(None, typed_values(), error))


@bp.get("/<uuid:inbox_id>")
@staff_page("inbox:manage")
def show(inbox_id: uuid.UUID) -> Any:
    """One inbox's settings, snippet and preview."""
    with read_only():
        found = _known(inboxes.inbox_for(inbox_id))
    return _page(found, found["values"])


@bp.post("/<uuid:inbox_id>")
@staff_page("inbox:manage")
def update(inbox_id: uuid.UUID) -> Response:
    """Saves them, unless somebody else did meanwhile."""
    with read_only():
        found = _known(inboxes.inbox_for(inbox_id))
    if rows := _changed_rows():
        return _page(found, rows)

    def act() -> Response:
        wanted = _wanted(found["channel"])
        with transaction():
            check_unchanged(lambda: inboxes.inbox_for(inbox_id).version, About("inbox", inbox_id))
            inboxes.update_inbox(inbox_id, **wanted)
        flash("Saved")
        return redirect(f"{HERE}/{inbox_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _page(found, typed_values(), error))


@bp.post("/<uuid:inbox_id>/key")
@staff_page("inbox:manage")
def rotate_key(inbox_id: uuid.UUID) -> Response:
    """A new public key."""
    return _rotate(
        lambda: inboxes.rotate_key(inbox_id), f"{HERE}/{inbox_id}", "There is a new key: replace the snippet."
    )


@bp.get("/<uuid:inbox_id>/secret")
@staff_page("inbox:manage")
def show_secret(inbox_id: uuid.UUID) -> Any:
    """The identity secret, for whoever goes and asks for it."""
    with read_only():
        found = _known(inboxes.inbox_for(inbox_id))
        secret = inboxes.reveal_secret(inbox_id)
    with transaction():
        audit.note_access("inbox.secret_viewed", inbox_id, subject=found["name"], once=False)
    return render_template("inboxes/secret.html", inbox=found, secret=secret)


@bp.post("/<uuid:inbox_id>/secret")
@staff_page("inbox:manage")
def rotate_secret(inbox_id: uuid.UUID) -> Response:
    """A new identity secret."""
    here = f"{HERE}/{inbox_id}/secret"
    return _rotate(
        lambda: inboxes.rotate_secret(inbox_id), here, "There is a new secret; the old one no longer works."
    )


def _rotate(rotate: Callable[[], Any], back: str, said: str) -> Response:
    with transaction():
        rotate()
    flash(said)
    return redirect(back)  # type: ignore[return-value]


# --- the form -------------------------------------------------------------------------------------


def _page(found: dict[str, Any] | None, values: dict[str, Any], error: AppError | None = None) -> Response:
    colour = values.get("colour", "")
    shown = colour if COLOUR.fullmatch(colour) else DEFAULT_COLOUR
    return form_page(
        "inboxes/edit.html",
        error,
        inbox=found,
        channel=_channel(found),
        values=values,
        days=DAY_NAMES,
        zones=[(zone, zone) for zone in time_zones()],
        on_colour=readable_on(shown),
        faint=is_faint(shown),
        version=found["values"]["version"] if found else None,
    )


def _known(inbox: Inbox) -> dict[str, Any]:
    base = settings().base_url
    return {
        "id": inbox.id,
        "name": inbox.name,
        "channel": inbox.channel,
        "key": inbox.key,
        "values": inbox_values(inbox),
        "snippet": _snippet(inbox, base),
        "chat_url": f"{base}/{'form' if inbox.channel == 'form' else 'chat'}/{inbox.key}",
    }


def _snippet(inbox: Inbox, base: str) -> str:
    if inbox.channel == "form":
        return (
            f'<iframe src="{base}/form/{inbox.key}" title="{inbox.name}" width="100%" height="720"></iframe>'
        )
    return f'<script async src="{base}/w/{inbox.key}.js"></script>'


def _channel(found: dict[str, Any] | None) -> str:
    """What kind of inbox it is, or is to be."""
    asked = request.args.get("channel", "")
    return str(found["channel"]) if found else asked if asked in ("form", "email") else "chat"


def _wanted(channel: str) -> dict[str, Any]:
    """The settings that the form says; a chat has none of a web form."""
    wanted = read_form(InboxForm).settings()
    return wanted if channel == "form" else {**wanted, "form": None}


def typed_values() -> dict[str, Any]:
    """The form as it was sent, in the shape of `inbox_values`."""
    typed = form_values()
    typed.update({name: name in request.form for name in CHECKS})
    typed["prechat"] = [{**row, "required": "required" in row} for row in _dicts(typed.get("prechat"))]
    hours = typed.get("hours")
    typed["hours"] = {day: _dicts(rows) for day, rows in hours.items()} if isinstance(hours, dict) else {}
    return typed


def _dicts(rows: Any) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _changed_rows() -> dict[str, Any] | None:
    """Without scripts, rows come and go by buttons that send the form; nothing is saved then."""
    add, remove = request.form.get("add"), request.form.get("remove", "")
    if not add and not remove:
        return None
    typed = typed_values()
    if add == "prechat":
        typed["prechat"].append({})
    elif add in WEEKDAYS:
        typed["hours"].setdefault(add, []).append({"opens": "09:00", "closes": "17:00"})
    place, _, index = remove.rpartition(".")
    rows = typed["prechat"] if place == "prechat" else typed["hours"].get(place, [])
    if index.isdecimal() and int(index) < len(rows):
        rows.pop(int(index))
    return typed
