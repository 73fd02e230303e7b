"""Settings of routing: the rules, the teams, and what each person can do and carry."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request
from pydantic import ValidationError

from webapp.database import read_only, transaction
from webapp.errors import AppError, from_pydantic
from webapp.extensions import db
from webapp.pages.auth import staff_page
from webapp.pages.carried import carried, id_or_none, save_carried, typed_carried
from webapp.pages.forms import OURS, check_unchanged, confirmed, form_page, form_values, handled
from webapp.schemas.routing import RoutingSettings
from webapp.services import inbox as inboxes
from webapp.services import skill, team
from webapp.services.edit import About, version_of
from webapp.services.routing import agent
from webapp.services.routing.rules import save_settings
from webapp.services.setting import read_section

bp = Blueprint("routing_pages", __name__, url_prefix="/settings")
ROUTING, TEAMS, SKILLS = "/settings/routing", "/settings/teams", "/settings/skills"
CHECKS = ("is_on", "offers", "returning", "show_place")
BLANK_RULE = {"field": "category", "value": "", "skill_id": "", "level": 1}


# --- rules ----------------------------------------------------------------------------------------


@bp.get("/routing")
@staff_page("settings:manage")
def show() -> Any:
    """How tickets find their people."""
    return _routing()


def _routing(error: AppError | None = None, typed: dict[str, Any] | None = None) -> Response:
    with read_only():
        saved = _saved()
        values = typed or saved
        teams = team.list_teams()
        given = {rule["inbox_id"]: rule["team_id"] for rule in values.get("team_rules", [])}
        context = {
            "inboxes": [
                {"id": str(one.id), "name": one.name}
                for one in inboxes.list_inboxes()
                if one.is_active or given.get(str(one.id))
            ],
            "teams": teams,
            "team_options": [("", "Anybody"), *((one["id"], one["name"]) for one in teams)],
            "skills": [(str(one.id), one.name) for one in skill.list_skills()],
        }
    names = {one["id"]: one["name"] for one in (*context["inboxes"], *teams)}
    known = [{**rule, "value": names.get(rule["value"], rule["value"])} for rule in values["skill_rules"]]
    rules = [*known, BLANK_RULE]
    context["version"] = version_of(saved)
    return form_page("routing/rules.html", error, values=values, given=given, rules=rules, **context)


def _saved() -> dict[str, Any]:
    return read_section(RoutingSettings).model_dump(mode="json")


@bp.post("/routing")
@staff_page("settings:manage")
def save() -> Response:
    """Saves the rules; they hold from the next moment on."""

    def act() -> Response:
        with transaction():
            check_unchanged(_saved, About("workspace", fields="routing."))
            section = _section(_with_ids(_typed()))
            save_settings(section)
        flash("The rules were saved." if section.is_on else "The rules were saved; routing is off.")
        return redirect(ROUTING)  # type: ignore[return-value]

    return handled(act, lambda error: _routing(error, _typed()))


def _section(typed: dict[str, Any]) -> RoutingSettings:
    try:
        return RoutingSettings.model_validate(typed)
    except ValidationError as error:
        raise from_pydantic(error) from None


def _typed() -> dict[str, Any]:
    """The form as it was sent, in the shape of the section; rows that say nothing left out."""
    typed: dict[str, Any] = {name: value for name, value in form_values().items() if name not in OURS}
    typed.update({name: name in request.form for name in CHECKS})
    typed["watchdog_channels"] = _list(typed.get("watchdog_channels"))
    typed["team_rules"] = [row for row in _list(typed.get("team_rules")) if row.get("team_id")]
    typed["skill_rules"] = [row for row in _list(typed.get("skill_rules")) if row.get("value", "").strip()]
    return typed


def _with_ids(typed: dict[str, Any]) -> dict[str, Any]:
    """Inboxes and teams that the skill rules name, by their ids."""
    for rule in typed["skill_rules"]:
        ids = _ids_by_name(rule.get("field"))
        rule["value"] = ids.get(rule["value"], rule["value"])
    return typed


def _ids_by_name(field: str | None) -> dict[str, str]:
    if field == "inbox":
        return {one.name: str(one.id) for one in inboxes.list_inboxes()}
    return {one["name"]: one["id"] for one in team.list_teams()} if field == "team" else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# --- teams ----------------------------------------------------------------------------------------


@bp.get("/teams")
@staff_page("user:manage")
def show_teams() -> Any:
    """Who works together."""
    return _teams()


def _teams(error: AppError | None = None, typed: dict[str, Any] | None = None, at: str = "") -> Response:
    with read_only():
        people = agent.list_agents()
        teams = [{**one, "version": version_of(one)} for one in team.list_teams()]
    if typed:
        teams = [{**one, **typed} if one["id"] == at else one for one in teams]
    fresh = typed if typed and not at else {}
    return form_page("routing/teams.html", error, teams=teams, people=people, fresh=fresh, at=at)


@bp.post("/teams")
@staff_page("user:manage")
def create_team() -> Response:
    """Makes a team."""

    def act() -> Response:
        form = _team_form()
        with transaction():
            team.create_team(form["name"], _ids(form["member_ids"]), lead_id=id_or_none(form["lead_id"]))
        flash("The team was made.")
        return redirect(TEAMS)  # type: ignore[return-value]

    return handled(act, lambda error: _teams(error, _team_form()))


@bp.post("/teams/<uuid:team_id>")
@staff_page("user:manage")
def update_team(team_id: uuid.UUID) -> Response:
    """Sets a team's name, lead and members."""

    def act() -> Response:
        form = _team_form()
        with transaction():
            check_unchanged(lambda: _team(team_id), About("team", team_id))
            team.update_team(
                team_id,
                name=form["name"],
                member_ids=_ids(form["member_ids"]),
                lead_id=id_or_none(form["lead_id"]),
            )
        flash("The team was saved.")
        return redirect(TEAMS)  # type: ignore[return-value]

    return handled(act, lambda error: _teams(error, _team_form(), str(team_id)))


