"""Links that show the live board on screens nobody is signed in at."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled, read_form
from webapp.schemas.now import WallboardForm, wallboard_link_out
from webapp.services import wallboard

bp = Blueprint("wallboard_pages", __name__, url_prefix="/settings/wallboards")

HERE = "/settings/wallboards"


@bp.get("")
@staff_page("settings:manage")
def show() -> Response:
    """The links there are, and a form for another."""
    return _page()


def _page(error: AppError | None = None, made: dict[str, str] | None = None) -> Response:
    with read_only():
        links = [wallboard_link_out(link) for link in wallboard.list_links()]
    typed = request.form.to_dict() if error else {}
    return form_page("wallboards/list.html", error, links=links, made=made, values=typed)


@bp.post("")
@staff_page("settings:manage")
def create() -> Response:
    """Makes a link and shows its address, this once."""

    def act() -> Response:
        form = read_form(WallboardForm)
        with transaction():
            link, token = wallboard.create_link(form.name, shows_titles=form.shows_titles)
            made = {"name": link.name, "url": wallboard.url_of(token)}
        return _page(made=made)

    return handled(act, _page)


@bp.post("/<uuid:link_id>/revoke")
@staff_page("settings:manage")
def revoke(link_id: uuid.UUID) -> Any:
    """Ends a link; its screens go dark."""
    with transaction():
        wallboard.revoke_link(link_id)
    flash("The link is ended. Its screens go dark at once.")
    return redirect(HERE)
