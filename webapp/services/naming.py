"""Names of which a workspace has each once, however it is written."""

import uuid
from typing import Any

import sqlalchemy as sa

from webapp.errors import Invalid
from webapp.tenancy import take_turns
from webapp.validators import fold_name, has_unstorable, visible


def free_name(
    model: Any, noun: str, name: str, own_id: uuid.UUID | None, session: Any, *, most_chars: int = 100
) -> str:
    """The name as it is shown. Raises `Invalid` at `name` where it is empty, too long or another one's."""
    shown = "" if has_unstorable(name) else visible(name)
    if not shown:
        raise Invalid.field("name", "Please fill this in")
    if len(shown) > most_chars:
        raise Invalid.field("name", f"At most {most_chars} characters")
    if is_taken(model, shown, own_id, session):
        raise Invalid.field("name", f"There is a {noun} with this name already")
    return shown


def is_taken(model: Any, name: str, own_id: uuid.UUID | None, session: Any) -> bool:
    """Whether another row has that name, once whoever is giving one at this moment is done.

    Compared here: SQLite's `lower()` knows no letter beyond ASCII.
    """
    take_turns(model.__tablename__, session)
    folded = fold_name(name)
    rows = session.execute(sa.select(model.id, model.name))
    return any(row.id != own_id and fold_name(row.name) == folded for row in rows)
