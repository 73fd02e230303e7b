"""The signed-in person, and who and what there is in their workspace."""

from typing import Any

from webapp.api.doors import access, answers, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.snapshot import DirectoryOut
from webapp.schemas.ticket_in import MePatch
from webapp.schemas.user import UserOut, user_out
from webapp.services import user as users
from webapp.services.directory import read_directory

bp = staff_views("me", __name__)


@bp.get("/me")
@access("staff")
@answers(user=UserOut)
def read_me() -> Any:
    """Who is signed in."""
    with read_only():
        return {"user": user_out(users.current_user())}


@bp.patch("/me")
@access("profile:update")
@answers(user=UserOut)
def update_me(body: MePatch) -> Any:
    """Sets one's own name, availability or preferences."""
    with transaction():
        return {"user": user_out(users.update_profile(**body.model_dump(exclude_unset=True)))}


@bp.get("/directory")
@access("directory:read")
@answers(200, DirectoryOut)
def directory() -> Any:
    """Staff, teams and inboxes, by which pages turn ids into names."""
    with read_only():
        return read_directory()