@bp.post("/teams/<uuid:team_id>/delete")
@staff_page("user:manage")
def delete_team(team_id: uuid.UUID) -> Response:
    """Takes a team away."""
    with read_only():
        name = team.team_for(team_id).name

    def act() -> Response:
        with transaction():
            team.delete_team(team_id)
        flash("The team was taken away.")
        return redirect(TEAMS)  # type: ignore[return-value]

    return confirmed(
        name,
        lambda: handled(act, _teams),
        question="Its people stay, in no team or another one.",
        verb="Take the team away",
        back=TEAMS,
    )


def _team(team_id: uuid.UUID) -> dict[str, Any] | None:
    return next((one for one in team.list_teams() if one["id"] == str(team_id)), None)


def _team_form() -> dict[str, Any]:
    form = request.form
    return {
        "name": form.get("name", ""),
        "lead_id": form.get("lead_id", ""),
        "member_ids": form.getlist("member_ids"),
    }


def _ids(values: list[str]) -> list[uuid.UUID]:
    return [found for value in values if (found := id_or_none(value)) is not None]


# --- skills and capacity --------------------------------------------------------------------------


@bp.get("/skills")
@staff_page("settings:manage")
def show_skills() -> Any:
    """What there is to know, who knows it, and how much each can carry."""
    return _skills()


def _skills(error: AppError | None = None, typed: str = "", at: str = "") -> Response:
    with read_only():
        people = [{**one, "version": version_of(carried(one))} for one in agent.list_agents()]
        skills = [{"id": str(one.id), "name": one.name} for one in skill.list_skills()]
        usual = read_section(RoutingSettings).capacity
    if at:
        people = [{**one, **typed_carried()} if one["id"] == at else one for one in people]
    context = {"people": people, "skills": skills, "usual": usual, "typed": typed, "at": at}
    return form_page("routing/skills.html", error, **context)


@bp.post("/skills")
@staff_page("settings:manage")
def create_skill() -> Response:
    """Makes a skill."""

    def act() -> Response:
        with transaction():
            skill.create_skill(request.form.get("name", ""))
        return redirect(SKILLS)  # type: ignore[return-value]

    return handled(act, lambda error: _skills(error, request.form.get("name", "")))


@bp.post("/skills/<uuid:skill_id>/delete")
@staff_page("settings:manage")
def delete_skill(skill_id: uuid.UUID) -> Response:
    """Takes a skill away from everybody."""
    with read_only():
        name = skill.skill_for(skill_id, session=db.session()).name

    def act() -> Response:
        with transaction():
            skill.delete_skill(skill_id)
        flash("The skill was taken away.")
        return redirect(SKILLS)  # type: ignore[return-value]

    return confirmed(
        name,
        lambda: handled(act, _skills),
        question="Everybody who has it loses it.",
        verb="Take the skill away",
        back=SKILLS,
    )


@bp.post("/skills/people/<uuid:user_id>")
@staff_page("settings:manage")
def save_person(user_id: uuid.UUID) -> Response:
    """Sets what one person carries and knows."""

    def act() -> Response:
        with transaction():
            save_carried(user_id)
        flash("Saved.")
        return redirect(SKILLS)  # type: ignore[return-value]

    return handled(act, lambda error: _skills(error, at=str(user_id)))
