"""A small OpenID provider on loopback: discovery, keys, both endpoints, PKCE and one-time codes."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_rsa = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
CLIENT_ID, SECRET = "parley-desk", "a client's secret of some length: äöü"


class OidcProvider:
    """Signs anybody in as `person`; `claims` replaces what its id_tokens say, `sign` how they are signed."""

    def __init__(self) -> None:
        self.person = {"sub": "user-1", "email": "maria@example.com", "email_verified": True, "name": "Maria"}
        self.claims: dict[str, Any] = {}
        self.without: tuple[str, ...] = ()
        self.discovery: dict[str, Any] = {}
        self.key, self.kid, self.alg = _rsa[0], "key-1", "RS256"
        self.shown: list[dict[str, Any]] | None = None
        self.sign = self._sign
        self.token_status, self.token_body = 200, None
        self.requests: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.is_running = True
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "OidcProvider":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Goes away; twice does no harm."""
        if self.is_running:
            self.is_running = False
            self.server.shutdown()
            self.server.server_close()

    def settings(self, **more: Any) -> dict[str, Any]:
        """What an admin types about it, and whatever else."""
        said = {"enabled": "1", "issuer": self.url, "client_id": CLIENT_ID, "secret": SECRET}
        return {**said, "label": "Acme account", **more}

    def rotate(self) -> None:
        """Another key, under another name; the old one is shown no more."""
        self.key, self.kid = _rsa[1], "key-2"

    # --- what it answers

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.discovery,
        }

    def keys(self) -> dict[str, Any]:
        return {"keys": [public_jwk(self.key, self.kid)] if self.shown is None else self.shown}

    def approve(self, location: str, **more: str) -> str:
        """What a person's browser does there: the address it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert set(asked["scope"].split()) >= {"openid", "email"}
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], **more})}"

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return 400, {"error": "invalid_grant"}
        if not self._knows(form, authorization):
            return 401, {"error": "invalid_client"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "PKCE"}
        if form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return self.token_status, self.token_body or {
            "access_token": "x",
            "token_type": "Bearer",
            "id_token": self.sign(self.id_token(asked)),
        }

    def _knows(self, form: dict[str, str], authorization: str) -> bool:
        if "client_secret_basic" not in self.document()["token_endpoint_auth_methods_supported"]:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, SECRET)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        return [unquote(part) for part in pair] == [CLIENT_ID, SECRET]

    def id_token(self, asked: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        said = {
            "iss": self.url,
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.claims,
        }
        return {name: value for name, value in said.items() if name not in self.without}

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, self.alg, headers={"kid": self.kid})


def public_jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    """The public half of a key as the provider shows it."""
    kind = (
        jwt.algorithms.ECAlgorithm
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else jwt.algorithms.RSAAlgorithm
    )
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}


def _handler(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.requests.append(self.path)
            pages = {"/.well-known/openid-configuration": provider.document, "/keys": provider.keys}
            found = pages.get(urlsplit(self.path).path)
            if found:
                self.answer(200, found())
            elif self.path.startswith("/authorize"):
                self.send_response(302)
                self.send_header("Location", provider.approve(self.path))
                self.end_headers()
            else:
                self.answer(404, {})

        def do_POST(self) -> None:
            provider.requests.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(*provider.redeem(form, self.headers.get("Authorization", "")))

        def answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
