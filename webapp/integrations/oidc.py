"""An OpenID provider: its discovery document, the code flow with PKCE, and its word (the id_token) verified.

Requests go through `safe_http`, PyJWT checks signatures. Documents and keys are kept for an hour; a key that
is not among them makes us look again, but not more than once in ten seconds, whoever makes keys up.
"""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt

from webapp.auth import same
from webapp.config import is_loopback
from webapp.integrations import safe_http

KEEP_SECONDS = 3600
LOOK_AGAIN_SECONDS = 10
LEEWAY_SECONDS = 60
MAX_BYTES = 256 * 1024
MOST_KEPT = 100
# Nothing symmetric and never "none": a provider's public key must not pass for a shared secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")

Document = dict[str, Any]
_kept: dict[str, tuple[float, Document]] = {}


class Refused(Exception):
    """What the provider said is not acceptable; the text is for the log, and holds nothing secret."""


@dataclass(frozen=True)
class Client:
    """We, as the provider knows us. `private`: it may be on this machine or in a private network."""

    issuer: str
    client_id: str
    secret: str | None
    redirect_uri: str
    private: bool


@dataclass(frozen=True)
class Asked:
    """What one sign-in asked for, to be compared with what comes back."""

    state: str
    nonce: str
    verifier: str


def ask() -> Asked:
    """A new sign-in's three secrets."""
    return Asked(*(secrets.token_urlsafe(32) for _ in range(3)))


def authorization_url(client: Client, asked: Asked) -> str:
    """Where the browser goes to sign in. Raises `Refused` or `safe_http.Unreachable`."""
    endpoint = str(discover(client)["authorization_endpoint"])
    digest = hashlib.sha256(asked.verifier.encode()).digest()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "scope": "openid email profile",
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
    )
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"


def redeem(client: Client, asked: Asked, code: str) -> dict[str, Any]:
    """What the provider says of whoever came back with `code`: the id_token's claims, verified.

    Raises `Refused` or `safe_http.Unreachable`.
    """
    known = discover(client)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": asked.verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    _identify(client, known, form, headers)
    answer = safe_http.post(
        known["token_endpoint"], urlencode(form).encode(), headers, max_bytes=MAX_BYTES, **_reach(client)
    )
    body = _json(answer)
    if answer.status != 200 or not isinstance(body.get("id_token"), str):
        raise Refused(f"the token endpoint answered {answer.status}")
    return verify(client, asked, body["id_token"])


def _identify(client: Client, known: Document, form: dict[str, str], headers: dict[str, str]) -> None:
    """Our own proof: in a header, unless the provider wants it in the body (RFC 6749, 2.3.1)."""
    if client.secret is None:
        form["client_id"] = client.client_id
        return
    methods = known.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" in methods:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form.update(client_id=client.client_id, client_secret=client.secret)


def verify(client: Client, asked: Asked, id_token: str) -> dict[str, Any]:
    """The claims of an id_token: signed by the provider, for us, for this sign-in, now. Raises `Refused`."""
    try:
        key = _key_for(client, jwt.get_unverified_header(id_token))
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key,
            algorithms=list(ALGORITHMS),
            audience=client.client_id,
            issuer=client.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise Refused(f"id_token: {type(error).__name__}") from error
    audience = claims["aud"]
    shared = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if shared else client.client_id) != client.client_id:
        raise Refused("id_token: made for somebody else")
    if not same(str(claims.get("nonce", "")), asked.nonce):
        raise Refused("id_token: not of this sign-in")
    return claims


def _key_for(client: Client, header: dict[str, Any]) -> Any:
    if header.get("alg") not in ALGORITHMS:
        raise Refused("id_token: an algorithm that is not taken")
    uri = str(discover(client)["jwks_uri"])
    found = _key_in(_fetch(client, uri), header)
    if found is None:
        found = _key_in(_fetch(client, uri, again=True), header)
    if found is None:
        raise Refused("id_token: signed by an unknown key")
    return found


def _key_in(document: Document, header: dict[str, Any]) -> Any:
    """The public key that a token names; of a provider with one key, that one."""
    keys = [key for key in document.get("keys", []) if isinstance(key, dict) and _can_sign(key, header)]
    named = [key for key in keys if key.get("kid") == header.get("kid")] if "kid" in header else keys
    return jwt.PyJWK(named[0]).key if len(named) == 1 else None


def _can_sign(key: dict[str, Any], header: dict[str, Any]) -> bool:
    return (
        key.get("kty") in ("RSA", "EC", "OKP")
        and key.get("use", "sig") == "sig"
        and key.get("alg", header["alg"]) == header["alg"]
    )


# --- documents ------------------------------------------------------------------------------------


def discover(client: Client) -> Document:
    """The provider's discovery document. Raises `Refused` if it is none of this issuer's."""
    found = _fetch(client, f"{client.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != client.issuer:
        raise Refused("the discovery document names another issuer")
    for name in _ENDPOINTS:
        if not is_allowed(str(found.get(name, "")), private=client.private):
            raise Refused(f"the discovery document has no usable {name}")
    return found


def is_allowed(url: str, *, private: bool) -> bool:
    """Whether an address of a provider is one we would ask: https, or this machine where that is allowed."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.password or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and private and is_loopback(host))


def check(client: Client) -> None:
    """Reads the provider's documents anew. Raises `Refused` or `safe_http.Unreachable`."""
    forget()
    document = _fetch(client, str(discover(client)["jwks_uri"]))
    if not isinstance(document.get("keys"), list):
        raise Refused("the provider shows no keys")


def _fetch(client: Client, url: str, *, again: bool = False) -> Document:
    now = time.monotonic()
    if url in _kept and _kept[url][0] > now and not (again and _may_look_again(url, now)):
        return _kept[url][1]
    answer = safe_http.get(url, {"Accept": "application/json"}, max_bytes=MAX_BYTES, **_reach(client))
    if answer.status != 200:
        raise Refused(f"{urlsplit(url).path} answered {answer.status}")
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[url] = now + KEEP_SECONDS, _json(answer)
    return _kept[url][1]


_looked_again: dict[str, float] = {}


def _may_look_again(url: str, now: float) -> bool:
    if now - _looked_again.get(url, float("-inf")) < LOOK_AGAIN_SECONDS:
        return False
    _looked_again[url] = now
    return True


def forget() -> None:
    """Drops what was kept of every provider."""
    _kept.clear()
    _looked_again.clear()


def _reach(client: Client) -> dict[str, bool]:
    return {"allow_loopback": client.private, "allow_private": client.private}


def _json(answer: safe_http.Answer) -> Document:
    try:
        found = json.loads(answer.body)
    except ValueError:
        raise Refused("an answer that is no JSON") from None
    if not isinstance(found, dict):
        raise Refused("an answer that is no JSON object")
    return found
