"""What the values of a dimension are called."""

from typing import Any

import sqlalchemy as sa

from webapp.models import Inbox, SlaPolicy, Tag, Team, User
from webapp.models.customer import TIERS
from webapp.models.inbox import CHANNELS
from webapp.models.ticket import PRIORITIES
from webapp.tenancy import require_workspace_id

NAMED: dict[str, Any] = {"team": Team, "agent": User, "inbox": Inbox, "policy": SlaPolicy, "tag": Tag}
WORDS = {"email": "E-mail", "api": "API"}


def labels_of(dimension: str, session: Any) -> dict[str | None, str]:
    """By key (None: it has none) what people read."""
    if dimension not in NAMED:
        return {word: WORDS.get(word, word.capitalize()) for word in (*CHANNELS, *PRIORITIES, *TIERS)}
    model = NAMED[dimension]
    query = sa.select(model.id, model.name).where(model.workspace_id == require_workspace_id())
    nothing = {"tag": "Untagged", "agent": "Nobody"}.get(dimension, f"No {dimension}")
    return {None: nothing, **{str(id_): name for id_, name in session.execute(query)}}
