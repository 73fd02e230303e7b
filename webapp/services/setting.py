"""The workspace's settings: one section a subject, each a strict schema with its defaults.

A section is a class of `webapp.schemas` with `section: ClassVar[str]`, by which it is stored. A field whose
name ends in `_box` is a sealed secret.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm.attributes import flag_modified

from webapp import database
from webapp.auth import Actor, current_actor, require
from webapp.errors import from_pydantic
from webapp.extensions import db
from webapp.services.event import record
from webapp.services.workspace import get_workspace
from webapp.tenancy import require_workspace_id

Section = TypeVar("Section", bound=BaseModel)


def read_section(kind: type[Section], *, session: Any = None) -> Section:
    """The section as the workspace has it; its defaults where nothing was ever set."""
    session = session or db.session()
    # Every message asks for several: they are read and checked once a transaction.
    held: dict[Any, Any] = database.scratch(session, "sections", dict)
    key = (require_workspace_id(), kind)
    if key not in held:
        stored = get_workspace(session=session).settings.get(kind.section, {})  # type: ignore[attr-defined]
        known = {name: value for name, value in stored.items() if name in kind.model_fields}
        held[key] = kind.model_validate(known)
    return held[key].model_copy()  # type: ignore[no-any-return]


def put_over(kind: type[Section], given: dict[str, Any], *, session: Any = None) -> Section:
    """The section with what is given put over what holds. Raises `Invalid` where they do not fit."""
    held = read_section(kind, session=session).model_dump()
    try:
        return kind.model_validate({**held, **given})
    except ValidationError as error:
        raise from_pydantic(error) from None


def save_section(value: BaseModel, *, session: Any = None, actor: Actor | None = None) -> None:
    """Stores a section and records what changed in it."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    workspace = get_workspace(session=session)
    section: str = value.section  # type: ignore[attr-defined]
    old = read_section(type(value), session=session).model_dump(mode="json")
    new = value.model_dump(mode="json")
    changes = {
        f"{section}.{name}": [_told(name, old[name]), _told(name, new[name])]
        for name in new
        if old[name] != new[name]
    }
    if not changes:
        return
    workspace.settings[section] = new
    flag_modified(workspace, "settings")
    database.scratch(session, "sections", dict).clear()
    session.flush()
    record("workspace.updated", session=session, actor=actor, subject_id=workspace.id, changes=changes)


def _told(name: str, value: Any) -> Any:
    """As the ledger may hold it: of a sealed secret only that there is one."""
    return bool(value) if name.endswith("_box") else value
