"""Asking one account: its address and token, another token when that has run out, one budget for all."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from webapp.integrations import stripe
from webapp.integrations.safe_http import Answer
from webapp.integrations.vendor import (
    Api,
    App,
    Busy,
    Expired,
    NotAllowed,
    Refused,
    Tokens,
    VendorError,
    parsed,
)
from webapp.schemas.connection import LABELS
from webapp.services import external
from webapp.services.connection import UNREADABLE, Account
from webapp.services.crm.vendors import VENDORS, app_of, is_trusted

BUDGET_SECONDS = 40.0
NO_CONTENT = 204
REPEATABLE = ("/search", "/token")
"""Ends of addresses to which a POST makes nothing."""
Keep = Callable[[Account, dict[str, str], str], None]


class Line:
    """One account while it is asked. `keep(account, secrets, base_url)` stores another token, in between."""

    def __init__(
        self, account: Account, keep: Keep | None, *, budget_seconds: float, max_attempts: int = 3
    ) -> None:
        self.account = account
        self.keep = keep
        self.max_attempts = max_attempts
        self.give_up_at = time.monotonic() + budget_seconds
        self.vendor: Any = VENDORS.get(account.kind, stripe)

    def __call__(
        self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None
    ) -> Any:
        """The JSON of the answer, as `vendor.Api`. Raises `VendorError`."""
        if not self.account.secrets:
            raise NotAllowed(UNREADABLE)
        if not self.account.secrets.get("access"):
            self._renew()
        try:
            return self._ask(method, path, query, body)
        except Expired as error:
            self._renew(error)
            return self._again(method, path, query, body)

    def _ask(self, method: str, path: str, query: dict[str, Any] | None, body: Any) -> Any:
        url = f"{self.account.base_url}{path}{'?' + urlencode(query) if query else ''}"
        headers = {"Authorization": f"Bearer {self.account.secrets['access']}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.account.kind == "stripe":
            headers["Stripe-Version"] = stripe.VERSION
        return self._read(self.send(method, url, headers=headers, body=_packed(body)))

    def _again(self, method: str, path: str, query: dict[str, Any] | None, body: Any) -> Any:
        try:
            return self._ask(method, path, query, body)
        except Expired as error:
            raise NotAllowed(f"{error}. Connect again") from None

    def send(self, method: str, url: str, *, headers: dict[str, str], body: bytes | None) -> Answer:
        """One request, tried again where that helps, as `vendor.Send`. Raises `VendorError`."""
        left = self.give_up_at - time.monotonic()
        if left <= 0:
            raise Busy(f"{LABELS[self.account.kind]} takes too long")
        # What makes something is not sent twice when nobody knows what became of it: the next job looks.
        is_safe = method != "POST" or url.endswith(REPEATABLE)
        try:
            answer: Answer = external.call_with_retry(
                method,
                url,
                headers=headers,
                body=body,
                seconds=min(left, external.CALL_SECONDS),
                account=f"{self.account.kind}:{self.account.id}",
                max_attempts=self.max_attempts if is_safe else 1,
                budget_seconds=left,
            )
        except external.Trouble as error:
            raise self.vendor.fault(error.answer) or error from None
        except Busy as error:
            raise Busy(f"{LABELS[self.account.kind]} {error}", error.retry_after_seconds) from None
        return answer

    def _read(self, answer: Answer) -> Any:
        fault: VendorError | None = self.vendor.fault(answer)
        if fault is not None:
            raise fault
        found = parsed(answer)
        if found is None and answer.status != NO_CONTENT:
            raise Busy(f"{LABELS[self.account.kind]} gave an answer that cannot be read")
        return found

    def _renew(self, error: Expired | None = None) -> None:
        """Gets another access token, and keeps it at once: theirs may rotate. Raises `NotAllowed`."""
        secrets = self.account.secrets
        if not secrets.get("client_secret") or not (secrets.get("refresh") or "url" in secrets):
            raise NotAllowed(f"{error}. Connect again with another one")
        app = app_of(self.account.kind, secrets)
        tokens = self.vendor.refresh(self.send, app, secrets.get("refresh", ""))
        self.account = with_tokens(self.account, tokens)
        if self.keep is not None:
            self.keep(self.account, self.account.secrets, self.account.base_url)


def _packed(body: Any) -> bytes | None:
    return None if body is None else json.dumps(body).encode()


def with_tokens(account: Account, tokens: Tokens) -> Account:
    """The account with other tokens, and at the address that came with them. Raises `NotAllowed`."""
    if tokens.base_url and not is_trusted(tokens.base_url):
        raise NotAllowed("It answered with an address that is not theirs")
    secrets = {
        **account.secrets,
        "access": tokens.access,
        "refresh": tokens.refresh or account.secrets.get("refresh", ""),
    }
    return replace(account, secrets=secrets, base_url=tokens.base_url or account.base_url)


def redeem(account: Account, app: App, code: str, verifier: str) -> Account:
    """The account with the tokens that a code stands for. Raises `VendorError`."""
    line = Line(account, None, budget_seconds=BUDGET_SECONDS)
    with understood(account.kind):
        return with_tokens(account, line.vendor.redeem(line.send, app, code, verifier))


open_line = partial(Line, budget_seconds=BUDGET_SECONDS)


@contextmanager
def understood(kind: str) -> Iterator[None]:
    """Around what reads their answers: one of another shape is no crash of ours."""
    try:
        yield
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        said = f"{LABELS[kind]} gave an answer of a shape we do not know ({type(error).__name__})"
        raise Refused(said) from error


__all__ = ["BUDGET_SECONDS", "Api", "Line", "open_line", "redeem", "understood", "with_tokens"]
