"""A request that is sent again does its work once: the IETF's draft of the Idempotency-Key header.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.models import IdempotentAnswer
from webapp.signing import seal
from webapp.tenancy import require_workspace_id
from webapp.upsert import add_unless_there

KEPT_FOR = timedelta(hours=24)


def claim(scope: str, fingerprint: str, *, session: Any = None) -> IdempotentAnswer | None:
    """The answer that the same request got within the last day; None: it is new, and claimed by this one.

    Whoever sends it at the same time waits here until the transaction of the first has ended. Raises
    `Invalid` where the key came with another body before.
    """
    session = session or db.session()
    now = clock.now()
    session.execute(
        sa.delete(IdempotentAnswer)
        .where(IdempotentAnswer.scope == scope, IdempotentAnswer.created_at < now - KEPT_FOR)
        .execution_options(synchronize_session=False)
    )
    row = {"workspace_id": require_workspace_id(), "scope": scope, "fingerprint": fingerprint, "body": ""}
    if add_unless_there(IdempotentAnswer, {**row, "created_at": now}, session=session) is not None:
        return None
    kept: IdempotentAnswer = session.get_one(IdempotentAnswer, scope)
    if kept.fingerprint != fingerprint:
        raise Invalid.field("Idempotency-Key", "This key was used for another request", where="header")
    return kept


def keep(scope: str, status: int, body: str, *, session: Any = None) -> None:
    """Notes what the claimed request is answered; sealed, because some answers hold a secret shown once."""
    session = session or db.session()
    session.execute(
        sa.update(IdempotentAnswer)
        .where(IdempotentAnswer.scope == scope)
        .values(status=status, body=seal(body))
        .execution_options(synchronize_session=False)
    )


def forget(*, session: Any = None) -> int:
    """Removes this workspace's answers that are older than a day; returns how many."""
    session = session or db.session()
    old = sa.delete(IdempotentAnswer).where(IdempotentAnswer.created_at < clock.now() - KEPT_FOR)
    return int(session.execute(old.execution_options(synchronize_session=False)).rowcount)
