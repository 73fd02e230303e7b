"""Teams: who is in them, and who leads them."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.team import TeamIn, TeamOut, TeamPatch, team_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import team as teams

bp = staff_views("teams_api", __name__)


@bp.get("/teams")
@access("directory:read")
@answers(data=list[TeamOut], next_cursor=str | None)
def list_teams(query: PageQuery) -> Any:
    """The teams by name."""
    with read_only():
        page, cursor = cut(teams.list_teams(), query, lambda team: (team["name"], team["id"]), str, str)
        return page_out(page, cursor, team_out)


@bp.post("/teams")
@access("user:manage")
@answers(201, team=TeamOut, may=(409,))
def create_team(body: TeamIn) -> Any:
    """Makes a team."""
    with transaction():
        made = teams.create_team(body.name, body.member_ids, lead_id=body.lead_id)
        return created({"team": team_out(teams.read_team(made.id))})


@bp.get("/teams/<id>")
@access("directory:read")
@answers(team=TeamOut)
def read_team(path: IdPath) -> Any:
    """A team with the ids of its members."""
    with read_only():
        return {"team": team_out(teams.read_team(path.id))}


@bp.patch("/teams/<id>")
@access("user:manage")
@matching(read_team)
@answers(team=TeamOut, may=(409,))
def update_team(path: IdPath, body: TeamPatch) -> Any:
    """Sets what is named; `member_ids` are all of them."""
    with transaction():
        teams.change_team(path.id, **body.model_dump(exclude_unset=True))
        return {"team": team_out(teams.read_team(path.id))}


@bp.delete("/teams/<id>")
@access("user:manage")
@answers(204, may=(409,))
def delete_team(path: IdPath) -> Any:
    """Takes a team away; 409 while tickets are with it."""
    with transaction():
        teams.delete_team(path.id)
    return nothing()
