"""Who works here: admins invite, give roles and take access away."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, request

from webapp.auth import current_actor
from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.carried import carried_by, save_carried, typed_carried
from webapp.pages.forms import check_unchanged, form_page, handled, read_form
from webapp.schemas.routing import RoutingSettings
from webapp.schemas.user import (
    DeactivateForm,
    InviteForm,
    PersonForm,
    RoleForm,
    SeveralForm,
    member_out,
    session_out,
)
from webapp.services import handover, invitation, permission, role, skill, team
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services.edit import About, version_of
from webapp.services.email import carriers
from webapp.services.setting import read_section

bp = Blueprint("people", __name__, url_prefix="/settings/people")

HERE = "/settings/people"


# --- everybody ------------------------------------------------------------------------------------


@bp.get("")
@staff_page("user:manage")
def show() -> Any:
    """The list, and the forms for more."""
    return _page()


def _page(error: AppError | None = None, typed: dict[str, Any] | None = None, *, at: str = "") -> Response:
    wanted, as_what = request.args.get("q", "").strip()[:100], request.args.get("as", "")
    with read_only():
        people = [member_out(user) for user in users.list_users()]
        names = role.names()
        given = {key: permission.permissions_of(key) for key in names}
    mine = current_actor().rights
    shown = [
        one
        for one in people
        if wanted.casefold() in f"{one['name']} {one['email']}".casefold()
        and (not as_what or as_what == (one["role"] if one["state"] == "active" else one["state"]))
    ]
    return form_page(
        "people/list.html",
        error,
        people=shown,
        total=len(people),
        wanted=wanted,
        as_what=as_what,
        role_names=names,
        offered=[(key, name) for key, name in names.items() if given[key] <= mine],
        mail_leaves=carriers.mail_leaves(),
        values=typed or {},
        at=at,
        own_id=str(current_actor().id),
    )


@bp.post("")
@staff_page("user:manage")
def invite() -> Response:
    """Adds somebody, who is mailed a link to set a password."""

    def act() -> Response:
        form = read_form(InviteForm)
        with transaction():
            made = users.create_user(form.email, form.name, form.role)
            said = f"{made.name} was invited: {made.email} gets a link that works for 7 days."
        flash(said)
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, request.form.to_dict(), at="one"))


@bp.post("/several")
@staff_page("user:manage")
def invite_several() -> Response:
    """Adds several people; all of them, or nobody."""

    def act() -> Response:
        form = read_form(SeveralForm)
        with transaction():
            made = len(invitation.invite_all(form.addresses, form.role))
        flash(f"{made} {'person was' if made == 1 else 'people were'} invited; their links work for 7 days.")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, request.form.to_dict(), at="several"))


# --- one person -----------------------------------------------------------------------------------


@bp.get("/<uuid:user_id>")
@staff_page("user:manage")
def person(user_id: uuid.UUID) -> Any:
    """Everything about one colleague."""
    return _person(user_id)


def _person(user_id: uuid.UUID, error: AppError | None = None, *, at: str = "") -> Response:
    with read_only():
        user = users.user_for(user_id)
        saved, names = _details(user_id), role.names()
        role_now, teams_now = _role(user_id), _teams(user_id)
        given = {key: permission.permissions_of(key) for key in names}
        context = {
            "person": {
                **member_out(user),
                "last_seen_at": user.last_seen_at,
                "online_since": user.online_since,
            },
            "holds": handover.holdings(user_id),
            "teams": team.list_teams(),
            "devices": [session_out(row) for row in sessions.list_sessions(user_id)],
            "heirs": _heirs(user_id),
            "carries": _carries(user_id, is_typed=at == "skills"),
        }
        mine, is_me = current_actor().rights, current_actor().id == user_id
        in_reach = is_me or permission.permissions_of(user.role) <= mine
    return form_page(
        "people/person.html",
        error,
        **context,
        values=request.form.to_dict() if error and at == "details" else saved,
        version=version_of(saved),
        role_version=version_of(role_now),
        teams_version=version_of(teams_now),
        chosen_teams=request.form.getlist("team_ids") if error and at == "teams" else teams_now,
        at=at,
        role_names=names,
        offered=[(key, name) for key, name in names.items() if given[key] <= mine],
        in_reach=in_reach,
        is_me=is_me,
    )


def _carries(user_id: uuid.UUID, *, is_typed: bool) -> dict[str, Any] | None:
    """What they carry and know, for whoever may set it; None for those who may not, or who get no tickets."""
    saved = carried_by(user_id) if current_actor().may("settings:manage") else None
    if saved is None:
        return None
    return {
        "person": typed_carried() if is_typed else saved,
        "version": version_of(saved),
        "skills": [{"id": str(one.id), "name": one.name} for one in skill.list_skills()],
        "usual": read_section(RoutingSettings).capacity,
    }


def _details(user_id: uuid.UUID) -> dict[str, Any]:
    user = users.user_for(user_id)
    return {"name": user.name, "email": user.email}


def _role(user_id: uuid.UUID) -> str:
    return users.user_for(user_id).role


def _teams(user_id: uuid.UUID) -> list[str]:
    return [one["id"] for one in team.list_teams() if str(user_id) in one["member_ids"]]


def _heirs(leaving_id: uuid.UUID) -> dict[str, list[tuple[str, str]]]:
    able = [user for user in permission.people_with("ticket:reply") if user.id != leaving_id]
    by_name = sorted(able, key=lambda user: user.name.casefold())
    return {
        "People": [(f"user:{user.id}", user.name) for user in by_name],
        "Teams": [(f"team:{one['id']}", one["name"]) for one in team.list_teams()],
    }


@bp.post("/<uuid:user_id>")
@staff_page("user:manage")
def update(user_id: uuid.UUID) -> Response:
    """Name and address."""

    def change() -> None:
        form = read_form(PersonForm)
        check_unchanged(lambda: _details(user_id), About("user", user_id))
        users.update_person(user_id, name=form.name, email=form.email)

    return _change(user_id, change, "Saved", at="details")


@bp.post("/<uuid:user_id>/teams")
@staff_page("user:manage")
def set_teams(user_id: uuid.UUID) -> Response:
    """The teams that somebody is in."""

    def change() -> None:
        chosen = {found for text in request.form.getlist("team_ids") if (found := _id(text))}
        check_unchanged(lambda: _teams(user_id), About("team"))
        handover.set_teams(user_id, chosen)

    return _change(user_id, change, "The teams were saved.", at="teams")


@bp.post("/<uuid:user_id>/skills")
@staff_page("settings:manage")
def save_skills(user_id: uuid.UUID) -> Response:
    """What somebody carries and knows."""
    return _change(user_id, lambda: save_carried(user_id), "The skills were saved.", at="skills")


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@bp.post("/<uuid:user_id>/invite")
@staff_page("user:manage")
def invite_again(user_id: uuid.UUID) -> Response:
    """Mails a new link; the old one stops working."""
    said = "A new invitation is on its way."
    return _change(user_id, lambda: invitation.invite_again(user_id), said)


@bp.post("/<uuid:user_id>/role")
@staff_page("user:manage")
def set_role(user_id: uuid.UUID) -> Response:
    """Gives somebody another role; they sign in again."""

    def change() -> None:
        form = read_form(RoleForm)
        check_unchanged(lambda: _role(user_id), About("user", user_id))
        users.set_role(user_id, form.role)

    return _change(user_id, change, "The role was changed.", at="role")


@bp.post("/<uuid:user_id>/sessions/end")
@staff_page("user:manage")
def end_sessions(user_id: uuid.UUID) -> Response:
    """Signs somebody out: on one device, or everywhere."""

    def change() -> None:
        users.require_rights_over(users.user_for(user_id))
        one = _id(request.form.get("session_id", ""))
        if one:
            sessions.revoke(one, user_id=user_id, reason="ended_by_admin")
        else:
            sessions.revoke_all(user_id, keep=current_actor().session_id, reason="ended_by_admin")

    return _change(user_id, change, "Signed out.", at="sessions")


@bp.post("/<uuid:user_id>/deactivate")
@staff_page("user:manage")
def deactivate(user_id: uuid.UUID) -> Response:
    """Takes access away at once, and hands the open tickets over."""

    def act() -> Response:
        form = read_form(DeactivateForm)
        with transaction():
            moved = handover.deactivate(user_id, form.to)
        later = " Handing them over goes on in the background." if moved > handover.FEW else ""
        flash("Access was taken away; open pages are closed." + _of_tickets(moved) + later)
        return redirect(f"{HERE}/{user_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _person(user_id, error, at="access"))


def _of_tickets(count: int) -> str:
    return f" {count} open {'ticket was' if count == 1 else 'tickets were'} handed over." if count else ""


@bp.post("/<uuid:user_id>/activate")
@staff_page("user:manage")
def activate(user_id: uuid.UUID) -> Response:
    """Gives access back."""
    return _change(user_id, lambda: users.activate_user(user_id), "This person has access again.")


def _change(user_id: uuid.UUID, change: Callable[[], Any], said: str, *, at: str = "access") -> Response:
    def act() -> Response:
        with transaction():
            change()
        flash(said)
        return redirect(f"{HERE}/{user_id}")  # type: ignore[return-value]

    return handled(act, lambda error: _person(user_id, error, at=at))
