"""HubSpot's CRM API v3: contacts, found by their address, and OAuth with tokens of half an hour."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from webapp.integrations.safe_http import Answer
from webapp.integrations.vendor import (
    Api,
    App,
    Exists,
    Gone,
    QuotaHit,
    Record,
    Send,
    Tokens,
    VendorError,
    parsed,
    post_form,
    quoted,
    retry_after,
    token_answer,
    usual_fault,
)

LABEL = "HubSpot"
EMAIL_FIELD = "email"
CONTACTS = "/crm/v3/objects/contacts"
SCOPES = "oauth crm.objects.contacts.read crm.objects.contacts.write crm.schemas.contacts.read"
PAGE = 100
DAILY_SECONDS = 3600
"""The daily limit ends at midnight of the account's time zone, which nobody tells us: asked again hourly."""
_EXISTING = re.compile(r"Existing ID: ?(\d+)")


def fault(answer: Answer) -> VendorError | None:
    """What an answer says went wrong, if anything."""
    if answer.status < 300:
        return None
    said = parsed(answer)
    said = said if isinstance(said, dict) else {}
    message = quoted(said.get("message"))
    known = _EXISTING.search(message) if answer.status == 409 else None
    if known:
        return Exists(f"HubSpot has this contact already, as {known[1]}", known[1])
    if answer.status == 429 and "DAILY" in str(said.get("policyName")):
        return QuotaHit("The daily limit of HubSpot's API is used up", retry_after(answer) or DAILY_SECONDS)
    return usual_fault(LABEL, answer, message)


def find(api: Api, email: str, names: list[str]) -> Record | None:
    """The contact with that address."""
    query = {"idProperty": "email", "properties": ",".join(names)}
    try:
        return _record(api("GET", f"{CONTACTS}/{quote(email, safe='')}", query=query))
    except Gone:
        return None


def read(api: Api, crm_id: str, names: list[str]) -> Record:
    """The contact; asked for one that was merged, HubSpot gives what it was merged into. Raises `Gone`."""
    path = f"{CONTACTS}/{quote(crm_id, safe='')}"
    return _record(api("GET", path, query={"properties": ",".join(names)}))


def _record(body: Any) -> Record:
    return Record(str(body["id"]), dict(body.get("properties") or {}))


def create(api: Api, fields: dict[str, Any]) -> str:
    """Makes a contact and returns its id. Raises `Exists`, `Refused`."""
    return str(api("POST", CONTACTS, body={"properties": _properties(fields)})["id"])


def update(api: Api, crm_id: str, fields: dict[str, Any]) -> str:
    """Sets fields of a contact and returns its id, another one if it was merged. Raises `Gone`."""
    path = f"{CONTACTS}/{quote(crm_id, safe='')}"
    return str(api("PATCH", path, body={"properties": _properties(fields)})["id"])


def _properties(fields: dict[str, Any]) -> dict[str, str]:
    """As HubSpot takes values: all of them texts, an empty one clears."""
    words = {None: "", True: "true", False: "false"}
    return {
        name: words[value] if value is None or isinstance(value, bool) else str(value)
        for name, value in fields.items()
    }


def changed(api: Api, since: datetime) -> list[tuple[str, datetime]]:
    """(id, when) of the next hundred contacts changed since then, oldest first."""
    stamp = int(since.timestamp() * 1000)
    wanted = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(stamp)}
    body = {
        "filterGroups": [{"filters": [wanted]}],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        "properties": ["lastmodifieddate"],
        "limit": PAGE,
    }
    found = api("POST", f"{CONTACTS}/search", body=body)["results"]
    return [(str(one["id"]), _at(one["properties"]["lastmodifieddate"])) for one in found]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def field_names(api: Api) -> list[str]:
    """The names of a contact's properties."""
    found = api("GET", "/crm/v3/properties/contacts")["results"]
    return sorted(str(one["name"]) for one in found)


def account(api: Api) -> str:
    """The number of the portal."""
    return str(api("GET", "/account-info/v3/details")["portalId"])


def named(name: str | None, email: str) -> dict[str, str]:  # noqa: ARG001 - as the others
    """First and last name; nothing where none is known."""
    first, _, last = (name or "").rpartition(" ")
    return {"firstname": first or last, "lastname": last if first else ""} if name else {}


def link(base_url: str, account: str, crm_id: str) -> str:
    """Where a person sees the contact."""
    return f"{base_url}/contacts/{quote(account)}/record/0-1/{quote(crm_id)}"


# --- OAuth ----------------------------------------------------------------------------------------


def authorization_url(app: App, state: str, challenge: str) -> str:  # noqa: ARG001 - as the others
    """Where to send the browser to be let in."""
    asked = {"client_id": app.client_id, "redirect_uri": app.redirect_uri, "scope": SCOPES, "state": state}
    return f"{app.url}/oauth/authorize?{urlencode(asked)}"


def redeem(send: Send, app: App, code: str, verifier: str) -> Tokens:  # noqa: ARG001 - as the others
    """Tokens for the code that came back. Raises `NotAllowed`."""
    return _tokens(send, app, grant_type="authorization_code", code=code, redirect_uri=app.redirect_uri)


def refresh(send: Send, app: App, token: str) -> Tokens:
    """Another access token. Raises `NotAllowed`."""
    return _tokens(send, app, grant_type="refresh_token", refresh_token=token)


def _tokens(send: Send, app: App, **form: str) -> Tokens:
    form = {**form, "client_id": app.client_id, "client_secret": app.secret}
    found = token_answer(post_form(send, f"{app.token_url}/oauth/v1/token", form), LABEL)
    return Tokens(found["access_token"], str(found.get("refresh_token") or ""), found.get("expires_in"))


def signed_uri(url: str) -> str:
    """An address as HubSpot signs it: with the percent signs of these characters undone."""
    parts = urlsplit(url)
    text = f"{parts.scheme}://{parts.netloc}{parts.path}{'?' + parts.query if parts.query else ''}"
    for code, char in _UNDONE.items():
        text = text.replace(code, char).replace(code.lower(), char)
    return text


_UNDONE = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
