"""HubSpot, Salesforce and Stripe on loopback, as their documentation says that they behave.

`server.fail(status, body, headers)` answers the next request that way; `server.asked` keeps what was asked,
`server.tokens` what opens it. Each holds its records as dicts by id.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode, urlsplit


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


Reply = tuple[int, Any, dict[str, str]]
APP_SECRET = "secret-of-the-app"


class VendorServer:
    """What the three have in common: a port, tokens, faults to order, and a list of what was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.faults: list[Reply] = []
        self.tokens = {"token-of-some-length"}
        self.refresh_tokens: set[str] = set()
        self.codes: dict[str, dict[str, str]] = {}
        self.slow = 0.0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Any:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()

    def fail(
        self, status: int, body: Any = None, headers: dict[str, str] | None = None, times: int = 1
    ) -> None:
        """Answers the next requests so, whatever they are."""
        self.faults += [(status, body, headers or {})] * times

    def paths(self, method: str = "") -> list[str]:
        """What was asked, newest last."""
        return [one.path for one in self.asked if method in ("", one.method)]

    def answer(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
            if self.faults:
                return self.faults.pop(0)
            return self.reply(asked)

    def reply(self, asked: Asked) -> Reply:
        raise NotImplementedError

    def is_known(self, asked: Asked) -> bool:
        return asked.headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens

    # --- OAuth, which HubSpot and Salesforce have in common but for addresses and errors

    def approve(self, location: str) -> str:
        """What an admin's browser does there: the address that it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = secrets.token_urlsafe(12)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def grant(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Tokens for a code, a refresh token or the app's own right; None for what is not known."""
        if form.get("client_secret") != APP_SECRET:
            return None
        kind = form.get("grant_type")
        if kind == "authorization_code":
            began = self.codes.pop(form.get("code", ""), None)
            if began is None or began["redirect_uri"] != form.get("redirect_uri"):
                return None
            if "code_challenge" in began and began["code_challenge"] != _challenge(form["code_verifier"]):
                return None
        elif kind == "refresh_token" and form.get("refresh_token") not in self.refresh_tokens:
            return None
        token = f"access-{secrets.token_urlsafe(8)}"
        self.tokens.add(token)
        found = {"access_token": token, "token_type": "Bearer"}
        if kind == "authorization_code":
            found["refresh_token"] = f"refresh-{secrets.token_urlsafe(8)}"
            self.refresh_tokens.add(found["refresh_token"])
        return found

    def expire(self) -> None:
        """The access tokens given so far are good no more."""
        self.tokens.clear()


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _now() -> datetime:
    return datetime.now(UTC)


# --- HubSpot --------------------------------------------------------------------------------------


class HubSpot(VendorServer):
    """CRM API v3: `contacts` by id, each its properties; `merged`: old ids and what they became."""

    def __init__(self) -> None:
        super().__init__()
        self.contacts: dict[str, dict[str, Any]] = {}
        self.merged: dict[str, str] = {}
        self.properties = ["email", "firstname", "lastname", "company", "support_tier", "support_plan"]
        self.count = 100

    def add(self, **properties: Any) -> str:
        """A contact that somebody there made."""
        self.count += 1
        self.contacts[str(self.count)] = {**properties, "lastmodifieddate": _now().isoformat()}
        return str(self.count)

    def change(self, crm_id: str, **properties: Any) -> None:
        """Somebody there changes a contact."""
        self.contacts[crm_id].update(properties, lastmodifieddate=_now().isoformat())

    def merge(self, primary: str, other: str) -> str:
        """Somebody there makes one of two; since 2025 it gets a new id."""
        kept, gone = self.contacts.pop(primary), self.contacts.pop(other)
        made = self.add(**{**gone, **kept})
        self.merged |= {primary: made, other: made}
        return made

    def reply(self, asked: Asked) -> Reply:  # noqa: PLR0911 - a table of what it answers
        if asked.path == "/oauth/v1/token":
            found = self.grant(asked.body)
            if found is None:
                return 400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or unknown refresh token"}, {}
            return 200, {**found, "expires_in": 1800}, {}
        if not self.is_known(asked):
            return (
                401,
                _hub_error("EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired"),
                {},
            )
        if asked.path == "/account-info/v3/details":
            return 200, {"portalId": 4711, "accountType": "STANDARD", "uiDomain": "app.hubspot.com"}, {}
        if asked.path == "/crm/v3/properties/contacts":
            return 200, {"results": [{"name": name, "type": "string"} for name in self.properties]}, {}
        if asked.path == "/crm/v3/objects/contacts/search":
            return self._search(asked)
        if asked.path == "/crm/v3/objects/contacts" and asked.method == "POST":
            return self._create(asked.body["properties"])
        return self._one(asked, unquote(asked.path.removeprefix("/crm/v3/objects/contacts/")))

    def _search(self, asked: Asked) -> Reply:
        since = int(asked.body["filterGroups"][0]["filters"][0]["value"]) / 1000
        found = [
            (crm_id, known)
            for crm_id, known in self.contacts.items()
            if datetime.fromisoformat(known["lastmodifieddate"]).timestamp() >= since
        ]
        found.sort(key=lambda one: one[1]["lastmodifieddate"])
        rows = [self._shown(crm_id, ["lastmodifieddate"]) for crm_id, _ in found[: asked.body["limit"]]]
        return 200, {"total": len(found), "results": rows}, {}

    def _create(self, properties: dict[str, Any]) -> Reply:
        if (wrong := self._wrong(properties)) is not None:
            return wrong
        known = self._by_email(properties.get("email"))
        if known is not None:
            return 409, _hub_error("CONFLICT", f"Contact already exists. Existing ID: {known}"), {}
        return 201, self._shown(self.add(**properties), []), {}

    def _wrong(self, properties: dict[str, Any]) -> Reply | None:
        if not all(isinstance(value, str) for value in properties.values()):
            return 400, _hub_error("VALIDATION_ERROR", "Invalid input JSON"), {}
        unknown = [name for name in properties if name not in self.properties]
        if unknown:
            said = f'Property values were not valid: Property "{unknown[0]}" does not exist'
            return 400, _hub_error("VALIDATION_ERROR", said), {}
        return None

    def _by_email(self, email: str | None) -> str | None:
        return next((key for key, one in self.contacts.items() if email and one.get("email") == email), None)

    def _one(self, asked: Asked, key: str) -> Reply:
        crm_id = (
            self._by_email(key) if asked.query.get("idProperty") == "email" else self.merged.get(key, key)
        )
        if crm_id is None or crm_id not in self.contacts:
            return 404, _hub_error("OBJECT_NOT_FOUND", "resource not found"), {}
        if asked.method == "PATCH":
            if (wrong := self._wrong(asked.body["properties"])) is not None:
                return wrong
            self.change(crm_id, **asked.body["properties"])
        return 200, self._shown(crm_id, asked.query.get("properties", "").split(",")), {}

    def _shown(self, crm_id: str, names: list[str]) -> dict[str, Any]:
        known = self.contacts[crm_id]
        usual = {name: known.get(name) for name in ("email", "firstname", "lastname", "lastmodifieddate")}
        named = {name: known.get(name) for name in names if name in (*self.properties, "lastmodifieddate")}
        stamp = known["lastmodifieddate"]
        return {
            "id": crm_id,
            "properties": {**usual, **named, "hs_object_id": crm_id},
            "createdAt": stamp,
            "updatedAt": stamp,
            "archived": False,
        }

    @staticmethod
    def hook(url: str, *events: dict[str, Any], secret: str = APP_SECRET, at: float | None = None) -> Any:
        """A signed batch of events: body and headers, as they are posted to `url`."""
        batch = [
            {"subscriptionType": "contact.propertyChange", "portalId": 4711, **event} for event in events
        ]
        body, stamp = json.dumps(batch), str(int((at or time.time()) * 1000))
        made = hmac.new(secret.encode(), f"POST{url}{body}{stamp}".encode(), hashlib.sha256).digest()
        signature = base64.b64encode(made).decode()
        return body, {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}


def _hub_error(category: str, message: str) -> dict[str, Any]:
    return {"status": "error", "message": message, "correlationId": "0-0-0-0", "category": category}


HUBSPOT_DAILY = {
    "status": "error",
    "message": "You have reached your daily limit.",
    "errorType": "RATE_LIMIT",
    "policyName": "DAILY",
}
HUBSPOT_ROLLING = {
    **HUBSPOT_DAILY,
    "message": "You have reached your ten_secondly_rolling limit.",
    "policyName": "TEN_SECONDLY_ROLLING",
}


# --- Salesforce -----------------------------------------------------------------------------------

ORGANIZATION = "00D000000000001EAA"


class Salesforce(VendorServer):
    """The Contact object over REST: `contacts` by id; `deleted`: those in the bin, with what they became."""

    def __init__(self) -> None:
        super().__init__()
        self.contacts: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, str | None] = {}
        self.fields = [
            "Id",
            "Email",
            "FirstName",
            "LastName",
            "Support_Tier__c",
            "Support_Plan__c",
            "Language__c",
        ]
        self.duplicates: list[str] = []
        self.instance_url = self.url
        self.count = 0

    def add(self, **fields: Any) -> str:
        """A contact that somebody there made."""
        self.count += 1
        crm_id = f"003{self.count:012d}AAA"
        self.contacts[crm_id] = {**fields, "Id": crm_id, "SystemModstamp": _stamp()}
        return crm_id

    def change(self, crm_id: str, **fields: Any) -> None:
        """Somebody there changes a contact."""
        self.contacts[crm_id].update(fields, SystemModstamp=_stamp())

    def merge(self, primary: str, other: str) -> str:
        """Somebody there makes one of two: the loser goes into the bin and names the winner."""
        del self.contacts[other]
        self.deleted[other] = primary
        self.change(primary)
        return primary

    def delete(self, crm_id: str) -> None:
        """Somebody there deletes a contact."""
        del self.contacts[crm_id]
        self.deleted[crm_id] = None

    def reply(self, asked: Asked) -> Reply:  # noqa: PLR0911 - a table of what it answers
        if asked.path == "/services/oauth2/token":
            found = self.grant(asked.body)
            if found is None:
                return (
                    400,
                    {"error": "invalid_grant", "error_description": "expired access/refresh token"},
                    {},
                )
            more = {
                "instance_url": self.instance_url,
                "id": f"{self.url}/id/{ORGANIZATION}/005",
                "issued_at": "1",
            }
            return 200, {**found, **more}, {}
        if not self.is_known(asked):
            return 401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], {}
        name = asked.path.removeprefix("/services/data/v62.0/")
        if name in ("query", "queryAll"):
            return self._query(asked.query["q"])
        if name == "sobjects/Contact/describe":
            return 200, {"fields": [{"name": one, "type": "string"} for one in self.fields]}, {}
        if name == "sobjects/Contact":
            return self._create(asked.body)
        return self._one(asked, name.removeprefix("sobjects/Contact/"))

    def _query(self, soql: str) -> Reply:
        if "FROM Organization" in soql:
            return self._records([{"Id": ORGANIZATION}])
        if (found := re.search(r"Id = '(\w+)' AND IsDeleted = true", soql)) is not None:
            known = found[1] in self.deleted
            return self._records([{"MasterRecordId": self.deleted[found[1]]}] if known else [])
        if (found := re.search(r"Email = '((?:[^'\\]|\\.)*)'", soql)) is not None:
            email = re.sub(r"\\(.)", r"\1", found[1]).lower()
            rows = [one for one in self.contacts.values() if str(one.get("Email", "")).lower() == email]
            return self._records([{"Id": one["Id"]} for one in rows[-1:]])
        found = re.search(r"SystemModstamp >= (\S+)", soql)
        assert found is not None, soql
        since = datetime.fromisoformat(found[1])
        rows = [
            one for one in self.contacts.values() if datetime.fromisoformat(one["SystemModstamp"]) >= since
        ]
        rows.sort(key=lambda one: one["SystemModstamp"])
        return self._records([{name: one[name] for name in ("Id", "SystemModstamp")} for one in rows])

    def _records(self, rows: list[dict[str, Any]]) -> Reply:
        records = [{"attributes": {"type": "Contact"}, **row} for row in rows]
        return 200, {"totalSize": len(rows), "done": True, "records": records}, _usage(self)

    def _create(self, fields: dict[str, Any]) -> Reply:
        if (wrong := self._wrong(fields)) is not None:
            return wrong
        if not fields.get("LastName"):
            return _force_error(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]")
        if self.duplicates:
            return self._duplicate()
        made = self.add(**fields)
        return 201, {"id": made, "success": True, "errors": []}, _usage(self)

    def _wrong(self, fields: dict[str, Any]) -> Reply | None:
        unknown = [name for name in fields if name not in self.fields]
        if unknown:
            return _force_error(
                400, "INVALID_FIELD", f"No such column '{unknown[0]}' on sobject of type Contact"
            )
        return None

    def _duplicate(self) -> Reply:
        records = [{"record": {"attributes": {"type": "Contact"}, "Id": one}} for one in self.duplicates]
        result = {"allowSave": False, "matchResults": [{"matchRecords": records}]}
        said = {"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}
        return 400, [{"duplicateResut": result, **said}], {}

    def _one(self, asked: Asked, crm_id: str) -> Reply:
        if crm_id in self.deleted:
            return _force_error(404, "ENTITY_IS_DELETED", "entity is deleted")
        if crm_id not in self.contacts:
            return _force_error(404, "NOT_FOUND", "The requested resource does not exist")
        if asked.method == "PATCH":
            if (wrong := self._wrong(asked.body)) is not None:
                return wrong
            self.change(crm_id, **asked.body)
            return 204, None, _usage(self)
        blank = dict.fromkeys(self.fields)
        return 200, {"attributes": {"type": "Contact"}, **blank, **self.contacts[crm_id]}, _usage(self)

    @staticmethod
    def message(*crm_ids: str, organization: str = ORGANIZATION) -> str:
        """An outbound message, as it is posted."""
        notifications = "".join(
            f"<Notification><Id>04l{number:012d}AAA</Id><sObject xsi:type='sf:Contact'>"
            f"<sf:Id>{crm_id}</sf:Id><sf:Email>somebody@example.com</sf:Email></sObject></Notification>"
            for number, crm_id in enumerate(crm_ids)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
            '<notifications xmlns="http://soap.sforce.com/2005/09/outbound" '
            'xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
            f"<OrganizationId>{organization}</OrganizationId><ActionId>04k000000000001AAA</ActionId>"
            f"<SessionId xsi:nil='true'/>{notifications}"
            "</notifications></soapenv:Body></soapenv:Envelope>"
        )


def _stamp() -> str:
    return _now().strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _usage(server: VendorServer) -> dict[str, str]:
    return {"Sforce-Limit-Info": f"api-usage={len(server.asked)}/15000"}


def _force_error(status: int, code: str, message: str) -> Reply:
    return status, [{"message": message, "errorCode": code, "fields": []}], {}


SALESFORCE_LIMIT = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]


