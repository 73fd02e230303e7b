"""The workspace's rules of account safety: saved, and made true for whoever is signed in."""

from typing import Any

import sqlalchemy as sa

from webapp.auth import Actor, current_actor, require
from webapp.config import settings
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.integrations.oidc import is_allowed
from webapp.models import User, UserSession
from webapp.schemas.safety import OidcForm, OidcSection, SafetySection
from webapp.services import permission
from webapp.services import role as roles
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services.safety import rules
from webapp.services.setting import read_section, save_section
from webapp.signing import seal
from webapp.tenancy import require_workspace_id
from webapp.validators import is_valid_email

RUNS_THE_DESK = frozenset({"user:manage", "settings:manage"})


def standing(*, session: Any = None, actor: Actor | None = None) -> list[dict[str, Any]]:
    """Every role: `[{key, name, people, safe}]`, how many have it and how many of those a second factor."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    query = sa.select(User.role, sa.func.count(), sa.func.count(User.second_factor_box)).where(
        User.workspace_id == require_workspace_id(), User.deactivated_at.is_(None)
    )
    counts = {role: (people, safe) for role, people, safe in session.execute(query.group_by(User.role))}
    found = []
    for key, name in roles.names(session=session).items():
        people, safe = counts.get(key, (0, 0))
        found.append({"key": key, "name": name, "people": people, "safe": safe})
    return found


def save_required_roles(keys: list[str], *, session: Any = None, actor: Actor | None = None) -> None:
    """Says which roles must have a second factor. Who lacks one is signed out, and sets it up next time.

    Raises `Invalid` for a role that there isn't, or if it would be the admin's own lock-out.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    if not set(keys) <= set(roles.names(session=session)):
        raise Invalid.field("roles", "There is no such role")
    if actor.role in keys and actor.kind == "user" and _lacks_one(actor, session):
        raise Invalid.field("roles", "Set up your own second factor first, on your profile")
    save_section(SafetySection(required_roles=sorted(set(keys))), session=session, actor=actor)
    _enforce(session, actor)


def _lacks_one(actor: Actor, session: Any) -> bool:
    user = users.user_for(actor.id, session=session)  # type: ignore[arg-type]
    if user.has_second_factor:
        return False
    here = session.get(UserSession, actor.session_id) if actor.session_id else None
    satisfied = here is not None and here.method == rules.OIDC
    return not (satisfied and read_section(OidcSection, session=session).is_second_factor)


def joinable(*, session: Any = None, actor: Actor | None = None) -> dict[str, str]:
    """The roles, by key, that people may come in with by themselves: none that manages people or settings.

    Of these, those whose rights the actor has.
    """
    mine = (actor or current_actor()).rights
    return {
        key: name
        for key, name in roles.names(session=session).items()
        if (rights := permission.permissions_of(key, session=session)) <= mine and not rights & RUNS_THE_DESK
    }


def oidc_of(form: OidcForm, before: OidcSection) -> OidcSection:
    """The section that a form asks for. Raises `Invalid` naming the fields at fault.

    A secret that is not typed again stays, but only for the provider it was given for.
    """
    said = form.model_dump(exclude={"secret", "domains"})
    same_provider = (form.issuer, form.client_id) == (before.issuer, before.client_id)
    box = seal(form.secret) if form.secret else before.secret_box if same_provider else ""
    wanted = OidcSection(**said, secret_box=box, domains=_domains(form.domains))
    if wanted.enabled:
        _check(wanted)
    return wanted


def _domains(text: str) -> list[str]:
    names = [name.lower().removeprefix("@").rstrip(".") for name in text.replace(",", " ").split()]
    for name in names:
        if not is_valid_email(f"someone@{name}"):
            raise Invalid.field("domains", f"“{name[:60]}” is no domain such as example.com")
    return sorted(set(names))


def _check(wanted: OidcSection) -> None:
    if not is_allowed(wanted.issuer, private=settings().private_issuers) or "?" in wanted.issuer:
        raise Invalid.field("issuer", "An https address, as the provider names itself")
    if not wanted.client_id:
        raise Invalid.field("client_id", "Please fill this in")
    if wanted.trust_addresses and not wanted.domains:
        raise Invalid.field("domains", "Name the domains whose addresses this provider gives out")


def save_oidc(wanted: OidcSection, *, session: Any = None, actor: Actor | None = None) -> None:
    """Stores the provider. Raises `Invalid` where it could lock everybody out."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    before = read_section(OidcSection, session=session)
    if wanted.joins_as not in ("", before.joins_as) and wanted.joins_as not in joinable(
        session=session, actor=actor
    ):
        raise Invalid.field("joins_as", "Choose one of these roles")
    if wanted.enabled and wanted.only and not (before.enabled and before.only):
        _came_this_way(wanted, before, session, actor)
    save_section(wanted, session=session, actor=actor)
    _enforce(session, actor)


def _came_this_way(wanted: OidcSection, before: OidcSection, session: Any, actor: Actor) -> None:
    """Passwords are turned off by somebody who is signed in with this very provider."""
    here = session.get(UserSession, actor.session_id) if actor.session_id else None
    same_provider = (wanted.issuer, wanted.client_id) == (before.issuer, before.client_id)
    if here is None or here.method != rules.OIDC or not same_provider:
        raise Invalid.field("only", "Sign in this way yourself first, so that nobody is locked out")


def allow_passwords(*, session: Any = None, actor: Actor | None = None) -> bool:
    """Lets passwords open this workspace again, when its provider fails; false if they did already."""
    session, actor = session or db.session(), actor or current_actor()
    if rules.passwords_open(session=session):
        return False
    section = read_section(OidcSection, session=session)
    save_section(section.model_copy(update={"only": False}), session=session, actor=actor)
    return True


def _enforce(session: Any, actor: Actor) -> None:
    """Ends what the rules do not allow any more, and lifts what they do not ask for any more."""
    query = sa.select(User).where(User.workspace_id == require_workspace_id(), User.deactivated_at.is_(None))
    for user in session.scalars(query.order_by(User.id)).all():
        if not rules.is_required(user.role, session=session):
            sessions.lift(user.id, session=session)
            continue
        for held in sessions.list_sessions(user.id):
            if not held.must_set_up and rules.must_set_up(user, held.method, session=session):
                sessions.revoke(
                    held.id, user_id=user.id, reason="second_factor_required", session=session, actor=actor
                )
