"""Requests to addresses that somebody else chose: to public hosts only, without redirects, within limits.

The name is resolved once and the address checked and used, so that it cannot change in between.
"""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from requests_hardened import Config, HTTPSession

from webapp import green

CONNECT_SECONDS = 3.05


@dataclass(frozen=True)
class Answer:
    """What came back; `body` at most as long as was asked for."""

    status: int
    headers: dict[str, str]
    body: bytes


class Unreachable(Exception):
    """No answer: refused by our rules, by the network, or not in time."""


def post(
    url: str,
    data: bytes,
    headers: dict[str, str],
    *,
    allow_loopback: bool = False,
    seconds: float = 10,
    max_bytes: int = 4096,
) -> Answer:
    """Posts and reads up to `max_bytes`, within `seconds` in all. Raises `Unreachable`."""
    if urlsplit(url).scheme != "https" and not allow_loopback:
        raise Unreachable("not https")
    deadline = time.monotonic() + seconds
    try:
        with green.deadline(seconds), _session(allow_loopback, seconds) as session:
            answer = session.post(url, data=data, headers=headers, stream=True, verify=True)
            with answer:
                body = _read(answer, deadline, max_bytes)
                return Answer(answer.status_code, dict(answer.headers), body)
    except (requests.RequestException, TimeoutError) as error:
        raise Unreachable(type(error).__name__) from error


def _session(allow_loopback: bool, seconds: float) -> HTTPSession:
    session = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=allow_loopback,
            never_redirect=True,
            default_timeout=(CONNECT_SECONDS, seconds),
            user_agent_override="Parley",
        )
    )
    session.trust_env = False  # a proxy would resolve the name again, and netrc holds secrets
    return session


def _read(answer: requests.Response, deadline: float, max_bytes: int) -> bytes:
    body = b""
    for piece in answer.iter_content(1024):
        body += piece
        if len(body) >= max_bytes:
            break
        if time.monotonic() > deadline:
            raise Unreachable("too slow")
    return body[:max_bytes]
