"""Tags of the workspace. A ticket's own are set with `PATCH /tickets/<id>`."""

from typing import Any

from flask_openapi3 import APIBlueprint

from webapp.api.doors import access, created, enter_staff, leave, nothing
from webapp.database import read_only, transaction
from webapp.schemas.tag import TagIn, TagMerge, TagPatch, tag_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import tag as tags

bp = APIBlueprint("tags", __name__, url_prefix="/api/v1")
bp.before_request(enter_staff)
bp.teardown_request(leave)


@bp.get("/tags")
@access("directory:read")
def list_tags() -> Any:
    """The workspace's tags by name."""
    with read_only():
        return {"data": [tag_out(tag) for tag in tags.list_tags()]}


@bp.post("/tags")
@access("tag:edit")
def create_tag(body: TagIn) -> Any:
    """Makes a tag."""
    with transaction():
        return created({"tag": tag_out(tags.create_tag(body.name, colour=body.colour))})


@bp.patch("/tags/<id>")
@access("tag:edit")
def update_tag(path: IdPath, body: TagPatch) -> Any:
    """Renames or recolours a tag; its tickets follow in a moment."""
    with transaction():
        return {"tag": tag_out(tags.update_tag(path.id, **body.model_dump(exclude_unset=True)))}


@bp.post("/tags/<id>/merge")
@access("tag:edit")
def merge_tags(path: IdPath, body: TagMerge) -> Any:
    """Merges a tag into another; answers the one that stays."""
    with transaction():
        return {"tag": tag_out(tags.merge_tags(path.id, body.into_id))}


@bp.delete("/tags/<id>")
@access("tag:edit")
def delete_tag(path: IdPath) -> Any:
    """Takes a tag away, from every ticket too."""
    with transaction():
        tags.delete_tag(path.id)
    return nothing()
