"""Signing in with the workspace's OpenID provider: there and back, and whose account that is here."""

import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from webapp import clock, database
from webapp.auth import SYSTEM, Actor, current_actor, require, same
from webapp.config import settings
from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.integrations import oidc, safe_http
from webapp.models import User, UserIdentity
from webapp.schemas.safety import OidcSection
from webapp.services import role as roles
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services.event import record
from webapp.services.setting import read_section
from webapp.services.workspace import find_workspace
from webapp.signing import seal, unseal
from webapp.tenancy import require_workspace_id, use_workspace
from webapp.validators import fold_email, has_unstorable, is_valid_email, visible

log = logging.getLogger(__name__)

Found = TypeVar("Found")
ASKED_MINUTES = 15
CALLBACK = "/sign-in/oidc/callback"
LABEL = "single sign-on"
SUBJECT_CHARS = 255
UNCONFIRMED = "Your sign-in could not be confirmed. Please try again"
UNREACHABLE = "The sign-in service does not answer. Please try again in a moment"
NOT_HERE = "There is no account for you here. Ask an admin to invite you"
UNVERIFIED = "Your sign-in service does not vouch for your e-mail address"


@dataclass(frozen=True)
class Offer:
    """A workspace's provider as the sign-in page offers it; `is_only`: passwords open nothing there."""

    workspace_id: uuid.UUID
    workspace: str
    slug: str
    label: str
    is_only: bool


@dataclass(frozen=True)
class Provider:
    """A workspace's provider, and us as it knows us."""

    workspace_id: uuid.UUID
    section: OidcSection
    client: oidc.Client


@dataclass(frozen=True)
class Trip:
    """A sign-in that this browser began: what it asked for, of whom, and where it wants to go."""

    workspace_id: uuid.UUID
    asked: oidc.Asked
    next: str


@dataclass(frozen=True)
class Word:
    """What a provider has said of somebody, verified; without an address if it does not vouch for it."""

    issuer: str
    subject: str
    email: str | None
    name: str


def find_offer(slug: str | None) -> Offer | None:
    """The provider of the workspace with that short name, or of the only one there is; None without one."""
    if slug is not None and has_unstorable(slug):
        return None
    found = find_workspace(slug)
    if found is None:
        return None
    with use_workspace(found.id):
        section = read_section(OidcSection)
    if not section.enabled:
        return None
    return Offer(found.id, found.name, found.slug, section.label or LABEL, section.only)


def find_provider() -> Provider:
    """The current workspace's provider. Raises `NotFound` if it has none."""
    section = read_section(OidcSection)
    if not section.enabled:
        raise NotFound("This workspace has no sign-in service")
    return Provider(require_workspace_id(), section, client_of(section))


def client_of(section: OidcSection) -> oidc.Client:
    """Us, as that provider knows us."""
    return oidc.Client(
        issuer=section.issuer,
        client_id=section.client_id,
        secret=unseal(section.secret_box) if section.secret_box else None,
        redirect_uri=redirect_uri(),
        private=settings().private_issuers,
    )


def redirect_uri() -> str:
    """Where a provider sends people back to."""
    return f"{settings().base_url}{CALLBACK}"


# --- there and back: these ask the network --------------------------------------------------------


def begin(provider: Provider, target: str) -> tuple[str, str]:
    """Where to send the browser, and the sealed box it keeps until it is back. Raises `Invalid`."""
    asked = oidc.ask()
    url = _asking(lambda: oidc.authorization_url(provider.client, asked))
    until = clock.now() + timedelta(minutes=ASKED_MINUTES)
    claim = {"workspace": str(provider.workspace_id), "next": target, "until": until.timestamp()}
    return url, seal(json.dumps({**claim, **asdict(asked)}))


def open_box(box: str | None, answer: dict[str, str]) -> Trip:
    """The sign-in that came back with `answer` (the query) to the browser with that box. Raises `Invalid`."""
    try:
        claim = json.loads(unseal(box or ""))
    except ValueError:
        raise Invalid(UNCONFIRMED) from None
    if claim["until"] <= clock.now().timestamp():
        raise Invalid("Signing in took too long. Please try again")
    if not same(answer.get("state", ""), claim["state"]):
        raise Invalid(UNCONFIRMED)
    asked = oidc.Asked(claim["state"], claim["nonce"], claim["verifier"])
    return Trip(uuid.UUID(claim["workspace"]), asked, claim["next"])


def redeem(provider: Provider, trip: Trip, answer: dict[str, str]) -> Word:
    """What the provider says of whoever came back. Raises `Invalid`, in plain words."""
    if "error" in answer or not answer.get("code"):
        raise Invalid("Signing in was not finished there. Please try again")
    client = provider.client
    if answer.get("iss", client.issuer) != client.issuer:  # RFC 9207: another provider's answer
        raise Invalid(UNCONFIRMED)
    claims = _asking(lambda: oidc.redeem(client, trip.asked, answer["code"]))
    subject = str(claims["sub"])
    if not subject or len(subject) > SUBJECT_CHARS or has_unstorable(subject):
        raise Invalid(UNCONFIRMED)
    return Word(client.issuer, subject, _email(claims, provider.section), _name(claims))


def check(section: OidcSection) -> None:
    """Reads the provider's documents, before it is saved. Raises `Invalid` naming the issuer."""
    database.assert_no_transaction()
    try:
        oidc.check(client_of(section))
    except oidc.Refused as error:
        raise Invalid.field("issuer", f"This is no OpenID provider: {error}") from None
    except safe_http.Unreachable as error:
        raise Invalid.field("issuer", f"It cannot be reached ({error})") from None


