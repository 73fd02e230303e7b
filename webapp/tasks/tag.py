"""Tickets follow what happened to their tags."""

import uuid
from dataclasses import replace
from typing import Any

from webapp.auth import current_actor
from webapp.database import transaction
from webapp.services import tag as tags
from webapp.tasks.worker import job


@job("tag.rewrite")
def rewrite(params: dict[str, Any], _job_id: uuid.UUID) -> None:
    """Batch by batch, each a transaction of its own; done again from the start, it changes nothing twice."""
    after: uuid.UUID | None = None
    while True:
        with transaction():
            after = tags.rewrite(uuid.UUID(params["tag_id"]), after, actor=_author(params))
        if after is None:
            return


def _author(params: dict[str, Any]) -> Any:
    """Whoever changed the tag, through the door of a job."""
    kind = "user" if params["actor_id"] else "system"
    actor_id = uuid.UUID(params["actor_id"]) if params["actor_id"] else None
    return replace(current_actor(), kind=kind, id=actor_id, name=params["actor_name"])
