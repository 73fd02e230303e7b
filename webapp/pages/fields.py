"""Custom fields of tickets and customers: what they are called, what they hold, what resolving wants."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, handled, read_form
from webapp.schemas.field import FieldForm, NewFieldForm, field_out
from webapp.services import field as fields
from webapp.services.edit import About, version_of

bp = Blueprint("field_pages", __name__, url_prefix="/settings/fields")

HERE = "/settings/fields"


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """The definitions, and the form for one more."""
    return _page()


def _page(error: AppError | None = None, field_id: uuid.UUID | None = None) -> Response:
    with read_only():
        listed = [
            {**field_out(field), "version": version_of(field_out(field))}
            for field in fields.list_fields(archived=True)
        ]
    typed = request.form.to_dict() if error else {}
    at = str(field_id) if field_id else None
    return form_page("tickets/fields.html", error, fields=listed, values=typed, at=at)


@bp.post("")
@staff_page("settings:manage")
def create() -> Response:
    """Defines a field."""

    def act() -> None:
        form = read_form(NewFieldForm)
        fields.create_field(form.label, form.kind, target=form.target, **form.settings())

    return _change(act, "The field is there.")


@bp.post("/<uuid:field_id>")
@staff_page("settings:manage")
def update(field_id: uuid.UUID) -> Response:
    """Changes a definition."""

    def act() -> None:
        form = read_form(FieldForm)
        check_unchanged(lambda: field_out(fields.field_for(field_id)), About("field", field_id))
        fields.update_field(field_id, label=form.label, **form.settings())

    return _change(act, "Saved.", field_id)


@bp.post("/<uuid:field_id>/archive")
@staff_page("settings:manage")
def archive(field_id: uuid.UUID) -> Response:
    """Takes a field out of the forms; what is filled in stays."""
    return _change(lambda: fields.archive_field(field_id), "The field is in no form any more.")


@bp.post("/<uuid:field_id>/restore")
@staff_page("settings:manage")
def restore(field_id: uuid.UUID) -> Response:
    """Brings a field back."""
    return _change(lambda: fields.archive_field(field_id, False), "The field is back.")


@bp.post("/<uuid:field_id>/move")
@staff_page("settings:manage")
def move(field_id: uuid.UUID) -> Response:
    """One place up."""
    return _change(lambda: fields.move_up(field_id), "Moved up.")


def _change(change: Callable[[], Any], said: str, field_id: uuid.UUID | None = None) -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, field_id))