# --- Stripe ---------------------------------------------------------------------------------------


class Stripe(VendorServer):
    """Customers, subscriptions and invoices, read only."""

    def __init__(self) -> None:
        super().__init__()
        self.customers: dict[str, dict[str, Any]] = {}
        self.subscriptions: list[dict[str, Any]] = []
        self.invoices: list[dict[str, Any]] = []

    def add(self, email: str, **fields: Any) -> str:
        """A customer with a subscription and two invoices."""
        key = f"cus_{len(self.customers) + 1:014d}"
        known = {"id": key, "object": "customer", "email": email, "livemode": True, "currency": "eur"}
        self.customers[key] = {**known, "balance": 0, "delinquent": False, **fields}
        price = {"id": "price_1", "nickname": "Team, yearly", "unit_amount": 24000, "currency": "eur"}
        item = {"price": {**price, "recurring": {"interval": "year"}}, "quantity": 2}
        self.subscriptions.append(
            {
                "customer": key,
                "status": "active",
                "items": {"data": [item]},
                "current_period_end": 1798761600,
                "cancel_at_period_end": False,
            }
        )
        for number, status in ((1, "open"), (2, "paid")):
            self.invoices.append(
                {
                    "customer": key,
                    "number": f"AC-000{number}",
                    "status": status,
                    "total": 48000,
                    "currency": "eur",
                    "created": 1763000000 - number * 86400 * 30,
                    "due_date": 1764000000 if status == "open" else None,
                    "hosted_invoice_url": f"https://invoice.stripe.com/i/{key}/{number}",
                }
            )
        return key

    def delete(self, key: str) -> None:
        """Somebody deletes a customer: they are still found by their id, and say so."""
        self.customers[key] = {"id": key, "object": "customer", "deleted": True}

    def reply(self, asked: Asked) -> Reply:
        if not self.is_known(asked):
            said = {"type": "invalid_request_error", "message": "Invalid API Key provided: tok********th"}
            return 401, {"error": said}, {}
        assert asked.headers["Stripe-Version"]
        if asked.path == "/v1/customers":
            email = asked.query.get("email")
            rows = [one for one in reversed(self.customers.values()) if not one.get("deleted")]
            return self._list([one for one in rows if email is None or one["email"] == email], asked)
        if asked.path in ("/v1/subscriptions", "/v1/invoices"):
            rows = getattr(self, asked.path.removeprefix("/v1/"))
            key = asked.query.get("customer")
            return self._list([one for one in rows if key is None or one["customer"] == key], asked)
        known = self.customers.get(asked.path.removeprefix("/v1/customers/"))
        if known is None:
            said = {
                "type": "invalid_request_error",
                "code": "resource_missing",
                "message": "No such customer",
            }
            return 404, {"error": said}, {}
        return 200, known, {}

    def _list(self, rows: list[dict[str, Any]], asked: Asked) -> Reply:
        limit = int(asked.query["limit"])
        return (
            200,
            {"object": "list", "url": asked.path, "has_more": len(rows) > limit, "data": rows[:limit]},
            {},
        )


# --- the wire -------------------------------------------------------------------------------------


def _handler(server: VendorServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def do_PATCH(self) -> None:
            self._do()

        def _do(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if parts.path.endswith("/authorize"):
                self.send_response(302)
                self.send_header("Location", server.approve(self.path))
                self.end_headers()
                return
            asked = Asked(self.command, parts.path, query, self._body(raw), dict(self.headers))
            status, body, headers = server.answer(asked)
            time.sleep(server.slow)
            data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            with suppress(ConnectionError):  # whoever asked may not wait any more
                self.end_headers()
                self.wfile.write(data)

        def _body(self, raw: bytes) -> Any:
            if self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
                return {name: values[0] for name, values in parse_qs(raw.decode()).items()}
            return json.loads(raw) if raw else None

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
