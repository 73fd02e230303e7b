"""Inviting several people in one go, and somebody once more."""

import uuid
from email.utils import parseaddr
from typing import Any

from webapp.auth import Actor
from webapp.errors import Invalid
from webapp.models import User
from webapp.ratelimit import limiter
from webapp.services.user import create_user, invite

MOST_AT_ONCE = 50
PER_PERSON = "5/hour"


def invite_all(addresses: str, role: str, *, session: Any = None, actor: Actor | None = None) -> list[User]:
    """Invites several people, one a line: `ann@example.com` or `Ann Berg <ann@example.com>`; all or nobody.

    Raises `Invalid` at `addresses` that says what is wrong with each line.
    """
    lines = [line.strip() for line in addresses.splitlines() if line.strip()]
    if not 0 < len(lines) <= MOST_AT_ONCE:
        raise Invalid.field("addresses", f"Between 1 and {MOST_AT_ONCE} addresses, one a line")
    made, wrong = [], []
    for line in lines:
        name, email = parseaddr(line)
        try:
            shown = name or _name_in(email)
            made.append(create_user(email or line, shown, role, session=session, actor=actor))
        except Invalid as error:
            if error.detail[0]["loc"][-1] == "role":
                raise
            wrong.append(f"{line}: {error.detail[0]['msg']}")
    if wrong:
        raise Invalid.field("addresses", " · ".join(wrong))
    return made


def invite_again(user_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Mails somebody a new link; the old one stops working. Raises `Conflict`, and `RateLimited`."""
    limiter().hit("invite:person", str(user_id), PER_PERSON)
    invite(user_id, session=session, actor=actor)


def _name_in(email: str) -> str:
    """`ann.berg@example.com` is called Ann Berg until they say otherwise."""
    words = email.partition("@")[0].partition("+")[0].replace("_", ".").replace("-", ".").split(".")
    return " ".join(word.capitalize() for word in words if word) or email
