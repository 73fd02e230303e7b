"""The second factor: one-time codes by an app (RFC 6238), and recovery codes for when it is lost."""

import json
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp
import sqlalchemy as sa

from webapp import clock
from webapp.auth import Actor, current_actor, hash_token, require, same
from webapp.errors import Conflict, Invalid
from webapp.extensions import db
from webapp.models import RecoveryCode, User
from webapp.services import session as sessions
from webapp.services import user as users
from webapp.services.event import record
from webapp.services.safety import rules
from webapp.signing import seal, unseal

STEP_SECONDS = 30
DRIFT_STEPS = 1
CODE_DIGITS = 6
RECOVERY_CODES = 10
SET_UP_MINUTES = 30
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of recovery codes: none that is mistaken for another. 16 of them are 79 bits."""


@dataclass(frozen=True)
class Begun:
    """A second factor in the making: what to scan or type, and the sealed box the page sends back."""

    secret: str
    uri: str
    box: str


def begin(*, actor: Actor | None = None) -> Begun:
    """A new secret for whoever acts. Nothing is kept here until a code has shown that they have it."""
    actor = actor or current_actor()
    until = clock.now() + timedelta(minutes=SET_UP_MINUTES)
    claim = {"user": str(actor.id), "secret": pyotp.random_base32(), "until": until.timestamp()}
    return _begun(actor, claim["secret"], seal(json.dumps(claim)))  # type: ignore[arg-type]


def resume(box: str, *, actor: Actor | None = None) -> Begun:
    """The same again, from a page's box. Raises `Conflict` if it is not theirs or too old."""
    actor = actor or current_actor()
    return _begun(actor, _secret_in(box, actor), box)


def _begun(actor: Actor, secret: str, box: str) -> Begun:
    uri = pyotp.TOTP(secret).provisioning_uri(name=actor.email or actor.name, issuer_name="Parley")
    return Begun(secret, uri, box)


def _secret_in(box: str, actor: Actor) -> str:
    try:
        claim = json.loads(unseal(box))
        fits = claim["user"] == str(actor.id) and claim["until"] > clock.now().timestamp()
    except (ValueError, KeyError, TypeError):
        fits = False
    if not fits:
        raise Conflict("This page is too old; please scan the new code", code="too_old")
    return str(claim["secret"])


def enable(box: str, code: str, *, session: Any = None, actor: Actor | None = None) -> list[str]:
    """Turns the second factor on and returns the recovery codes, the only time that anybody sees them.

    Other devices are signed out. Raises `Invalid` for a wrong code, `Conflict` if there is one already.
    """
    session, actor = session or db.session(), actor or current_actor()
    user = users.user_for(actor.id, session=session, lock=True)  # type: ignore[arg-type]
    if user.has_second_factor:
        raise Conflict("You have a second factor already")
    secret = _secret_in(box, actor)
    step = _step_of(secret, code, after=None)
    if step is None:
        raise _wrong()
    user.second_factor_box, user.second_factor_step = seal(secret), step
    user.second_factor_at = clock.now()
    session.flush()
    record("user.second_factor_enabled", session=session, actor=actor, subject_id=user.id)
    sessions.revoke_all(
        user.id, keep=actor.session_id, reason="second_factor_enabled", session=session, actor=actor
    )
    sessions.lift(user.id, session=session)
    return _new_codes(user, session)


def accept(user_id: uuid.UUID, code: str, *, session: Any = None, actor: Actor | None = None) -> str:
    """Takes a code, once, and returns what it was: `code` or `recovery_code`.

    Raises `Invalid` for a wrong, used or missing one, in the same words.
    """
    session = session or db.session()
    user = users.user_for(user_id, session=session, lock=True)
    typed = "".join(code.split()).replace("-", "").lower()
    if user.has_second_factor and len(typed) == CODE_DIGITS:
        step = _step_of(_secret_of(user), typed, after=user.second_factor_step)
        if step is not None:
            user.second_factor_step = step
            session.flush()
            return rules.CODE
    elif user.has_second_factor and _take_recovery_code(user, typed, session, actor):
        return rules.RECOVERY_CODE
    raise _wrong()