def _asking(ask: Callable[[], Found]) -> Found:
    database.assert_no_transaction()
    try:
        return ask()
    except oidc.Refused as error:
        log.warning("OIDC sign-in refused: %s", error)
        raise Invalid(UNCONFIRMED) from None
    except safe_http.Unreachable as error:
        log.warning("OIDC provider unreachable: %s", error)
        raise Invalid(UNREACHABLE) from None


def _email(claims: dict[str, Any], section: OidcSection) -> str | None:
    """The address if the provider vouches for it; whether silence will do is a setting, "no" never does."""
    given = claims.get("email")
    if not isinstance(given, str) or has_unstorable(given):
        return None
    email = fold_email(given)
    # Outside of ASCII, folding makes one of what is two (a Kelvin sign and a k): not what was verified.
    if not (given.isascii() or given == email) or not is_valid_email(email):
        return None
    return email if claims.get("email_verified", section.trust_addresses) is True else None


def _name(claims: dict[str, Any]) -> str:
    return _plain(claims.get("name"))[: users.NAME_CHARS]


def _plain(value: Any) -> str:
    return visible(value) if isinstance(value, str) and not has_unstorable(value) else ""


# --- whose account that is ------------------------------------------------------------------------


def find_account(word: Word, *, session: Any = None, actor: Actor | None = None) -> sessions.Credentials:
    """The account here of whom the provider vouches for: tied to them, or made, when they come first.

    Raises `Invalid` if there is none, in the same words whyever.
    """
    session = session or db.session()
    section = read_section(OidcSection, session=session)
    found = _known(word, session) or _of_address(word, section, session, actor)
    if not found.is_active or not _is_invited(found.email, section):
        raise Invalid(NOT_HERE)
    return sessions.Credentials(found.id, found.workspace_id, found.password_hash)


def whose(word: Word, *, session: Any = None) -> uuid.UUID | None:
    """Whose account here the provider's word is about, whether it opens it or not."""
    session = session or db.session()
    found = _known(word, session) or (users.find_by_email(word.email) if word.email else None)
    return found.id if found is not None and found.workspace_id == require_workspace_id() else None


def _known(word: Word, session: Any) -> User | None:
    query = sa.select(UserIdentity.user_id).where(
        UserIdentity.issuer == word.issuer, UserIdentity.subject == word.subject
    )
    user_id = session.scalar(query)
    return users.user_for(user_id, session=session) if user_id else None


def _of_address(word: Word, section: OidcSection, session: Any, actor: Actor | None) -> User:
    if word.email is None:
        raise Invalid(UNVERIFIED)
    if not _is_invited(word.email, section):
        raise Invalid(NOT_HERE)
    found = users.find_by_email(word.email) or _join(word, section, session)
    if found.workspace_id != require_workspace_id() or not found.is_active:
        raise Invalid(NOT_HERE)
    _link(found, word, session, actor)
    return found


def _is_invited(email: str, section: OidcSection) -> bool:
    return not section.domains or email.rpartition("@")[2] in section.domains


def _join(word: Word, section: OidcSection, session: Any) -> User:
    if section.joins_as not in roles.names(session=session):  # nobody may, or the role has gone since
        raise Invalid(NOT_HERE)
    email = word.email or ""
    name = word.name or email.partition("@")[0][: users.NAME_CHARS]
    return users.create_user(email, name, section.joins_as, mail_link=False, session=session, actor=SYSTEM)


def _link(user: User, word: Word, session: Any, actor: Actor | None) -> None:
    """Ties the provider's account to the person, who may have one of each: an address may change hands."""
    users.user_for(user.id, session=session, lock=True)
    query = sa.select(UserIdentity.id).where(
        UserIdentity.user_id == user.id, UserIdentity.issuer == word.issuer
    )
    if session.scalar(query) is not None:
        raise Invalid(NOT_HERE)
    session.add(UserIdentity(user_id=user.id, issuer=word.issuer, subject=word.subject))
    user.has_identity = True
    session.flush()
    changes = {"issuer": [None, word.issuer]}
    actor = actor or users.actor_of(user)
    record("user.identity_linked", session=session, actor=actor, subject_id=user.id, changes=changes)


def unlink(user_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Cuts somebody's ties to providers and ends their sessions. Raises `NotFound` if they have none."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    user = users.user_for(user_id, session=session, lock=True)
    users.require_rights_over(user, session=session, actor=actor)
    tied = list(session.scalars(sa.select(UserIdentity).where(UserIdentity.user_id == user.id)))
    if not tied:
        raise NotFound("This person is tied to no provider")
    for identity in tied:
        session.delete(identity)
    user.has_identity = False
    session.flush()
    changes = {"issuer": [", ".join(identity.issuer for identity in tied), None]}
    record("user.identity_unlinked", session=session, actor=actor, subject_id=user.id, changes=changes)
    sessions.revoke_all(user.id, reason="identity_unlinked", session=session, actor=actor)


def identities_of(user_id: uuid.UUID) -> list[str]:
    """The issuers of the providers that know somebody."""
    query = sa.select(UserIdentity.issuer).where(UserIdentity.user_id == user_id)
    return list(db.session.scalars(query.order_by(UserIdentity.issuer)))
