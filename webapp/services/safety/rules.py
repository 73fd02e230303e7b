"""What signing in takes in this workspace, by the way somebody came and the role they have."""

from typing import Any

from webapp.errors import Unauthenticated
from webapp.models import User
from webapp.schemas.safety import OidcSection, SafetySection
from webapp.services.setting import read_section

PASSWORD, OIDC, CODE, RECOVERY_CODE = "password", "oidc", "code", "recovery_code"
FIRST_STEPS = (PASSWORD, OIDC)


def asks_code(user: User, method: str, *, session: Any = None) -> bool:
    """Whether somebody who came by `method` must still give a code before they have a session."""
    return user.has_second_factor and method in FIRST_STEPS and not _counts_as_second(method, session)


def must_set_up(user: User, method: str, *, session: Any = None) -> bool:
    """Whether their role wants a second factor that they do not have."""
    if user.has_second_factor or _counts_as_second(method, session):
        return False
    return is_required(user.role, session=session)


def is_required(role: str, *, session: Any = None) -> bool:
    """Whether a role must have a second factor."""
    return role in read_section(SafetySection, session=session).required_roles


def passwords_open(*, session: Any = None) -> bool:
    """Whether a password opens anything here: not where all sign in with their provider."""
    oidc = read_section(OidcSection, session=session)
    return not (oidc.enabled and oidc.only)


def check_open(method: str, *, session: Any = None) -> None:
    """Raises `Unauthenticated` where this first step opens nothing any more."""
    if method == PASSWORD and not passwords_open(session=session):
        raise Unauthenticated("Please sign in with your provider")


def _counts_as_second(method: str, session: Any) -> bool:
    return method == OIDC and read_section(OidcSection, session=session).is_second_factor
