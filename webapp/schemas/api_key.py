"""A key for programs: what sets it, and how it is shown."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from webapp import clock
from webapp.auth import ALWAYS, WORDS
from webapp.models import ApiKey
from webapp.schemas.role import GROUPS
from webapp.schemas.text import Line, Strict
from webapp.validators import visible

EXPIRIES = (("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("0", "Never"))


def _ticked(value: Any) -> Any:
    return list(value) if isinstance(value, dict) else value


class KeyIn(Strict):
    """A personal key. `expires_in_days`: 0 for never."""

    model_config = ConfigDict(extra="forbid", validate_default=True)

    name: Annotated[Line, StringConstraints(max_length=60)] = ""
    scopes: Annotated[list[Line], BeforeValidator(_ticked)] = []
    expires_in_days: Annotated[int, Field(ge=0, le=3650)] = 90

    @field_validator("name")
    @classmethod
    def _has_name(cls, value: str) -> str:
        if not visible(value):
            raise ValueError("Say what it is for")
        return visible(value)

    @field_validator("scopes")
    @classmethod
    def _are_known(cls, value: list[str]) -> list[str]:
        if set(value) - set(WORDS):
            raise ValueError("There is no such permission")
        if not value:
            raise ValueError("Choose what the key may do")
        return sorted(set(value))


class ServiceKeyIn(KeyIn):
    """A key of the workspace's own, that may do no more than a role."""

    role: Line = ""


class ApiKeyIn(KeyIn):
    """A key for programs: with a `role` a service's, that may do no more than it; one's own without."""

    role: Line | None = None


class ApiKeyOut(Strict):
    """A key, never its token, which begins with `prefix`; `role`: a service's, `user_id`: a person's."""

    id: uuid.UUID
    name: str
    prefix: str
    scopes: list[str]
    role: str | None
    user_id: uuid.UUID | None
    owner: str | None
    created_at: datetime
    expires_at: datetime | None
    has_expired: bool
    last_used_at: datetime | None
    previous_until: datetime | None


def grouped(rights: frozenset[str]) -> dict[str, list[str]]:
    """What can be given to a key, by the groups of the matrix of roles; first what everybody may do."""
    everybody = [one for one in WORDS if one in ALWAYS]
    found = {
        group: [one for one in held if one in rights]
        for group, held in {"Reading": everybody, **GROUPS}.items()
    }
    return {group: held for group, held in found.items() if held}


def key_out(key: ApiKey) -> dict[str, Any]:
    """A key as REST and the pages show it. `previous_until`: how long the token before still opens."""
    return {
        "id": str(key.id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": list(key.scopes),
        "role": key.role,
        "user_id": str(key.user_id) if key.user_id else None,
        "owner": key.user.name if key.user else None,
        "created_at": clock.iso(key.created_at),
        "expires_at": clock.iso(key.expires_at),
        "has_expired": key.has_expired,
        "last_used_at": clock.iso(key.last_used_at),
        "previous_until": clock.iso(key.previous_until) if key.has_previous else None,
    }
