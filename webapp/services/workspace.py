"""Workspaces: how one comes into being, and the code that lets nobody else do it first."""

import re
import secrets
import unicodedata
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from webapp import database
from webapp.auth import Actor, current_actor, require
from webapp.config import settings
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.models import TicketNumber, Workspace, WorkspaceFeed
from webapp.schemas.workspace import WorkspaceSection
from webapp.services.event import record
from webapp.tenancy import require_workspace_id
from webapp.validators import has_unstorable, visible

SETUP_LOCK = 7_263_541
"""PostgreSQL's advisory lock for the first run; the number means nothing."""


def any_workspace(*, session: Any = None) -> bool:
    """Whether the installation has been set up."""
    session = session or db.session()
    return session.scalar(sa.select(Workspace.id).limit(1)) is not None


def get_workspace(*, session: Any = None) -> Workspace:
    """The current workspace, held for the length of the transaction: many ask for it in each."""
    session, workspace_id = session or db.session(), require_workspace_id()
    held: dict[Any, Workspace] = database.scratch(session, "workspaces", dict)
    if workspace_id not in held:
        found: Workspace | None = session.get(Workspace, workspace_id)
        if found is None:
            raise NotFound("There is no such workspace")
        held[workspace_id] = found
    return held[workspace_id]


def find_workspace(slug: str | None = None) -> Workspace | None:
    """The workspace of that short name, or the only one there is."""
    query = sa.select(Workspace).order_by(Workspace.id).limit(2)
    found = list(db.session.scalars(query.where(Workspace.slug == slug) if slug else query))
    return found[0] if len(found) == 1 else None


def time_zone(*, session: Any = None) -> ZoneInfo:
    """The time zone by whose days the workspace counts."""
    stored = get_workspace(session=session).settings.get(WorkspaceSection.section, {})
    return ZoneInfo(WorkspaceSection.model_validate(stored).time_zone)


def rename_workspace(name: str, *, session: Any = None, actor: Actor | None = None) -> None:
    """Gives the workspace another name; its short name stays. Raises `Invalid` at `name`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    workspace = get_workspace(session=session)
    old, new = workspace.name, _checked_name(name, "name")
    if old == new:
        return
    workspace.name = new
    session.flush()
    changes = {"name": [old, new]}
    record("workspace.updated", session=session, actor=actor, subject_id=workspace.id, changes=changes)


def _checked_name(name: str, field: str) -> str:
    shown = "" if has_unstorable(name) else visible(name)
    if not shown or len(shown) > 100:
        raise Invalid.field(field, "Between 1 and 100 characters")
    return shown


def list_slugs(*, session: Any = None) -> list[str]:
    """The short names of all workspaces."""
    session = session or db.session()
    return list(session.scalars(sa.select(Workspace.slug).order_by(Workspace.slug)))


def create_workspace(
    name: str, *, only_first: bool = False, session: Any = None, actor: Actor | None = None
) -> Workspace:
    """Makes the workspace that `use_workspace` is in, with its counters.

    The caller draws the id: the rest of its transaction, commit included, happens inside the workspace.
    `only_first`: raises `NotFound` if there is one already, whoever else tries at the same time.
    """
    session, actor = session or db.session(), actor or current_actor()
    if only_first:
        _hold_setup_lock(session)
        if any_workspace(session=session):
            raise NotFound("This installation has been set up")
    shown = _checked_name(name, "workspace")
    made = Workspace(id=require_workspace_id(), name=shown, slug=_free_slug(shown, session))
    session.add(made)
    session.flush()
    session.add_all([WorkspaceFeed(seq=0), TicketNumber(number=0)])
    session.flush()
    changes = {"name": [None, made.name], "slug": [None, made.slug]}
    record("workspace.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def _hold_setup_lock(session: Any) -> None:
    """Until the commit. On SQLite the transaction itself is the lock: it began as the only writer."""
    if session.get_bind().dialect.name == "postgresql":
        locking = sa.text("SELECT pg_advisory_xact_lock(:key)")
        session.execute(locking, {"key": SETUP_LOCK}, execution_options={"unscoped": True})


def _free_slug(name: str, session: Any) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "workspace"
    taken = session.scalar(sa.select(Workspace.id).where(Workspace.slug == slug))
    return slug if taken is None else f"{slug}-{secrets.token_hex(3)}"


# --- the first run --------------------------------------------------------------------------------


def setup_code() -> str:
    """The code that the first-run page asks for when it is not opened on this machine; made when needed."""
    path = _code_path()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text("-".join(secrets.token_hex(2) for _ in range(4)))
    return path.read_text().strip()


def first_run_hint() -> str | None:
    """What to tell whoever started an installation without a workspace; None once there is one."""
    with database.read_only():
        if any_workspace():
            return None
    return (
        f"Nothing is set up yet: open {settings().base_url}/setup or run `wsgi.py setup`.\n"
        f"From another machine the page asks for this code: {setup_code()}"
    )


def forget_setup_code() -> None:
    """Removes the code once it has served."""
    _code_path().unlink(missing_ok=True)


def _code_path() -> Path:
    return settings().instance_path / "setup_code"
