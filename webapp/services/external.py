"""Calls to services outside: hardened, within a time budget, tried again where that helps.

`call_external_api` is looked up in this module at each call, so that a test can replace it.
"""

import time
from typing import Any
from urllib.parse import urlsplit

from webapp import database
from webapp.config import is_loopback, settings
from webapp.integrations import breaker, safe_http
from webapp.integrations.safe_http import Answer
from webapp.integrations.vendor import SERVER_ERROR, TOO_MANY, Busy, VendorError, retry_after

CALL_SECONDS = 10.0
BUDGET_SECONDS = 30.0
BACKOFF_SECONDS = 0.5
ANSWER_BYTES = 2 * 1024 * 1024


class Trouble(Busy):
    """They answered that they are busy or broken: `answer` says more."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered {answer.status}", retry_after(answer))
        self.answer = answer


def call_external_api(
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = CALL_SECONDS,
    account: str = "",
) -> Answer:
    """One request. `account`: whose failures are counted together; the host if not given.

    Raises `Trouble` where they are busy or broken, `Busy` where they cannot be reached or, after too many
    failures, are left alone. Every other answer is given back. Refused inside a transaction.
    """
    database.assert_no_transaction()
    host = urlsplit(url).hostname or ""
    try:
        with breaker.guard(account or host, safe_http.Unreachable, Trouble):
            answer = safe_http.request(
                method,
                url,
                data=body,
                headers=headers,
                seconds=seconds,
                max_bytes=ANSWER_BYTES,
                allow_loopback=is_loopback(host) and url.startswith(_trusted()),
            )
            if answer.status >= SERVER_ERROR:
                raise Trouble(answer)
    except breaker.Open as error:
        raise Busy("failed too often just now and is left alone for a while", error.retry_seconds) from None
    except safe_http.Unreachable as error:
        raise Busy(f"cannot be reached ({error})") from None
    if answer.status == TOO_MANY:
        raise Trouble(answer)  # they are well, and count what we ask: nothing to break a circuit for
    return answer


def _trusted() -> tuple[str, ...]:
    """What the environment names may be on this machine: nobody else wrote it."""
    urls = settings().vendors
    return tuple(f"{url}/" for url in (urls.hubspot, urls.hubspot_app, urls.salesforce, urls.stripe))


def call_with_retry(
    *arguments: Any,
    max_attempts: int = 3,
    backoff_seconds: float | None = None,
    budget_seconds: float = BUDGET_SECONDS,
    **named: Any,
) -> Any:
    """What `call_external_api(*arguments, **named)` gives, tried up to `max_attempts` times.

    Waits `backoff_seconds` (half a second) after the first failure, twice as long after each further one, and
    at least as long as they ask for; begins no try for which the budget would not last, and then raises.
    """
    first = BACKOFF_SECONDS if backoff_seconds is None else backoff_seconds
    give_up_at = time.monotonic() + budget_seconds
    for attempt in range(1, max_attempts + 1):
        try:
            return call_external_api(*arguments, **named)
        except Exception as error:
            pause = _pause(error, first * 2 ** (attempt - 1))
            if attempt == max_attempts or pause is None or time.monotonic() + pause >= give_up_at:
                raise
            time.sleep(pause)
    raise ValueError("max_attempts must be at least 1")


def _pause(error: Exception, seconds: float) -> float | None:
    """How long to wait before another try; None where one would be no use."""
    if isinstance(error, VendorError) and not isinstance(error, Busy):
        return None
    return max(seconds, getattr(error, "retry_after_seconds", None) or 0.0)
