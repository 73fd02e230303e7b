"""What every answer gets and every request passes, Socket.IO's handshake and static files included."""

from collections.abc import Callable, Iterable
from typing import Any

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self' blob:",
    "frame-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "lit-html",
}


def content_security_policy(**changes: str) -> str:
    """The policy as a header value; `frame_ancestors="…"` and the like change single directives."""
    directives = {**CSP, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return "; ".join(f"{name} {value}" for name, value in directives.items())


HEADERS = {
    "Content-Security-Policy": content_security_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cache-Control": "no-store",
}
HSTS = "max-age=31536000; includeSubDomains"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class SecurityHeaders:
    """Adds each header of `HEADERS` that an answer does not set itself."""

    def __init__(self, app: Application, *, secure: bool) -> None:
        self.app = app
        self.headers = {**HEADERS, **({"Strict-Transport-Security": HSTS} if secure else {})}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if not status.startswith("101"):
                present = {name.lower() for name, _ in headers}
                headers.extend(
                    (name, value) for name, value in self.headers.items() if name.lower() not in present
                )
            return start_response(status, headers, *rest)

        return self.app(environ, start)


class HostGuard:
    """Refuses unknown Host headers everywhere, and foreign or missing origins at Socket.IO's door.

    Flask's TRUSTED_HOSTS does not cover Socket.IO, whose own origin check trusts X-Forwarded-Host and lets a
    request without Origin pass.
    """

    def __init__(self, app: Application, *, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)
        self.origins = frozenset(origins)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if host_name(environ.get("HTTP_HOST", "")) not in self.hosts:
            return _refuse(start_response, "unknown host")
        if environ.get("PATH_INFO", "").startswith("/socket.io"):
            if environ.get("HTTP_ORIGIN") not in self.origins:
                return _refuse(start_response, "unknown origin")
            environ.pop("HTTP_X_FORWARDED_HOST", None)
        return self.app(environ, start_response)


def host_name(header: str) -> str:
    """The name in a Host header, lower case, without its port."""
    name, _, port = header.strip().lower().rpartition(":")
    return name if port.isdigit() and name else header.strip().lower()


def _refuse(start_response: Callable[..., Any], message: str) -> Iterable[bytes]:
    body = f'{{"code": "bad_request", "message": "{message}", "detail": []}}'.encode()
    start_response(
        "400 Bad Request", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body]
