"""Tags of the workspace. A ticket's own are set with `PATCH /tickets/<id>`."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.tag import TagIn, TagMerge, TagOut, TagPatch, tag_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import tag as tags

bp = staff_views("tags", __name__)


@bp.get("/tags")
@access("directory:read")
@answers(data=list[TagOut], next_cursor=str | None)
def list_tags(query: PageQuery) -> Any:
    """The workspace's tags by name."""
    with read_only():
        page, cursor = cut(tags.list_tags(), query, lambda tag: (tag.folded, str(tag.id)), str, str)
        return page_out(page, cursor, tag_out)


@bp.post("/tags")
@access("tag:edit")
@answers(201, tag=TagOut, may=(409,))
def create_tag(body: TagIn) -> Any:
    """Makes a tag."""
    with transaction():
        return created({"tag": tag_out(tags.create_tag(body.name, colour=body.colour))})


@bp.get("/tags/<id>")
@access("directory:read")
@answers(tag=TagOut)
def read_tag(path: IdPath) -> Any:
    """A tag."""
    with read_only():
        return {"tag": tag_out(tags.read_tag(path.id))}


@bp.patch("/tags/<id>")
@access("tag:edit")
@matching(read_tag)
@answers(tag=TagOut, may=(409,))
def update_tag(path: IdPath, body: TagPatch) -> Any:
    """Renames or recolours a tag; its tickets follow in a moment."""
    with transaction():
        return {"tag": tag_out(tags.update_tag(path.id, **body.model_dump(exclude_unset=True)))}


@bp.post("/tags/<id>/merge")
@access("tag:edit")
@answers(tag=TagOut, may=(409,))
def merge_tags(path: IdPath, body: TagMerge) -> Any:
    """Merges a tag into another; answers the one that stays."""
    with transaction():
        return {"tag": tag_out(tags.merge_tags(path.id, body.into_id))}


@bp.delete("/tags/<id>")
@access("tag:edit")
@answers(204)
def delete_tag(path: IdPath) -> Any:
    """Takes a tag away, from every ticket too."""
    with transaction():
        tags.delete_tag(path.id)
    return nothing()
