"""When tickets move by themselves."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled, read_form
from webapp.schemas.lifecycle import Lifecycle
from webapp.services.setting import read_section
from webapp.services.ticket.transitions import WARNINGS, save_rules

bp = Blueprint("lifecycle", __name__, url_prefix="/settings/lifecycle")

HERE = "/settings/lifecycle"


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """The times, as they are."""
    with read_only():
        return _page(read_section(Lifecycle).model_dump())


def _page(values: dict[str, Any], error: AppError | None = None) -> Response:
    return form_page("lifecycle.html", error, values=values, warning=WARNINGS["en"])


@bp.post("")
@staff_page("settings:manage")
def save() -> Response:
    """Stores the times; tickets follow in a moment."""

    def act() -> Response:
        rules = read_form(Lifecycle)
        with transaction():
            save_rules(rules)
        flash("Saved. Tickets follow the new times in a moment.")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(request.form.to_dict(), error))
