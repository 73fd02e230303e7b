"""A member of staff, as their colleagues and they themselves see them."""

from typing import Annotated, Any

from pydantic import StringConstraints

from webapp import clock
from webapp.models import User, UserSession
from webapp.schemas.text import Line, Strict, Text

Password = Annotated[Text, StringConstraints(max_length=1000)]


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
    state = "active" if user.password_hash else "invited"
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


class ResetForm(Strict):
    """Asking for a reset link."""

    email: Line = ""


class NewPasswordForm(Strict):
    """Setting a password by a link."""

    password: Password = ""


class ProfileForm(Strict):
    """One's own details."""

    name: Line = ""
    availability: Line = "online"
    enter_sends: bool = False
    shortcuts: bool = False


class PasswordForm(Strict):
    """Changing one's own password."""

    current: Password = ""
    password: Password = ""


class InviteForm(Strict):
    """Adding a colleague."""

    name: Line = ""
    email: Line = ""
    role: Line = "agent"


class RoleForm(Strict):
    """Giving a colleague another role."""

    role: Line = ""
