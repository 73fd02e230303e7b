"""What their webhooks say, once it is known to be theirs: which contacts to read anew, and nothing else.

Nothing of a body is believed but the ids: whatever is said of them is asked of the CRM itself.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from webapp import clock
from webapp.auth import same
from webapp.errors import Invalid, Unauthenticated
from webapp.integrations.hubspot import signed_uri
from webapp.services.connection import Account

OLDEST_SECONDS = 300
MOST_EVENTS = 1000
ORGANIZATION_CHARS = 15
"""Of an id of Salesforce: the other three are a checksum that not everybody writes."""
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
CONTACT_PREFIX = "003"
ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    "</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)


@dataclass(frozen=True)
class Change:
    """A contact to be read anew; `became`: what it was merged into."""

    crm_id: str
    became: str | None = None


def check_hubspot(account: Account, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Raises `Unauthenticated` unless HubSpot signed this, with version 3, in the last five minutes."""
    secret = account.secrets.get("client_secret", "")
    stamp, given = headers.get("X-HubSpot-Request-Timestamp", ""), headers.get("X-HubSpot-Signature-v3", "")
    if not secret or not given or not stamp.isdecimal() or len(stamp) > 15:
        raise Unauthenticated("This is not signed")
    if abs(clock.now().timestamp() - int(stamp) / 1000) > OLDEST_SECONDS:
        raise Unauthenticated("This was signed too long ago")
    text = f"{method}{signed_uri(url)}".encode() + body + stamp.encode()
    right = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    if not same(given, right):
        raise Unauthenticated("The signature does not fit")


def read_hubspot(body: bytes) -> list[Change]:
    """The contacts that a body of HubSpot's names. Raises `Invalid`."""
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The body is no JSON") from None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Invalid("The body is no list of events")
    return [change for event in events[:MOST_EVENTS] for change in _changes(event)]


def _changes(event: dict[str, Any]) -> list[Change]:
    kind = str(event.get("subscriptionType", ""))
    if not kind.startswith(("contact.", "object.")):
        return []
    if kind.endswith(".merge"):
        into = event.get("newObjectId") or event.get("primaryObjectId") or event.get("objectId")
        merged = event.get("mergedObjectIds")
        parts = [*(merged if isinstance(merged, list) else []), event.get("primaryObjectId")]
        return [Change(part, _id(into)) for part in map(_id, parts) if part and part != _id(into)]
    found = _id(event.get("objectId"))
    return [Change(found)] if found else []


def _id(value: Any) -> str:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isalnum() and len(text) <= 100 else ""


def read_salesforce(account: Account, body: bytes) -> list[Change]:
    """The contacts that an outbound message of that organization names. Raises `Invalid`."""
    root = _xml(body)
    organization = _text(root, f".//{OUTBOUND}OrganizationId")
    if account.name and not same(organization[:ORGANIZATION_CHARS], account.name[:ORGANIZATION_CHARS]):
        raise Unauthenticated("This is of another organization")
    found = []
    for notification in root.iterfind(f".//{OUTBOUND}Notification"):
        for element in notification.iter():
            crm_id = _id((element.text or "").strip()) if element.tag.endswith("}Id") else ""
            if crm_id.startswith(CONTACT_PREFIX):
                found.append(Change(crm_id))
    return found[:MOST_EVENTS]


def _text(root: Any, path: str) -> str:
    return (root.findtext(path) or "").strip()


def _xml(body: bytes) -> Any:
    """The tree of a body without a document type: nothing in it is expanded or fetched."""
    watching = expat.ParserCreate()
    watching.StartDoctypeDeclHandler = _refuse
    try:
        watching.Parse(body, True)
        return ET.fromstring(body)  # noqa: S314 - a document type was refused just now
    except (expat.ExpatError, ET.ParseError, ValueError, LookupError):
        raise Invalid("The body is no outbound message") from None


def _refuse(*_arguments: Any) -> None:
    raise ValueError("a document type")