def _secret_of(user: User) -> str:
    try:
        return unseal(user.second_factor_box or "")
    except ValueError:  # another SECRET_KEY: no code can ever fit again
        raise Conflict("Codes cannot be checked any more; ask an admin to reset your second factor") from None


def _step_of(secret: str, code: str, *, after: int | None) -> int | None:
    """The step whose code this is, within the drift and later than the last one taken."""
    now = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    steps = range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
    typed = "".join(code.split())
    fitting = [step for step in steps if same(totp.generate_otp(step), typed)]
    return next((step for step in fitting if after is None or step > after), None)


def _take_recovery_code(user: User, typed: str, session: Any, actor: Actor | None) -> bool:
    open_codes = list(session.scalars(_open_codes(user.id)))
    found = next((row for row in open_codes if same(row.code_hash, hash_token(typed))), None)
    if found is None:
        return False
    found.used_at = clock.now()
    left = len(open_codes)
    actor = actor or users.actor_of(user)
    changes = {"codes_left": [left, left - 1]}
    record("user.recovery_code_used", session=session, actor=actor, subject_id=user.id, changes=changes)
    return True


def codes_left(user_id: uuid.UUID) -> int:
    """How many recovery codes somebody has."""
    return len(list(db.session.scalars(_open_codes(user_id))))


def _open_codes(user_id: uuid.UUID) -> Any:
    return sa.select(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))


def renew_codes(code: str, *, session: Any = None, actor: Actor | None = None) -> list[str]:
    """New recovery codes for whoever acts and gives a code; the old ones stop working."""
    session, actor = session or db.session(), actor or current_actor()
    accept(actor.id, code, session=session, actor=actor)  # type: ignore[arg-type]
    user = users.user_for(actor.id, session=session)  # type: ignore[arg-type]
    record("user.recovery_codes_renewed", session=session, actor=actor, subject_id=user.id)
    return _new_codes(user, session)


def _new_codes(user: User, session: Any) -> list[str]:
    _forget_codes(user.id, session)
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=hash_token(code)) for code in codes)
    session.flush()
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def _forget_codes(user_id: uuid.UUID, session: Any) -> None:
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def disable(code: str, *, session: Any = None, actor: Actor | None = None) -> None:
    """Turns one's own second factor off; the page has checked the password.

    Raises `Invalid` for a wrong code, `Conflict` where the role needs one.
    """
    session, actor = session or db.session(), actor or current_actor()
    user = users.user_for(actor.id, session=session, lock=True)  # type: ignore[arg-type]
    if rules.is_required(user.role, session=session):
        raise Conflict("Your role must have a second factor")
    accept(user.id, code, session=session, actor=actor)
    _forget(user, session)
    record("user.second_factor_disabled", session=session, actor=actor, subject_id=user.id)


def reset(user_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Takes a lost second factor away from somebody else and ends their sessions.

    Raises `Conflict` if they have none, or for one's own: that takes a password and a code.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "user:manage")
    user = users.user_for(user_id, session=session, lock=True)
    if user.id == actor.id:
        raise Conflict("Your own second factor is turned off on your profile")
    users.require_rights_over(user, session=session, actor=actor)
    if not user.has_second_factor:
        raise Conflict("This person has no second factor")
    _forget(user, session)
    record("user.second_factor_reset", session=session, actor=actor, subject_id=user.id)
    sessions.revoke_all(user.id, reason="second_factor_reset", session=session, actor=actor)


def _forget(user: User, session: Any) -> None:
    user.second_factor_box = user.second_factor_step = user.second_factor_at = None
    _forget_codes(user.id, session)
    session.flush()


def _wrong() -> Invalid:
    return Invalid.field("code", "This code does not fit, or it was used before")
