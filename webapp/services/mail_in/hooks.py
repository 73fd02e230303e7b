"""What SendGrid and Amazon SES post when a mail has come: its bytes, and what they found of its sender."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from webapp.errors import AppError, Forbidden, Unavailable
from webapp.integrations import sns
from webapp.services.mail_in import bucket
from webapp.services.mail_in.arrival import Arrival
from webapp.validators import fold_email

MAX_RECIPIENTS = 50
_DKIM = re.compile(r"@([a-z0-9.-]{1,253})\s*:\s*pass")


# --- SendGrid -------------------------------------------------------------------------------------


def sendgrid_mail(form: Mapping[str, str], *, is_signed: bool) -> tuple[bytes, Arrival]:
    """The mail of an Inbound Parse request. Raises `Unavailable`, so that it is sent again once it is set up.

    `is_signed`: it was SendGrid who sent the request; only then what it found of the sender counts.
    """
    raw = form.get("email", "")
    if not raw:
        raise Unavailable("Tick “POST the raw, full MIME message” at SendGrid's Inbound Parse")
    envelope = _dict(form.get("envelope", ""))
    recipients = envelope.get("to")
    found = [fold_email(one) for one in recipients if isinstance(one, str)] if _is_list(recipients) else []
    sender = fold_email(str(envelope.get("from") or ""))
    verdict = _sendgrids(form, sender) if is_signed else None
    arrival = Arrival("sendgrid", verdict=verdict, recipients=tuple(found[:MAX_RECIPIENTS]))
    # Bytes that were not UTF-8 come as lone surrogates from the form's reader.
    return raw.encode("utf-8", "surrogateescape"), arrival


def _sendgrids(form: Mapping[str, str], sender: str) -> bool | None:
    """Proved if the mail's author has the domain that DKIM or SPF holds for; it never says: refuted."""
    author = re.search(r"[^\s<>\"]+@([^\s<>\"]+?)>?\s*$", form.get("from", "")[:1000])
    domain = author[1].lower() if author else ""
    signed = set(_DKIM.findall(form.get("dkim", "")[:2000].lower()))
    is_sent = form.get("SPF", "").strip().lower() == "pass" and sender.rpartition("@")[2] == domain
    return True if domain and (domain in signed or is_sent) else None


# --- Amazon SES -----------------------------------------------------------------------------------


def read_sns(body: bytes, topic: str) -> sns.Message:
    """What SNS posted, proved, of our topic alone; talks to the outside. Raises `Forbidden`, `Unavailable`.

    `topic`: as the inbox's set-up names it; anybody with an account at Amazon can sign for another one.
    """
    try:
        message = sns.read(body)
        if not topic or message.topic != topic:
            raise Forbidden("This is not the topic that the inbox is set up for")
        if message.kind == "SubscriptionConfirmation":
            sns.confirm(message)
    except sns.Forged as error:
        raise Forbidden(f"This is not proved to be from Amazon SNS: {error}") from None
    except sns.Unreachable:
        raise Unavailable("Amazon SNS could not be asked; try again") from None
    return message


def ses_told(message: sns.Message) -> dict[str, Any]:
    """What SES says by a message of SNS; {} if it is not from SES, such as a confirmation."""
    return _dict(message.text) if message.kind == "Notification" else {}


def ses_mail(told: dict[str, Any]) -> tuple[bytes, Arrival] | None:
    """The mail of a notification, None if it is about something else; one that lies in S3 is fetched.

    Raises `Unavailable` where that cannot be now, so that it is told again; `NotFound` where it never will.
    """
    if told.get("notificationType") != "Received":
        return None
    receipt = _part(told, "receipt")
    action = _part(receipt, "action")
    content = told.get("content")
    if isinstance(content, str) and content:
        raw = _content(content, str(action.get("encoding") or "").upper())
    else:
        raw = bucket.fetch_mail(action)
    recipients = receipt.get("recipients")
    found = [fold_email(one) for one in recipients if isinstance(one, str)] if _is_list(recipients) else []
    arrival = Arrival(
        "ses",
        verdict={"PASS": True, "FAIL": False}.get(_status(receipt, "dmarcVerdict")),
        is_spam="FAIL" in (_status(receipt, "spamVerdict"), _status(receipt, "virusVerdict")),
        recipients=tuple(found[:MAX_RECIPIENTS]),
    )
    return raw, arrival


def _content(content: str, encoding: str) -> bytes:
    if encoding != "BASE64":
        return content.encode("utf-8", "surrogateescape")
    try:
        return base64.b64decode(content)
    except (ValueError, binascii.Error):
        raise AppError("The mail in it is not base64") from None


def _status(receipt: dict[str, Any], name: str) -> str:
    return str(_part(receipt, name).get("status") or "").upper()


# --- both -----------------------------------------------------------------------------------------


def _dict(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _part(of: dict[str, Any], name: str) -> dict[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _is_list(value: object) -> bool:
    return isinstance(value, list)
