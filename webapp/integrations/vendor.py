"""What the vendors of CRM and billing have in common: how they are asked, and what can come of it.

Each vendor is a module with the functions of `Crm`. An `Api` asks one account: it knows address and token,
raises these errors, and gives back the JSON of a good answer.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from webapp.integrations.safe_http import Answer

SAID_CHARS = 200
TOO_MANY = 429
SERVER_ERROR = 500
PATIENCE_SECONDS = 10
"""How long to wait for whoever wants fewer requests and does not say for how long."""

Form = dict[str, str]
Send = Callable[..., Answer]
"""`send(method, url, *, headers, body)`: one request, tried again where that helps."""


class Api(Protocol):
    """Asks one account: `api("GET", "/path", query={…})`. `body` is sent as JSON."""

    def __call__(
        self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None
    ) -> Any: ...


@dataclass(frozen=True)
class Record:
    """A contact of theirs; its id is another than was asked for where they have merged it."""

    id: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class App:
    """Us, as a vendor's OAuth server knows us: people let us in at `url`, tokens are had at `token_url`."""

    url: str
    token_url: str
    client_id: str
    secret: str
    redirect_uri: str


@dataclass(frozen=True)
class Tokens:
    """What opens an account, for `seconds` if they say; and what it is called, where it is."""

    access: str
    refresh: str = ""
    seconds: float | None = None
    account: str = ""
    base_url: str = ""


class VendorError(Exception):
    """They did not do it; the text says why, in words for an admin."""


class Busy(VendorError):
    """Not now: trouble of theirs, or too many requests. Worth another try, after `retry_after_seconds`."""

    def __init__(self, said: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(said)
        self.retry_after_seconds = retry_after_seconds


class QuotaHit(Busy):
    """The account has used up what it may ask for; nobody need ask again soon."""


class Expired(VendorError):
    """The token is not valid any more; another one may be had."""


class NotAllowed(VendorError):
    """The account is closed to us until a person does something about it."""


class Gone(VendorError):
    """There is no such record, or no longer."""


class Exists(VendorError):
    """What should be made is there already, as `id`."""

    def __init__(self, said: str, id: str) -> None:  # noqa: A002 - theirs
        super().__init__(said)
        self.id = id


class Refused(VendorError):
    """They will not take it, however often it is tried."""


class Crm(Protocol):
    """The functions of a CRM's module. `names`: of their fields that are wanted."""

    LABEL: str
    EMAIL_FIELD: str

    def fault(self, answer: Answer) -> VendorError | None:
        """What an answer says went wrong, if anything."""
        ...

    def find(self, api: Api, email: str, names: list[str]) -> Record | None:
        """The contact with that address."""
        ...

    def read(self, api: Api, crm_id: str, names: list[str]) -> Record:
        """The contact, or what it was merged into. Raises `Gone`."""
        ...

    def create(self, api: Api, fields: dict[str, Any]) -> str:
        """Makes a contact and returns its id. Raises `Exists`, `Refused`."""
        ...

    def update(self, api: Api, crm_id: str, fields: dict[str, Any]) -> str:
        """Sets fields of a contact and returns its id, another one if it was merged. Raises `Gone`."""
        ...

    def changed(self, api: Api, since: Any) -> list[tuple[str, Any]]:
        """(id, when) of up to some hundred contacts changed since then, oldest first."""
        ...

    def field_names(self, api: Api) -> list[str]:
        """The names of everything that a contact has."""
        ...

    def account(self, api: Api) -> str:
        """What the account is called or numbered."""
        ...

    def named(self, name: str | None, email: str) -> dict[str, str]:
        """A person's name in their fields."""
        ...

    def link(self, base_url: str, account: str, crm_id: str) -> str:
        """Where a person sees the contact."""
        ...


class Vendor(Crm, Protocol):
    """A CRM that lets us in by OAuth."""

    def authorization_url(self, app: App, state: str, challenge: str) -> str:
        """Where to send the browser to be let in."""
        ...

    def redeem(self, send: Send, app: App, code: str, verifier: str) -> Tokens:
        """Tokens for the code that came back. Raises `NotAllowed`."""
        ...

    def refresh(self, send: Send, app: App, token: str) -> Tokens:
        """Another access token. Raises `NotAllowed`."""
        ...


def usual_fault(label: str, answer: Answer, message: str) -> VendorError:
    """What an answer that is not good means with every vendor; `message` is what theirs says."""
    more = f": {message}" if message else ""
    if answer.status == TOO_MANY:
        return Busy(f"{label} wants fewer requests", retry_after(answer) or PATIENCE_SECONDS)
    if answer.status >= SERVER_ERROR:
        return Busy(f"{label} has trouble of its own ({answer.status})", retry_after(answer))
    known: dict[int, tuple[type[VendorError], str]] = {
        401: (Expired, f"{label} does not take the token any more{more}"),
        403: (NotAllowed, f"{label} does not let us in{more}"),
        404: (Gone, f"{label} has no such record"),
    }
    kind, said = known.get(answer.status, (Refused, f"{label} does not take this ({answer.status}){more}"))
    return kind(said)


def parsed(answer: Answer) -> Any:
    """The JSON of an answer; None where there is none, or it is no JSON."""
    try:
        return json.loads(answer.body) if answer.body.strip() else None
    except ValueError:
        return None


def retry_after(answer: Answer) -> float | None:
    """The seconds of a Retry-After header, if there are some."""
    given = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), "")
    return float(given) if given.isdecimal() and len(given) < 8 else None


def quoted(message: object) -> str:
    """What they said, short enough for a line."""
    return " ".join(str(message or "").split())[:SAID_CHARS]


def post_form(send: Send, url: str, form: Form) -> Answer:
    """Posts a form, as OAuth's token endpoints want it."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return send("POST", url, headers=headers, body=urlencode(form).encode())


def token_answer(answer: Answer, label: str) -> dict[str, Any]:
    """The JSON of a token endpoint's answer. Raises `NotAllowed` where it gives none."""
    found = parsed(answer)
    if answer.status != 200 or not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
        found = found if isinstance(found, dict) else {}
        said = quoted(found.get("error_description") or found.get("message") or found.get("error"))
        raise NotAllowed(f"{label} gave no access{': ' + said if said else ''}")
    return found
