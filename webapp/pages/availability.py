"""The reasons for which people step out: what each counts as, and whether they get tickets all the same."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, request
from pydantic import ValidationError

from webapp.database import read_only, transaction
from webapp.errors import AppError, from_pydantic
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, form_values, handled
from webapp.schemas.availability import AvailabilitySettings
from webapp.services.availability import save_reasons
from webapp.services.edit import About, version_of
from webapp.services.setting import read_section

bp = Blueprint("availability_pages", __name__, url_prefix="/settings/availability")

HERE = "/settings/availability"
CHECKS = ("takes_tickets", "is_offered")
BLANK = {"id": "", "name": "", "counts_as": "away", "takes_tickets": False, "is_offered": True}


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """The reasons, in the order in which they are offered."""
    return _page()


def _page(error: AppError | None = None, rows: list[dict[str, Any]] | None = None) -> Response:
    with read_only():
        saved = _saved()
    shown = saved["reasons"] if rows is None else rows
    context = {"rows": shown, "blank": BLANK, "version": version_of(saved), "changed": rows is not None}
    return form_page("availability.html", error, **context)


def _saved() -> dict[str, Any]:
    return read_section(AvailabilitySettings).model_dump(mode="json")


@bp.post("")
@staff_page("settings:manage")
def save() -> Response:
    """Saves them all; pages offer them from the next time that they are opened."""
    rows = _typed()
    moved = _moved(rows)
    if moved is not None:
        return _page(rows=moved)
    filled = [row for row in rows if row["id"] or row["name"].strip()]

    def act() -> Response:
        with transaction():
            check_unchanged(_saved, About("workspace", fields="availability."))
            save_reasons(_section(filled))
        flash("The reasons were saved.")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, filled))


def _section(rows: list[dict[str, Any]]) -> AvailabilitySettings:
    try:
        return AvailabilitySettings.model_validate({"reasons": rows})
    except ValidationError as error:
        raise from_pydantic(error) from None


def _typed() -> list[dict[str, Any]]:
    """The rows as they were sent."""
    rows = form_values().get("reasons")
    given = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [{**BLANK, **row, **{name: name in row for name in CHECKS}} for row in given]


def _moved(rows: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """A row goes up, or, without scripts, comes or goes: nothing is saved then, and None is "save"."""
    for place, row in enumerate(rows):
        if row.pop("remove", None):
            return rows[:place] + rows[place + 1 :]
        if row.pop("up", None):
            rows[max(place - 1, 0) : place + 1] = reversed(rows[max(place - 1, 0) : place + 1])
            return rows
    return [*rows, dict(BLANK)] if "add" in request.form else None
