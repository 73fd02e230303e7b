"""Addresses without a page of their own, as people type them: they lead to the first page inside."""

from flask import Blueprint, Response, redirect

from webapp.auth import current_actor
from webapp.errors import Forbidden
from webapp.pages.auth import staff_page
from webapp.pages.navigation import Entry, report_links, settings_links

bp = Blueprint("entrances", __name__)


@bp.get("/settings")
@staff_page()
def settings() -> Response:
    """The first page of settings that this person may open."""
    return _first([entry for entries in settings_links(current_actor()).values() for entry in entries])


@bp.get("/admin")
@staff_page()
def reports() -> Response:
    """The first report that this person may open."""
    return _first(report_links(current_actor()))


def _first(entries: list[Entry]) -> Response:
    if not entries:
        raise Forbidden("Your role opens nothing here")
    return redirect(entries[0].path)  # type: ignore[return-value]
