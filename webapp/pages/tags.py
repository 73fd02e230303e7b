"""Tags of the workspace: made, renamed, coloured, merged and deleted by senior agents."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.models.tag import COLOURS
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, confirmed, form_page, handled, read_form
from webapp.schemas.tag import TagIn, TagMerge, TagPatch, tag_out
from webapp.services import tag as tags
from webapp.services.edit import About, version_of

bp = Blueprint("tag_pages", __name__, url_prefix="/settings/tags")

HERE = "/settings/tags"


@bp.get("")
@staff_page("tag:edit")
def show() -> Any:
    """The list, and the form for one more."""
    return _page()


def _page(error: AppError | None = None, tag_id: uuid.UUID | None = None) -> Response:
    with read_only():
        uses = tags.count_uses()
        listed = [
            {**tag_out(tag), "uses": uses.get(tag.id, 0), "version": version_of(tag_out(tag))}
            for tag in tags.list_tags()
        ]
    typed = request.form.to_dict() if error else {}
    at = str(tag_id) if tag_id else None
    return form_page("tickets/tags.html", error, tags=listed, colours=COLOURS, values=typed, at=at)


@bp.post("")
@staff_page("tag:edit")
def create() -> Response:
    """Makes a tag."""

    def act() -> None:
        form = read_form(TagIn)
        tags.create_tag(form.name, colour=form.colour)

    return _change(act, "The tag is there.")


@bp.post("/<uuid:tag_id>")
@staff_page("tag:edit")
def update(tag_id: uuid.UUID) -> Response:
    """Renames or recolours a tag."""

    def act() -> None:
        check_unchanged(lambda: tag_out(tags.tag_for(tag_id)), About("tag", tag_id))
        tags.update_tag(tag_id, **read_form(TagPatch).model_dump(exclude_unset=True))

    return _change(act, "Saved. Tickets with this tag follow in a moment.", tag_id)


@bp.post("/<uuid:tag_id>/merge")
@staff_page("tag:edit")
def merge(tag_id: uuid.UUID) -> Response:
    """Makes one tag of two."""
    return _change(
        lambda: tags.merge_tags(tag_id, read_form(TagMerge).into_id),
        "The tags are one. Their tickets follow in a moment.",
        tag_id,
    )


@bp.post("/<uuid:tag_id>/delete")
@staff_page("tag:edit")
def delete(tag_id: uuid.UUID) -> Response:
    """Takes a tag away."""
    with read_only():
        name = tags.tag_for(tag_id).name
    return confirmed(
        name,
        lambda: _change(
            lambda: tags.delete_tag(tag_id), "The tag is gone. It leaves its tickets in a moment."
        ),
        question="It leaves all its tickets.",
        verb="Delete the tag",
        back=HERE,
    )


def _change(change: Callable[[], Any], said: str, tag_id: uuid.UUID | None = None) -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, tag_id))
