"""The signed-in person, and who and what there is in their workspace."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, enter_staff, leave
from webapp.database import read_only, transaction
from webapp.schemas.ticket_in import MePatch
from webapp.schemas.user import user_out
from webapp.services import user as users
from webapp.services.directory import read_directory

bp = APIBlueprint("me", __name__, url_prefix="/api/v1")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/me")
@access("staff")
def read_me() -> Any:
    """Who is signed in."""
    with read_only():
        return {"user": user_out(users.current_user())}


@bp.patch("/me")
@access("profile:update")
def update_me(body: MePatch) -> Any:
    """Sets one's own name, availability or preferences."""
    with transaction():
        return {"user": user_out(users.update_profile(**body.model_dump(exclude_unset=True)))}


@bp.get("/directory")
@access("directory:read")
def directory() -> Any:
    """Staff, teams and inboxes, by which pages turn ids into names."""
    with read_only():
        return read_directory()
