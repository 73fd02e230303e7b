"""Sign-ins that were refused: as entries of whoever's account it was, found out later by a job."""

import uuid
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor
from webapp.extensions import db
from webapp.models import User
from webapp.services.audit.keeping import note_access
from webapp.services.job import enqueue
from webapp.validators import fold_email, has_unstorable

JOB = "audit.refusal"
NOBODY = Actor(kind="nobody", id=None, workspace_id=None, name="Somebody not signed in", role="", door="page")


def note_refusal(
    reason: str,
    *,
    email: str = "",
    user_id: uuid.UUID | None = None,
    address: str = "",
    browser: str = "",
    session: Any = None,
) -> None:
    """Asks for an entry: known or not, an address costs the same one job, so that its time tells nothing.

    `reason`: what did not fit: `password`, `code`, or `provider` for the word of a sign-in service.
    """
    said = {"reason": reason, "address": address[:64], "browser": browser[:200]}
    whom = {"user_id": str(user_id)} if user_id else {"email": fold_email(email)}
    enqueue(JOB, {**said, **whom}, session=session)


def find_refused(params: dict[str, Any]) -> User | None:
    """Whose account a refused sign-in was meant for, in any workspace, also one without access."""
    if "user_id" in params:
        return db.session.get(User, uuid.UUID(params["user_id"]))
    email = params["email"]
    if not email or has_unstorable(email):
        return None
    found: User | None = db.session.scalar(sa.select(User).where(User.email == email))
    return found


def keep_refusal(user_id: uuid.UUID, name: str, params: dict[str, Any], *, session: Any = None) -> None:
    """Adds the entry, in the workspace that is in use."""
    visitor = replace(NOBODY, address=params["address"], browser=params["browser"])
    changes = {"reason": [None, params["reason"]]}
    about = {"subject": name, "changes": changes, "once": False, "actor": visitor}
    note_access("session.refused", user_id, session=session, **about)
