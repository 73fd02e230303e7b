"""When tickets move by themselves."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, handled, read_form
from webapp.schemas.lifecycle import Lifecycle
from webapp.services.edit import About, version_of
from webapp.services.setting import read_section
from webapp.services.ticket.transitions import WARNINGS, save_rules

bp = Blueprint("lifecycle", __name__, url_prefix="/settings/lifecycle")

HERE = "/settings/lifecycle"


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """The times, as they are."""
    return _page()


def _saved() -> dict[str, Any]:
    return read_section(Lifecycle).model_dump()


def _page(error: AppError | None = None) -> Response:
    with read_only():
        saved = _saved()
    values = request.form.to_dict() if error else saved
    return form_page(
        "lifecycle.html", error, values=values, version=version_of(saved), warning=WARNINGS["en"]
    )


@bp.post("")
@staff_page("settings:manage")
def save() -> Response:
    """Stores the times; tickets follow in a moment."""

    def act() -> Response:
        rules = read_form(Lifecycle)
        with transaction():
            check_unchanged(_saved, About("workspace", fields="lifecycle."))
            save_rules(rules)
        flash("Saved. Tickets follow the new times in a moment.")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, _page)
