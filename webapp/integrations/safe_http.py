"""Requests to addresses that somebody else chose: to public hosts only, without redirects, within limits.

The name is resolved once and the address checked and used, so that it cannot change in between.
"""

import ipaddress
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES, InvalidIPAddress, get_ip_address
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.exceptions import HTTPError

from webapp import green

CONNECT_SECONDS = 3.05
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
PIECE = 16_384


@dataclass(frozen=True)
class Answer:
    """What came back after `elapsed` seconds; `body` at most as long as was asked for, unpacked."""

    status: int
    headers: dict[str, str]
    body: bytes
    elapsed: float = 0.0
    is_cut: bool = False


class Unreachable(Exception):
    """No answer: refused by our rules, by the network, or not in time."""


def request(
    method: str,
    url: str,
    *,
    data: bytes | None = None,
    headers: dict[str, str] | None = None,
    seconds: float = 10,
    max_bytes: int = 4096,
    allow_http: bool = False,
    allow_loopback: bool = False,
    allow_private: bool = False,
) -> Answer:
    """Asks, and reads up to `max_bytes` of the unpacked answer, within `seconds` in all.

    Redirects are answers like any other. `allow_http`: also without https. `allow_loopback`: also to this
    machine, and without https. `allow_private`: also into private networks. Raises `Unreachable`.
    """
    _check(method, url, allow_http=allow_http or allow_loopback)
    started = time.monotonic()
    try:
        with green.deadline(seconds), _session(allow_loopback, allow_private, seconds) as session:
            answer = session.request(method, url, data=data, headers=_headers(headers), stream=True)
            with answer:
                body = _read(answer, started + seconds, max_bytes + 1)
    except (requests.RequestException, HTTPError, OSError, ValueError, zlib.error) as error:
        raise Unreachable(type(error).__name__) from error
    elapsed = time.monotonic() - started
    return Answer(answer.status_code, dict(answer.headers), body[:max_bytes], elapsed, len(body) > max_bytes)


def post(url: str, data: bytes, headers: dict[str, str], **limits: Any) -> Answer:
    """As `request`, by POST. Raises `Unreachable`."""
    return request("POST", url, data=data, headers=headers, **limits)


def get(url: str, headers: dict[str, str], **limits: Any) -> Answer:
    """As `request`, by GET. Raises `Unreachable`."""
    return request("GET", url, headers=headers, **limits)


def resolve(host: str, port: int, *, allow_loopback: bool = False) -> str:
    """The address to connect to, looked up once. Raises `Unreachable` if it is not public, `OSError`."""
    try:
        address = get_ip_address(host, port, allow_loopback)[0]
    except (InvalidIPAddress, AssertionError, UnicodeError):
        raise Unreachable("not a public address") from None
    if not is_public(str(address)) and not (allow_loopback and address.is_loopback):
        raise Unreachable("not a public address")
    return str(address)


def is_public(address: str) -> bool:
    """Whether an IP address can belong to somebody else's server on the internet."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    # `is_global` lets through, among others, IPv4-compatible, site-local and NAT64 addresses.
    if (
        getattr(found, "is_site_local", False)
        or found.is_multicast
        or found.is_reserved
        or not found.is_global
    ):
        return False
    return not any(found in network for network in EXTRA_BLOCKED_NET_RANGES)


def _check(method: str, url: str, *, allow_http: bool) -> None:
    if method not in METHODS:
        raise ValueError(method)
    try:
        parts = urlsplit(url)
        named = parts.username is not None or parts.password is not None
    except ValueError:
        raise Unreachable("not an address") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_http):
        raise Unreachable("not https")
    if named or not parts.hostname:
        raise Unreachable("not an address")


def _headers(given: dict[str, str] | None) -> dict[str, str]:
    return {"Accept-Encoding": "identity", **(given or {})}


class _PublicOnly(IPFilterAdapter):
    """Refuses also what the library lets through."""

    def build_connection_pool_key_attributes(self, *args: Any, **named: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **named)
        address = str(host["host"]).strip("[]")
        loopback = self._allow_loopback and ipaddress.ip_address(address).is_loopback
        if not (is_public(address) or loopback):
            raise InvalidIPAddress(address)
        return host, pool


def _session(allow_loopback: bool, allow_private: bool, seconds: float) -> HTTPSession:
    config = Config(
        ip_filter_enable=False,
        ip_filter_allow_loopback_ips=allow_loopback,
        never_redirect=True,
        default_timeout=(min(CONNECT_SECONDS, seconds), seconds),
        user_agent_override="Parley",
    )
    session = HTTPSession(config)
    session.trust_env = False  # a proxy would resolve the name again, and netrc holds secrets
    if not allow_private:
        session.mount("http://", _PublicOnly(is_https_proto=False, allow_loopback=allow_loopback))
        session.mount("https://", _PublicOnly(is_https_proto=True, allow_loopback=allow_loopback))
    return session


def _read(answer: requests.Response, deadline: float, most: int) -> bytes:
    """Up to `most` bytes, unpacked no further than that, so that nothing small becomes big here."""
    unpack = _unpacker(answer.headers.get("Content-Encoding", ""))
    body = b""
    while len(body) < most and (piece := answer.raw.read1(PIECE, decode_content=False)):
        body += unpack(piece, most - len(body))
        if time.monotonic() > deadline:
            raise Unreachable("too slow")
        green.pause()  # whoever sends without a break shall not hold up everybody
    return body


def _unpacker(encoding: str) -> Callable[[bytes, int], bytes]:
    """Takes a piece and how much may come of it. Ours, because urllib3 goes on while nothing comes of it."""
    if encoding.lower() in ("", "identity"):
        return lambda piece, most: piece[:most]
    if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        raise Unreachable(f"packed in a way not asked for: {encoding[:40]}")
    return zlib.decompressobj(wbits=zlib.MAX_WBITS + 32).decompress
