"""Pages of long lists, cut by the database."""

import uuid
from typing import Any

from webapp.extensions import db


def newest_first(
    query: Any, model: Any, cursor: uuid.UUID | None, limit: int
) -> tuple[list[Any], str | None]:
    """A page of rows by their ids, which grow with time, and the cursor of the next page."""
    if cursor is not None:
        query = query.where(model.id < cursor)
    found = list(db.session.scalars(query.order_by(model.id.desc()).limit(limit + 1)))
    return found[:limit], str(found[limit - 1].id) if len(found) > limit else None
