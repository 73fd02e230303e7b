"""Who may what, as one table; passwords and tokens. Functions only, no rows."""

import hashlib
import hmac
import secrets
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from webapp import green
from webapp.errors import Forbidden

VIEWER, AGENT, SENIOR_AGENT, ADMIN = ROLES = ("viewer", "agent", "senior_agent", "admin")

_READ = {
    "ticket:read",
    "customer:read",
    "report:read",
    "event:read",
    "directory:read",
    "profile:update",
    "notification:read",
}
_WORK = {
    "ticket:create",
    "ticket:reply",
    "ticket:note",
    "ticket:assign",
    "ticket:update",
    "ticket:merge",
    "ticket:snooze",
    "ticket:spam",
    "customer:update",
    "customer:block",
    "draft:write",
    "presence:share",
}
_SENIOR = {
    "ticket:take_critical",
    "macro:edit",
    "tag:edit",
    "article:edit",
    "escalation:accept",
    "ticket:export",
}
_ADMIN = {
    "ticket:delete",
    "ticket:restore",
    "customer:erase",
    "settings:manage",
    "inbox:manage",
    "user:manage",
    "key:manage",
    "job:manage",
    "audit:read",
}

PERMISSIONS: dict[str, frozenset[str]] = {
    VIEWER: frozenset(_READ),
    AGENT: frozenset(_READ | _WORK),
    SENIOR_AGENT: frozenset(_READ | _WORK | _SENIOR),
    ADMIN: frozenset(_READ | _WORK | _SENIOR | _ADMIN),
    "customer": frozenset({"chat:write", "chat:read"}),
    "system": frozenset(_READ | _WORK | _SENIOR | _ADMIN),
}

# Names the source document uses for what is `noun:verb` here.
_SYNONYMS = {"delete_ticket": "ticket:delete", "reassign_ticket": "ticket:assign"}


def check_permission(role: str, action: str) -> bool:
    """Whether a role may do an action (`noun:verb`, or the document's `delete_ticket`, `reassign_ticket`)."""
    return _SYNONYMS.get(action, action) in PERMISSIONS.get(role, frozenset())


@dataclass(frozen=True)
class Actor:
    """Who acts, and through which door: page, api, socket, mail, job, cli or system."""

    kind: str
    id: uuid.UUID | None
    workspace_id: uuid.UUID | None
    name: str
    role: str
    door: str = "system"
    email: str | None = None
    session_id: uuid.UUID | None = None
    inbox_id: uuid.UUID | None = None
    address: str | None = None
    verified: bool = False

    def may(self, action: str) -> bool:
        """Whether the actor's role allows the action."""
        return check_permission(self.role, action)

    def through(self, door: str) -> "Actor":
        """The same actor, come through another door."""
        return replace(self, door=door)


SYSTEM = Actor(kind="system", id=None, workspace_id=None, name="Parley", role="system")

_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


def current_actor() -> Actor:
    """The acting identity of this request, command or job; else the system."""
    return _actor.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Makes `actor` the default actor of the services called inside."""
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


def require(actor: Actor, action: str) -> None:
    """Raises `Forbidden` unless the actor may do the action."""
    if not actor.may(action):
        raise Forbidden("Your role does not allow this", code="forbidden")


# --- passwords ------------------------------------------------------------------------------------

# OWASP's minimum for argon2id (19 MiB, two passes); about 0.1 s, in a real thread.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_slots = threading.BoundedSemaphore(2)
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200


def hash_password(password: str) -> str:
    """An argon2id hash, made off the loop, at most two at a time."""
    with _slots:
        return str(green.run_in_thread(_hasher.hash, password))


# Of a password that nobody knows: checking against it takes as long as against a real one.
_DUMMY_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$exNb9JiNCnLNGU01rhebEQ$ANI1L0N3eq3pgJIVwz4eihg8hHg8Be3ebtzLq1arxyg"
)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password fits. Without a hash it takes as long and is false."""
    with _slots:
        fits = bool(green.run_in_thread(_verify, password_hash or _DUMMY_HASH, password))
    return fits and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


# --- tokens ---------------------------------------------------------------------------------------


def session_cookie_name(secure: bool) -> str:
    """The cookie that holds a staff session's token; `__Host-` ties it to this host over https."""
    return "__Host-parley_session" if secure else "parley_session"


def new_token() -> tuple[str, str]:
    """A random 256-bit token and the hash to store."""
    token = secrets.token_urlsafe(32)
    return token, hash_token(token)


def hash_token(token: str) -> str:
    """SHA-256 of a token, hex: random tokens need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Constant-time comparison of two texts."""
    return hmac.compare_digest(left.encode(), right.encode())
