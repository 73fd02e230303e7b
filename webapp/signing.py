"""Signed addresses and sealed secrets, by keys derived from SECRET_KEY."""

import base64
import hashlib
import uuid
from datetime import timedelta
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from itsdangerous import BadSignature, Signer

from webapp import clock

FILE_MINUTES = 15
CONTINUE_DAYS = 7


def file_url(workspace_id: uuid.UUID, attachment_id: uuid.UUID, name: str, audience: str) -> str:
    """An address of a file that opens it for 15 to 30 minutes, whoever holds it.

    The expiry is rounded up to a quarter of an hour, so that a page gets the same, cachable address again.
    """
    step = FILE_MINUTES * 60
    expires = (int((clock.now() + timedelta(minutes=FILE_MINUTES)).timestamp()) // step + 1) * step
    claim = f"{workspace_id.hex}.{attachment_id.hex}.{audience[0]}.{expires}"
    return f"/files/{_signer('file').sign(claim).decode()}/{quote(name, safe='')}"


def open_file_claim(signed: str) -> tuple[uuid.UUID, uuid.UUID, str] | None:
    """(workspace id, attachment id, audience) of an address that is ours and has not expired, else None."""
    try:
        claim = _signer("file").unsign(signed).decode()
        workspace, attachment, audience, expires = claim.split(".")
        found = uuid.UUID(workspace), uuid.UUID(attachment), {"s": "staff", "c": "customer"}[audience]
    except (BadSignature, ValueError, KeyError, UnicodeError):
        return None
    return found if int(expires) > clock.now().timestamp() else None


EXPORT_HOURS = 24


def export_url(workspace_id: uuid.UUID, job_id: uuid.UUID, name: str) -> str:
    """An address of an export's file, good for a day, for staff of its workspace."""
    expires = int((clock.now() + timedelta(hours=EXPORT_HOURS)).timestamp())
    claim = f"{workspace_id.hex}.{job_id.hex}.{expires}"
    return f"/exports/{_signer('export').sign(claim).decode()}/{quote(name, safe='')}"


def open_export_claim(signed: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """(workspace id, job id) of an export's address that is ours and has not expired, else None."""
    try:
        workspace, job, expires = _signer("export").unsign(signed).decode().split(".")
        found = uuid.UUID(workspace), uuid.UUID(job)
    except (BadSignature, ValueError, UnicodeError):
        return None
    return found if int(expires) > clock.now().timestamp() else None


def continue_token(workspace_id: uuid.UUID, ticket_id: uuid.UUID, customer_id: uuid.UUID) -> str:
    """A token that opens a customer's chat in whatever browser, for a week; see `services.chat.resume`."""
    expires = int((clock.now() + timedelta(days=CONTINUE_DAYS)).timestamp())
    claim = f"{workspace_id.hex}.{ticket_id.hex}.{customer_id.hex}.{expires}"
    return _signer("continue").sign(claim).decode()


def open_continue_token(signed: str) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID] | None:
    """(workspace id, ticket id, customer id) of a token that is ours and has not expired, else None."""
    try:
        *ids, expires = _signer("continue").unsign(signed).decode().split(".")
        workspace, ticket, customer = (uuid.UUID(text) for text in ids)
    except (BadSignature, ValueError, UnicodeError):
        return None
    return (workspace, ticket, customer) if int(expires) > clock.now().timestamp() else None


def report_token(workspace_id: uuid.UUID, plan_id: uuid.UUID, user_id: uuid.UUID) -> str:
    """A token that takes one person off a report's mailing list, for as long as they are on it."""
    return _signer("report").sign(f"{workspace_id.hex}.{plan_id.hex}.{user_id.hex}").decode()


def open_report_token(signed: str) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID] | None:
    """(workspace id, plan id, user id) of a token that is ours, else None."""
    try:
        workspace, plan, user = (
            uuid.UUID(one) for one in _signer("report").unsign(signed).decode().split(".")
        )
    except (BadSignature, ValueError, UnicodeError):
        return None
    return workspace, plan, user


def hook_key(workspace_id: uuid.UUID, connection_id: uuid.UUID) -> str:
    """A key by which a vendor's changes find their connection, for as long as there is one."""
    return _signer("hook").sign(f"{workspace_id.hex}.{connection_id.hex}").decode()


def open_hook_key(signed: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """(workspace id, connection id) of a key that is ours, else None."""
    try:
        workspace, connection = (uuid.UUID(one) for one in _signer("hook").unsign(signed).decode().split("."))
    except (BadSignature, ValueError, UnicodeError):
        return None
    return workspace, connection


def keys() -> tuple[str, ...]:
    """SECRET_KEY, by which everything new is signed and sealed, and those before it, which still open."""
    return current_app.config["SECRET_KEY"], *(current_app.config["SECRET_KEY_FALLBACKS"] or ())


def _signer(purpose: str) -> Signer:
    newest_last = list(reversed(keys()))
    return Signer(newest_last, salt=f"parley.{purpose}", digest_method=hashlib.sha256, sep="~")


def seal(secret: str) -> str:
    """Encrypts a secret that must be kept at rest."""
    return _fernet().encrypt(secret.encode()).decode()


def unseal(box: str) -> str:
    """Opens what `seal` made; raises `ValueError` if that was by a key that is not known any more."""
    try:
        return _fernet().decrypt(box.encode()).decode()
    except InvalidToken:
        raise ValueError("sealed with another SECRET_KEY") from None


def reseal(box: str) -> str:
    """The same secret sealed by today's SECRET_KEY; the same box if it is already. Raises as `unseal`."""
    try:
        _fernets()[0].decrypt(box.encode())
    except InvalidToken:
        return seal(unseal(box))
    return box


def _fernet() -> MultiFernet:
    return MultiFernet(_fernets())


def _fernets() -> list[Fernet]:
    digests = [hashlib.sha256(b"parley.seal:" + key.encode()).digest() for key in keys()]
    return [Fernet(base64.urlsafe_b64encode(digest)) for digest in digests]
