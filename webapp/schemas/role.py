"""A role: what its page sets, and how the pages show it."""

import uuid
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints, field_validator

from webapp.auth import ALWAYS, PERMISSIONS, ROLES, WORDS
from webapp.models import Role
from webapp.schemas.text import Line, Strict, Text
from webapp.validators import visible

NAMES = {"viewer": "Viewer", "agent": "Agent", "senior_agent": "Senior agent", "admin": "Admin"}
ABOUT = {
    "viewer": "Looks, touches nothing",
    "agent": "Answers",
    "senior_agent": "Answers, and looks after shared texts",
    "admin": "Everything",
}
_NOUNS = {
    "Tickets": ("ticket", "escalation", "draft", "presence"),
    "Customers": ("customer",),
    "Shared texts": ("macro", "tag", "article"),
    "Reports": ("report",),
    "Administration": ("settings", "inbox", "user", "key", "webhook", "import", "job", "audit"),
}
GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(one for one in WORDS if one not in ALWAYS and one.partition(":")[0] in nouns)
    for group, nouns in _NOUNS.items()
}
"""The permissions that a role may have or not, as the matrix lists them."""


def _ticked(value: Any) -> Any:
    return list(value) if isinstance(value, dict) else value


Name = Annotated[Text, StringConstraints(max_length=60)]


class RoleIn(Strict):
    """A role's name and what it allows, apart from what everybody may do."""

    name: Name
    permissions: Annotated[list[Line], BeforeValidator(_ticked)] = []

    @field_validator("name")
    @classmethod
    def _has_name(cls, value: str) -> str:
        if not visible(value):
            raise ValueError("Please fill this in")
        if visible(value).casefold() in {name.casefold() for name in NAMES.values()}:
            raise ValueError("There is a role with this name already")
        return visible(value)

    @field_validator("permissions")
    @classmethod
    def _are_known(cls, value: list[str]) -> list[str]:
        if set(value) - set(WORDS):
            raise ValueError("There is no such permission")
        return sorted(set(value) | ALWAYS)


class RolePatch(RoleIn):
    """What of a role is changed."""

    name: Name = ""

    def over(self, role: Role) -> RoleIn:
        """The role as it is, with what was given put over it."""
        given = self.model_dump(exclude_unset=True)
        return RoleIn.model_validate({"name": role.name, "permissions": role.permissions, **given})


class ReplacementQuery(Strict):
    """The key of the role that those who have a deleted one get."""

    replacement: Line


class ReplacementForm(Strict):
    """What those who have a role get instead of it."""

    replacement: Line = ""


class RoleOut(Strict):
    """A role; without an id one that comes with Parley. `people`: how many have it."""

    id: uuid.UUID | None
    key: str
    name: str
    people: int
    permissions: list[str]


def role_out(role: Role, people: int = 0) -> dict[str, Any]:
    """A role of the workspace's own; `people`: how many have it."""
    return {
        "id": str(role.id),
        "key": role.key,
        "name": role.name,
        "permissions": frozenset(role.permissions),
        "people": people,
    }


def shown_role(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `services.role.list_roles` as programs see it."""
    names = ("id", "key", "name", "people")
    return {**{name: row[name] for name in names}, "permissions": sorted(row["permissions"])}


def built_in(people: dict[str, int]) -> list[dict[str, Any]]:
    """The roles that every workspace has, in the same shape, from the least to the most."""
    return [
        {
            "id": None,
            "key": key,
            "name": NAMES[key],
            "about": ABOUT[key],
            "permissions": PERMISSIONS[key],
            "people": people.get(key, 0),
        }
        for key in ROLES
    ]
