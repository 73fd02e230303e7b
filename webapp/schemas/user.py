"""A member of staff, as their colleagues and they themselves see them."""

import uuid
from typing import Annotated, Any

from pydantic import StringConstraints

from webapp import clock
from webapp.models import User, UserSession
from webapp.schemas.pushed import Availability
from webapp.schemas.text import Content, Line, Strict, Text

FOR_A_REASON = "reason:"
Password = Annotated[Text, StringConstraints(max_length=1000)]


class UserOut(Strict):
    """Somebody of staff, to themselves."""

    id: uuid.UUID
    name: str
    email: str
    role: str
    availability: Availability
    reason: str | None
    settings: dict[str, Any]


def user_out(user: User) -> dict[str, Any]:
    """Who somebody is and what they prefer; for themselves."""
    return {
        "id": str(user.id),
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "availability": user.availability,
        "reason": user.availability_reason,
        "settings": user.settings,
    }


def member_out(user: User) -> dict[str, Any]:
    """A line of the list of people."""
    state = "active" if user.has_joined else "invited"
    return {
        "id": str(user.id),
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "state": state if user.is_active else "deactivated",
    }


def session_out(session: UserSession, *, current: Any = None) -> dict[str, Any]:
    """A signed-in device."""
    return {
        "id": str(session.id),
        "browser": session.browser or "Unknown browser",
        "address": session.address,
        "created_at": clock.iso(session.created_at),
        "last_seen_at": clock.iso(session.last_seen_at),
        "is_current": session.id == current,
    }


class SignInForm(Strict):
    """What the sign-in page sends."""

    email: Line = ""
    password: Password = ""
    next: Line = ""
    workspace: Line = ""


class ResetForm(Strict):
    """Asking for a reset link."""

    email: Line = ""


class NewPasswordForm(Strict):
    """Setting a password by a link."""

    password: Password = ""


class ProfileForm(Strict):
    """One's own details; `availability`: one of the four, or `reason:` and the name of a reason."""

    name: Line = ""
    availability: Line = "online"
    enter_sends: bool = False
    shortcuts: bool = False

    def presence(self) -> dict[str, str | None]:
        """What it says of being there: `{availability, reason}`."""
        _, is_reason, name = self.availability.partition(FOR_A_REASON)
        return (
            {"availability": None, "reason": name}
            if is_reason
            else {"availability": self.availability, "reason": ""}
        )


class PasswordForm(Strict):
    """Changing one's own password."""

    current: Password = ""
    password: Password = ""


class InviteForm(Strict):
    """Adding a colleague."""

    name: Line = ""
    email: Line = ""
    role: Line = "agent"


class SeveralForm(Strict):
    """Adding several colleagues, an address a line."""

    addresses: Content = ""
    role: Line = "agent"


class PersonForm(Strict):
    """A colleague's name, and the address they sign in with."""

    name: Line = ""
    email: Line = ""


class DeactivateForm(Strict):
    """Who gets the tickets: `user:<id>`, `team:<id>` or `routing`."""

    to: Line = "routing"


class RoleForm(Strict):
    """Giving a colleague another role."""

    role: Line = ""
