"""How a colleague signs in, for admins: their second factor, their provider, their signed-in devices."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect

from webapp.auth import current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import form_page, handled
from webapp.schemas.user import session_out
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services.safety import oidc, rules, second_factor

bp = Blueprint("person_safety", __name__, url_prefix="/settings/people/<uuid:user_id>/safety")


@bp.get("")
@staff_page("user:manage")
def show(user_id: uuid.UUID) -> Any:
    """All of it."""
    return _page(user_id)


def _page(user_id: uuid.UUID, error: AppError | None = None) -> Response:
    actor = current_actor()
    with read_only():
        user = users.user_for(user_id)
        devices = [session_out(row, current=actor.session_id) for row in sessions.list_sessions(user.id)]
        return form_page(
            "safety/person.html",
            error,
            person=user,
            is_me=user.id == actor.id,
            is_required=rules.is_required(user.role),
            issuers=oidc.identities_of(user.id),
            devices=devices,
        )


@bp.post("/devices/<uuid:session_id>/sign-out")
@staff_page("user:manage")
def sign_out_device(user_id: uuid.UUID, session_id: uuid.UUID) -> Response:
    """Ends one of their sessions."""

    def end() -> None:
        users.require_rights_over(users.user_for(user_id))
        sessions.revoke(session_id, user_id=user_id, reason="ended_by_admin")

    return _change(user_id, end, "That device was signed out.")


@bp.post("/devices/sign-out")
@staff_page("user:manage")
def sign_out_everywhere(user_id: uuid.UUID) -> Response:
    """Ends all of their sessions, but for the one that asks."""

    def end() -> None:
        users.require_rights_over(users.user_for(user_id))
        sessions.revoke_all(user_id, keep=current_actor().session_id, reason="ended_by_admin")

    return _change(user_id, end, "Signed out everywhere.")


@bp.post("/second-factor/reset")
@staff_page("user:manage")
def reset_second_factor(user_id: uuid.UUID) -> Response:
    """Takes a lost second factor away."""
    return _change(user_id, lambda: second_factor.reset(user_id), "The second factor was reset.")


@bp.post("/provider/unlink")
@staff_page("user:manage")
def unlink(user_id: uuid.UUID) -> Response:
    """Cuts the tie to their provider."""
    return _change(user_id, lambda: oidc.unlink(user_id), "The tie to the provider was cut.")


def _change(user_id: uuid.UUID, change: Callable[[], Any], said: str) -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(f"/settings/people/{user_id}/safety")  # type: ignore[return-value]

    return handled(act, lambda error: _page(user_id, error))
