"""Salesforce's REST API: the Contact object, found by its address, and OAuth.

With an app's own key and secret (client credentials) there is no refresh token: another access token is asked
for in the same way.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from webapp.integrations.safe_http import Answer
from webapp.integrations.vendor import (
    Api,
    App,
    Busy,
    Exists,
    Gone,
    QuotaHit,
    Record,
    Refused,
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

LABEL = "Salesforce"
EMAIL_FIELD = "Email"
DATA = "/services/data/v62.0"
CONTACT = f"{DATA}/sobjects/Contact"
DOMAINS = (".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn")
MOST_CHANGED = 500
QUOTA_SECONDS = 3600
"""The limit counts the last 24 hours: some of it is free again within the hour."""
BUSY_CODES = ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT")


def is_theirs(url: str) -> bool:
    """Whether an address is of Salesforce: no other is asked."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "https" and host.endswith(DOMAINS) and parts.port in (None, 443)


def fault(answer: Answer) -> VendorError | None:
    """What an answer says went wrong, if anything."""
    if answer.status < 300:
        return None
    said = parsed(answer)
    first = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else {}
    code, message = quoted(first.get("errorCode")), quoted(first.get("message"))
    if code == "REQUEST_LIMIT_EXCEEDED":
        wait = retry_after(answer) or QUOTA_SECONDS
        return QuotaHit("The daily limit of Salesforce's API is used up", wait)
    if code in BUSY_CODES:
        return Busy(f"Salesforce has trouble of its own ({code})", retry_after(answer))
    if code == "DUPLICATES_DETECTED":
        return _duplicate(first, message)
    return usual_fault(LABEL, answer, f"{code}, {message}" if code else message)


def _duplicate(said: dict[str, Any], message: str) -> VendorError:
    """A duplicate rule of theirs found others: adopted if it is one, else somebody has to look."""
    result = said.get("duplicateResult") or said.get("duplicateResut") or {}  # theirs is misspelt
    records = [
        str(one["record"]["Id"])
        for match in result.get("matchResults") or []
        for one in match.get("matchRecords") or []
    ]
    if len(set(records)) == 1:
        return Exists(f"Salesforce has this contact already, as {records[0]}", records[0])
    return Refused(f"A duplicate rule of Salesforce found several contacts: {message}")


def find(api: Api, email: str, names: list[str]) -> Record | None:
    """The contact with that address, the one changed last if there are several."""
    where = f"Email = '{_escaped(email)}' ORDER BY LastModifiedDate DESC LIMIT 1"
    found = _query(api, f"SELECT Id FROM Contact WHERE {where}")  # noqa: S608 - escaped, and no SQL
    return read(api, found[0]["Id"], names) if found else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _query(api: Api, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
    found = api("GET", f"{DATA}/{'queryAll' if deleted else 'query'}", query={"q": soql})
    return list(found["records"])


def read(api: Api, crm_id: str, names: list[str]) -> Record:
    """The contact, or what it was merged into. Raises `Gone`."""
    try:
        found = api("GET", f"{CONTACT}/{quote(crm_id, safe='')}")
    except Gone:
        master = _master(api, crm_id)
        if master is None:
            raise
        found = api("GET", f"{CONTACT}/{quote(master, safe='')}")
    return Record(str(found["Id"]), {name: found.get(name) for name in names})


def _master(api: Api, crm_id: str) -> str | None:
    """What a contact was merged into: the loser of a merge is deleted, and names the winner."""
    where = f"Id = '{_escaped(crm_id)}' AND IsDeleted = true"
    found = _query(api, f"SELECT MasterRecordId FROM Contact WHERE {where}", deleted=True)  # noqa: S608
    return found[0].get("MasterRecordId") if found else None


def create(api: Api, fields: dict[str, Any]) -> str:
    """Makes a contact and returns its id. Raises `Exists`, `Refused`."""
    return str(api("POST", CONTACT, body=fields)["id"])


def update(api: Api, crm_id: str, fields: dict[str, Any]) -> str:
    """Sets fields of a contact and returns its id. Raises `Gone`, for one that was merged, too."""
    api("PATCH", f"{CONTACT}/{quote(crm_id, safe='')}", body=fields)
    return crm_id


def changed(api: Api, since: datetime) -> list[tuple[str, datetime]]:
    """(id, when) of the next contacts changed since then, oldest first."""
    stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    where = f"SystemModstamp >= {stamp} ORDER BY SystemModstamp LIMIT {MOST_CHANGED}"
    found = _query(api, f"SELECT Id, SystemModstamp FROM Contact WHERE {where}")  # noqa: S608
    return [(str(one["Id"]), _at(one["SystemModstamp"])) for one in found]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def field_names(api: Api) -> list[str]:
    """The names of a contact's fields."""
    return sorted(str(one["name"]) for one in api("GET", f"{CONTACT}/describe")["fields"])


def account(api: Api) -> str:
    """The number of the organization."""
    found = _query(api, "SELECT Id FROM Organization")
    return str(found[0]["Id"]) if found else ""


def named(name: str | None, email: str) -> dict[str, str]:
    """First and last name. A last name is required: without any, what stands before the @."""
    first, _, last = (name or email.partition("@")[0]).rpartition(" ")
    return {"FirstName": first, "LastName": last}


def link(base_url: str, account: str, crm_id: str) -> str:  # noqa: ARG001 - as the others
    """Where a person sees the contact."""
    return f"{base_url}/lightning/r/Contact/{quote(crm_id)}/view"


# --- OAuth ----------------------------------------------------------------------------------------


def authorization_url(app: App, state: str, challenge: str) -> str:
    """Where to send the browser to be let in."""
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": "api refresh_token",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{app.url}/services/oauth2/authorize?{urlencode(asked)}"


def redeem(send: Send, app: App, code: str, verifier: str) -> Tokens:
    """Tokens for the code that came back. Raises `NotAllowed`."""
    more = {"code": code, "redirect_uri": app.redirect_uri, "code_verifier": verifier}
    return _tokens(send, app, grant_type="authorization_code", **more)


def refresh(send: Send, app: App, token: str) -> Tokens:
    """Another access token; without a refresh token by the app's own right. Raises `NotAllowed`."""
    if token:
        return _tokens(send, app, grant_type="refresh_token", refresh_token=token)
    return _tokens(send, app, grant_type="client_credentials")


def _tokens(send: Send, app: App, **form: str) -> Tokens:
    form = {**form, "client_id": app.client_id, "client_secret": app.secret}
    found = token_answer(post_form(send, f"{app.token_url}/services/oauth2/token", form), LABEL)
    return Tokens(
        found["access_token"],
        str(found.get("refresh_token") or ""),
        base_url=str(found.get("instance_url") or "").rstrip("/"),
    )
