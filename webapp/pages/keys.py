"""Keys for programs: the workspace's, with those of its people, and one's own."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.auth import WORDS, current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.models import ApiKey
from webapp.pages.auth import staff_page
from webapp.pages.forms import confirmed, form_page, form_values, handled, read_form
from webapp.schemas.api_key import EXPIRIES, KeyIn, ServiceKeyIn, grouped, key_out
from webapp.services import api_key as keys
from webapp.services import permission
from webapp.services import role as roles

bp = Blueprint("keys", __name__)

SERVICES = "/settings/keys"
OWN = "/profile/keys"
QUESTION = "Whatever uses this key stops working at once. It cannot be brought back."

Made = dict[str, str]


@bp.get(SERVICES)
@staff_page("key:manage")
def show() -> Response:
    """The keys of services and of people, and a form for another service."""
    return _services()


@bp.post(SERVICES)
@staff_page("key:manage")
def create() -> Response:
    """Makes a service key and shows its token, this once."""
    return handled(lambda: _create(ServiceKeyIn, keys.create_service_key, _services), _services)


@bp.post(f"{SERVICES}/<uuid:key_id>/rotate")
@staff_page("key:manage")
def rotate(key_id: uuid.UUID) -> Response:
    """Gives a service key another token and shows it."""
    return handled(lambda: _rotate(key_id, _services), _services)


@bp.post(f"{SERVICES}/<uuid:key_id>/end-previous")
@staff_page("key:manage")
def end_previous(key_id: uuid.UUID) -> Response:
    """Ends the token before the last one of any key."""
    return handled(lambda: _end_previous(key_id, SERVICES), _services)


@bp.post(f"{SERVICES}/<uuid:key_id>/revoke")
@staff_page("key:manage")
def revoke(key_id: uuid.UUID) -> Response:
    """Ends a key, once its name was typed."""
    return handled(lambda: _revoke(key_id, SERVICES), _services)


@bp.get(OWN)
@staff_page("profile:update")
def show_own() -> Response:
    """One's own keys, and a form for another."""
    return _own()


@bp.post(OWN)
@staff_page("profile:update")
def create_own() -> Response:
    """Makes a personal key and shows its token, this once."""
    return handled(lambda: _create(KeyIn, keys.create_key, _own), _own)


@bp.post(f"{OWN}/<uuid:key_id>/rotate")
@staff_page("profile:update")
def rotate_own(key_id: uuid.UUID) -> Response:
    """Gives one's own key another token and shows it."""
    return handled(lambda: _rotate(key_id, _own), _own)


@bp.post(f"{OWN}/<uuid:key_id>/end-previous")
@staff_page("profile:update")
def end_own_previous(key_id: uuid.UUID) -> Response:
    """Ends the token before the last one of one's own key."""
    return handled(lambda: _end_previous(key_id, OWN), _own)


@bp.post(f"{OWN}/<uuid:key_id>/revoke")
@staff_page("profile:update")
def revoke_own(key_id: uuid.UUID) -> Response:
    """Ends one's own key, once its name was typed."""
    return handled(lambda: _revoke(key_id, OWN), _own)


def _create(schema: Any, make: Callable[..., tuple[ApiKey, str]], page: Callable[..., Response]) -> Response:
    given = read_form(schema)
    with transaction():
        row, token = make(given)
        made = {"name": row.name, "token": token}
    return page(made=made)


def _rotate(key_id: uuid.UUID, page: Callable[..., Response]) -> Response:
    with transaction():
        row, token = keys.rotate_key(key_id)
        made = {"name": row.name, "token": token, "rotated": "1"}
    return page(made=made)


def _end_previous(key_id: uuid.UUID, back: str) -> Response:
    with transaction():
        name = keys.end_previous(key_id).name
    flash(f"The previous token of {name} opens nothing any more.")
    return redirect(back)  # type: ignore[return-value]


def _revoke(key_id: uuid.UUID, back: str) -> Response:
    with read_only():
        name = keys.read_key(key_id).name

    def act() -> Response:
        with transaction():
            keys.revoke_key(key_id)
        flash(f"{name} was revoked.")
        return redirect(back)  # type: ignore[return-value]

    return confirmed(name, act, question=QUESTION, verb="Revoke the key", back=back)


def _services(error: AppError | None = None, made: Made | None = None) -> Response:
    mine = current_actor().rights
    with read_only():
        rows = [key_out(row) for row in keys.list_keys()]
        offered = [
            (key, name) for key, name in roles.names().items() if permission.permissions_of(key) <= mine
        ]
    return _page(
        "keys/services.html",
        mine - keys.PERSONAL,
        error,
        made,
        keys=[row for row in rows if row["owner"] is None],
        personal=[row for row in rows if row["owner"] is not None],
        roles=offered,
        role_names=dict(offered),
    )


def _own(error: AppError | None = None, made: Made | None = None) -> Response:
    with read_only():
        rows = [key_out(row) for row in keys.list_own_keys()]
    return _page("keys/own.html", current_actor().rights, error, made, keys=rows)


def _page(
    template: str, rights: frozenset[str], error: AppError | None, made: Made | None, **context: Any
) -> Response:
    values = {**request.form.to_dict(), "scopes": form_values().get("scopes")} if error else {}
    return form_page(
        template,
        error,
        made=made,
        values=values,
        groups=grouped(rights),
        words=WORDS,
        expiries=EXPIRIES,
        **context,
    )
