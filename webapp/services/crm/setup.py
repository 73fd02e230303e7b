"""Connecting to a CRM or to billing: what an admin typed is tried before it is kept, secrets are sealed."""

import base64
import hashlib
import json
import secrets as randomness
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from webapp import clock, database
from webapp.auth import Actor, current_actor, require, same
from webapp.config import settings
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.integrations import stripe
from webapp.integrations.vendor import VendorError
from webapp.models import Connection
from webapp.models.connection import BILLING, CRMS
from webapp.schemas.connection import LABELS, ConnectForm, Mapping
from webapp.services import connection, field
from webapp.services.connection import Account
from webapp.services.crm import telling, wire
from webapp.services.crm.mapping import CUSTOM, PLAIN
from webapp.services.crm.vendors import VENDORS, app_of, is_trusted, mapping_of
from webapp.services.event import record
from webapp.signing import seal, unseal
from webapp.tenancy import require_workspace_id

TEST = "connection.test"
ASKED_MINUTES = 15
UNCONFIRMED = "This could not be confirmed. Please connect again"
TOKEN_CHARS = 8
CHECK_SECONDS = 15.0


@dataclass(frozen=True)
class Trip:
    """A connection that this browser began by OAuth."""

    kind: str
    secrets: dict[str, str]
    verifier: str


@dataclass(frozen=True)
class Checked:
    """An account that lets us in: what to keep of it."""

    account: Account
    method: str
    names: list[str]


# --- with a token ---------------------------------------------------------------------------------


def read_token_form(kind: str, form: ConnectForm, *, actor: Actor | None = None) -> Account:
    """The account that was typed, not tried yet. Raises `Invalid` naming the field."""
    require(actor or current_actor(), "settings:manage")
    if kind == "salesforce":
        return _draft(kind, _app_secrets(kind, form), "")
    if len(form.token) < TOKEN_CHARS or not form.token.isascii() or not form.token.isprintable():
        raise Invalid.field("token", f"Paste the token that {LABELS[kind]} gave you")
    urls = settings().vendors
    found = {"access": form.token} | ({"client_secret": form.client_secret} if form.client_secret else {})
    return _draft(kind, found, urls.stripe if kind == BILLING else urls.hubspot)


def _draft(kind: str, secrets: dict[str, str], base_url: str) -> Account:
    return Account(uuid.uuid4(), require_workspace_id(), kind, base_url, "", secrets, {})


def _app_secrets(kind: str, form: ConnectForm) -> dict[str, str]:
    if not form.client_id.isascii() or not form.client_id.isprintable() or not form.client_id:
        raise Invalid.field("client_id", "Type the id of your app (its consumer key)")
    if not form.client_secret:
        raise Invalid.field("client_secret", "Type the secret of your app")
    found = {"client_id": form.client_id, "client_secret": form.client_secret}
    if kind == "salesforce":
        url = form.url or settings().vendors.salesforce
        if not is_trusted(url):
            raise Invalid.field("url", "An address of Salesforce, such as https://acme.my.salesforce.com")
        found["url"] = url
    return found


def check(account: Account, method: str) -> Checked:
    """Tries an account before it is kept. Asks the network; raises `Invalid` in plain words."""
    database.assert_no_transaction()
    line = wire.Line(account, None, budget_seconds=CHECK_SECONDS, max_attempts=2)
    try:
        with wire.understood(account.kind):
            if account.kind == BILLING:
                stripe.check(line)
                return Checked(line.account, method, [])
            name = line.vendor.account(line)
            names = line.vendor.field_names(line)
    except VendorError as error:
        raise Invalid.field("token" if account.kind != "salesforce" else "client_id", str(error)) from None
    return Checked(replace(line.account, name=name), method, names)


def save_checked(checked: Checked, *, session: Any = None, actor: Actor | None = None) -> Connection:
    """Keeps an account that let us in, and queues what waited for it."""
    session = session or db.session()
    account = checked.account
    found = connection.create_connection(
        account.kind,
        checked.method,
        secrets=account.secrets,
        account=account.name,
        base_url=account.base_url,
        their_fields=checked.names,
        seen_until=clock.now(),
        session=session,
        actor=actor,
    )
    if account.kind in CRMS:
        telling.retry_waiting(session=session)
    return found


