"""Staff: whom everybody sees, and what those who manage people change."""

from typing import Any

from webapp.api.doors import access, answers, created, staff_views
from webapp.database import read_only, transaction
from webapp.errors import NotFound
from webapp.schemas.member import LeavingIn, MemberIn, MemberPatch, StaffOut, staff_out
from webapp.schemas.paging import NamedQuery, cut, page_out
from webapp.schemas.snapshot import ColleagueOut
from webapp.schemas.ticket_in import IdPath
from webapp.services import directory, handover, invitation
from webapp.services import user as users

bp = staff_views("users_api", __name__)


@bp.get("/users")
@access("directory:read")
@answers(data=list[ColleagueOut], next_cursor=str | None)
def list_users(query: NamedQuery) -> Any:
    """Everybody who works here, by name; those with `q` in it."""
    with read_only():
        found = [one for one in directory.list_people() if _has(query.q, one["name"])]
        page, cursor = cut(found, query, lambda one: (one["name"], one["id"]), str, str)
        return page_out(page, cursor, dict)


@bp.get("/users/<id>")
@access("directory:read")
@answers(user=ColleagueOut)
def read_user(path: IdPath) -> Any:
    """A colleague, and whether they are here."""
    with read_only():
        for one in directory.list_people():
            if one["id"] == str(path.id):
                return {"user": one}
    raise NotFound("There is nobody with this id")


# --- managing them --------------------------------------------------------------------------------


@bp.get("/admin/users")
@access("user:manage")
@answers(data=list[StaffOut], next_cursor=str | None)
def list_members(query: NamedQuery) -> Any:
    """Everybody with address, role and state, by name; those with `q` in name or address."""
    with read_only():
        found = [user for user in users.list_users() if _has(query.q, f"{user.name} {user.email}")]
        page, cursor = cut(found, query, lambda user: (user.name, str(user.id)), str, str)
        return page_out(page, cursor, staff_out)


def _has(wanted: str, text: str) -> bool:
    return wanted.strip().casefold() in text.casefold()


@bp.post("/admin/users")
@access("user:manage")
@answers(201, user=StaffOut, may=(409,))
def create_member(body: MemberIn) -> Any:
    """Adds somebody, who is mailed a link to set a password."""
    with transaction():
        return created({"user": staff_out(users.create_user(body.email, body.name, body.role))})


@bp.get("/admin/users/<id>")
@access("user:manage")
@answers(user=StaffOut)
def read_member(path: IdPath) -> Any:
    """A member of staff."""
    with read_only():
        return {"user": staff_out(users.user_for(path.id))}


@bp.patch("/admin/users/<id>")
@access("user:manage")
@answers(user=StaffOut, may=(409,))
def update_member(path: IdPath, body: MemberPatch) -> Any:
    """Sets what is named; another role ends their sessions."""
    with transaction():
        user = users.user_for(path.id, lock=True)
        given = {"name": user.name, "email": user.email, **body.details()}
        users.update_person(user.id, **given)
        if body.role is not None:
            users.set_role(user.id, body.role)
        if body.team_ids is not None:
            handover.set_teams(user.id, set(body.team_ids))
        return {"user": staff_out(user)}


@bp.post("/admin/users/<id>/invite")
@access("user:manage")
@answers(user=StaffOut, may=(409,))
def invite_member(path: IdPath) -> Any:
    """Mails a new link to set a password; 409 for whoever has one, or has no access."""
    with transaction():
        invitation.invite_again(users.user_for(path.id).id)
        return {"user": staff_out(users.user_for(path.id))}


@bp.post("/admin/users/<id>/deactivate")
@access("user:manage")
@answers(user=StaffOut, may=(409,))
def deactivate_member(path: IdPath, body: LeavingIn) -> Any:
    """Takes access away at once and hands the open tickets over; many of them in the background."""
    with transaction():
        handover.deactivate(path.id, body.to)
        return {"user": staff_out(users.user_for(path.id))}


@bp.post("/admin/users/<id>/activate")
@access("user:manage")
@answers(user=StaffOut, may=(409,))
def activate_member(path: IdPath) -> Any:
    """Gives access back."""
    with transaction():
        return {"user": staff_out(users.activate_user(path.id))}
