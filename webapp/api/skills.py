"""Skills: what not everybody can do."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.extensions import db
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.routing import SkillIn, SkillOut, skill_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import skill as skills

bp = staff_views("skills_api", __name__)


@bp.get("/skills")
@access("directory:read")
@answers(data=list[SkillOut], next_cursor=str | None)
def list_skills(query: PageQuery) -> Any:
    """The skills by name."""
    with read_only():
        page, cursor = cut(skills.list_skills(), query, lambda row: (row.name, str(row.id)), str, str)
        return page_out(page, cursor, skill_out)


@bp.post("/skills")
@access("settings:manage")
@answers(201, skill=SkillOut, may=(409,))
def create_skill(body: SkillIn) -> Any:
    """Makes a skill."""
    with transaction():
        return created({"skill": skill_out(skills.create_skill(body.name))})


@bp.get("/skills/<id>")
@access("directory:read")
@answers(skill=SkillOut)
def read_skill(path: IdPath) -> Any:
    """A skill."""
    with read_only():
        return {"skill": skill_out(skills.skill_for(path.id, session=db.session()))}


@bp.patch("/skills/<id>")
@access("settings:manage")
@matching(read_skill)
@answers(skill=SkillOut, may=(409,))
def update_skill(path: IdPath, body: SkillIn) -> Any:
    """Gives it another name."""
    with transaction():
        return {"skill": skill_out(skills.rename_skill(path.id, body.name))}


@bp.delete("/skills/<id>")
@access("settings:manage")
@answers(204, may=(409,))
def delete_skill(path: IdPath) -> Any:
    """Takes a skill away, from people and tickets too."""
    with transaction():
        skills.delete_skill(path.id)
    return nothing()