# --- by OAuth -------------------------------------------------------------------------------------


def begin(kind: str, form: ConnectForm, *, actor: Actor | None = None) -> tuple[str, str]:
    """Where to send the browser, and the sealed box that it keeps until it is back. Raises `Invalid`."""
    require(actor or current_actor(), "settings:manage")
    secrets = _app_secrets(kind, form)
    state, verifier = randomness.token_urlsafe(32), randomness.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    until = (clock.now() + timedelta(minutes=ASKED_MINUTES)).timestamp()
    claim = {
        "workspace": str(require_workspace_id()),
        "kind": kind,
        "secrets": secrets,
        "state": state,
        "verifier": verifier,
        "until": until,
    }
    url = VENDORS[kind].authorization_url(app_of(kind, secrets), state, challenge)
    return url, seal(json.dumps(claim))


def open_box(box: str | None, answer: dict[str, str]) -> Trip:
    """The trip that came back with `answer` (the query) to the browser with that box. Raises `Invalid`."""
    try:
        claim = json.loads(unseal(box or ""))
    except ValueError:
        raise Invalid(UNCONFIRMED) from None
    if claim["until"] <= clock.now().timestamp() or claim["workspace"] != str(require_workspace_id()):
        raise Invalid(UNCONFIRMED)
    if not same(answer.get("state", ""), claim["state"]):
        raise Invalid(UNCONFIRMED)
    return Trip(claim["kind"], claim["secrets"], claim["verifier"])


def redeem(trip: Trip, answer: dict[str, str]) -> Checked:
    """The account whose door was opened there. Asks the network; raises `Invalid` in plain words."""
    database.assert_no_transaction()
    code = answer.get("code", "")
    if "error" in answer or not code:
        raise Invalid(f"{LABELS[trip.kind]} did not let us in. Please try again")
    base_url = settings().vendors.hubspot if trip.kind == "hubspot" else ""
    draft = _draft(trip.kind, trip.secrets, base_url)
    try:
        account = wire.redeem(draft, app_of(trip.kind, trip.secrets), code, trip.verifier)
    except VendorError as error:
        raise Invalid(str(error)) from None
    return check(account, "oauth")


# --- what is shared -------------------------------------------------------------------------------


def shareable(*, session: Any = None) -> dict[str, str]:
    """What of a customer may be shared besides address and name: our name -> the word for it."""
    custom = {f"{CUSTOM}{one.key}": one.label for one in field.list_fields("customer", session=session)}
    words = {"company": "Company", "locale": "Language", "tier": "Tier", "support_plan": "Support plan"}
    return {**words, **custom}


def save_mapping(
    kind: str, mapping: Mapping, *, session: Any = None, actor: Actor | None = None
) -> Connection:
    """Keeps what is shared. What is told anew goes out with each customer's next change.

    Raises `Invalid` naming the field.
    """
    session, actor = session or db.session(), actor or current_actor()
    found = connection.connection_for(kind, session=session, actor=actor)
    _check_mapping(mapping, set(shareable(session=session)))
    old = mapping_of(kind, found.mapping).model_dump(mode="json")
    new = mapping.model_dump(mode="json")
    if old != new:
        changes = {
            name: [str(old[name])[:500], str(new[name])[:500]] for name in new if old[name] != new[name]
        }
        found.mapping = new
        session.flush()
        record("connection.updated", session=session, actor=actor, subject_id=found.id, changes=changes)
    return found


def _check_mapping(mapping: Mapping, known: set[str]) -> None:
    theirs: set[str] = set()
    for name, rule in mapping.fields.items():
        if name not in known:
            raise Invalid.field("fields", "There is no such field")
        if rule.direction == "off":
            continue
        place = f"fields.{name}.theirs"
        if not rule.theirs:
            raise Invalid.field(place, "Type what it is called there")
        if rule.direction == "out" and name not in PLAIN and not name.startswith(CUSTOM):
            raise Invalid.field(place, "This is known there, not here")
        if rule.direction == "out" and rule.theirs in theirs:
            raise Invalid.field(place, "Another field is told there already")
        theirs |= {rule.theirs} if rule.direction == "out" else set()
