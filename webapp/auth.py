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

# Each permission, and what it lets people do in the words of the page of roles.
_READ = {
    "ticket:read": "Read tickets",
    "customer:read": "Read customers and organizations",
    "report:read": "See reports",
    "event:read": "Follow what happens",
    "directory:read": "See who and what there is",
    "profile:update": "Change one's own profile",
    "notification:read": "Get notifications",
}
_WORK = {
    "ticket:create": "Make tickets",
    "ticket:reply": "Reply to customers, and be given tickets",
    "ticket:note": "Write notes",
    "ticket:assign": "Take, assign and transfer tickets",
    "ticket:update": "Change priority, status, tags and fields",
    "ticket:merge": "Merge and split tickets",
    "ticket:snooze": "Snooze tickets",
    "ticket:spam": "Mark tickets as spam",
    "customer:update": "Change and merge customers and organizations",
    "customer:block": "Block customers",
    "draft:write": "Keep drafts",
    "presence:share": "Set their availability, show what they look at",
}
_SENIOR = {
    "ticket:take_critical": "Be given critical tickets by seniority",
    "macro:edit": "Change shared macros",
    "tag:edit": "Change tags",
    "article:edit": "Change articles",
    "escalation:accept": "Accept escalations",
    "ticket:export": "Export tickets",
}
_ADMIN = {
    "ticket:delete": "Put tickets in the trash",
    "ticket:restore": "Restore tickets from the trash",
    "customer:erase": "Erase people and their data",
    "settings:manage": "Change the settings of the workspace",
    "inbox:manage": "Make and change inboxes",
    "user:manage": "Manage people, teams and roles",
    "key:manage": "Manage keys",
    "import:manage": "Import tickets and customers",
    "webhook:manage": "Manage webhooks",
    "job:manage": "See and stop background work",
    "audit:read": "Read the audit log",
}
WORDS: dict[str, str] = {**_READ, **_WORK, **_SENIOR, **_ADMIN}
"""What each permission of staff means."""
ALWAYS = frozenset(_READ) - {"report:read"}
"""What everybody who works here may do: without it the desk could not be opened."""

PERMISSIONS: dict[str, frozenset[str]] = {
    VIEWER: frozenset(_READ),
    AGENT: frozenset(_READ | _WORK),
    SENIOR_AGENT: frozenset(_READ | _WORK | _SENIOR),
    ADMIN: frozenset(_READ | _WORK | _SENIOR | _ADMIN),
    "customer": frozenset({"chat:write", "chat:read"}),
    "wallboard": frozenset({"wallboard:watch"}),
    "wallboard_titles": frozenset({"wallboard:watch", "wallboard:titles"}),
    "system": frozenset(_READ | _WORK | _SENIOR | _ADMIN),
}

# Names the source document uses for what is `noun:verb` here.
_SYNONYMS = {"delete_ticket": "ticket:delete", "reassign_ticket": "ticket:assign"}


def check_permission(role: str, action: str) -> bool:
    """Whether a role of the table may do an action (`noun:verb`, or `delete_ticket`, `reassign_ticket`).

    What the workspace's own roles allow is a matter of rows: `services.permission`.
    """
    return _SYNONYMS.get(action, action) in PERMISSIONS.get(role, frozenset())


@dataclass(frozen=True)
class Actor:
    """Who acts, and through which door: page, api, socket, mail, job, cli or system.

    `permissions`: what a role of the workspace's own or a key allows; None: the role is one of the table.
    `key_id`: the key of the program that came in.
    """

    kind: str
    id: uuid.UUID | None
    workspace_id: uuid.UUID | None
    name: str
    role: str
    door: str = "system"
    email: str | None = None
    session_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    inbox_id: uuid.UUID | None = None
    address: str | None = None
    verified: bool = False
    browser: str = ""
    permissions: frozenset[str] | None = None

    @property
    def rights(self) -> frozenset[str]:
        """Everything that the actor's role allows."""
        return PERMISSIONS.get(self.role, frozenset()) if self.permissions is None else self.permissions

    def may(self, action: str) -> bool:
        """Whether the actor's role allows the action."""
        return action in self.rights

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


def require_person(actor: Actor) -> uuid.UUID:
    """The acting person's id. Raises `Forbidden` for programs: what they did would be nobody's."""
    if actor.kind != "user" or actor.id is None:
        raise Forbidden("Only people can do this, and keys of their own", code="person_needed")
    return actor.id


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
