"""Customers' own sites: any name under .localhost is a site of its own, with the pages a test gives it."""

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.support import process

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """Says nothing."""


class Sites(process.Startable):
    """`sites["shop"] = application` serves it at `sites.origin("shop")`."""

    def __init__(self) -> None:
        self.applications: dict[str, Application] = {}
        self.server = make_server("127.0.0.1", 0, self._answer, _Server, _Quiet)

    def start(self) -> "Sites":
        """Serves."""
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def close(self) -> None:
        """Stops."""
        self.server.shutdown()
        self.server.server_close()

    def origin(self, name: str) -> str:
        """The origin of the site with that name."""
        return f"http://{name}.localhost:{self.server.server_port}"

    def __setitem__(self, name: str, application: Application) -> None:
        self.applications[name] = application

    def page(self, name: str, body: str, *, head: str = "", policy: str = "") -> str:
        """One page at every path of a site; returns its address."""
        self[name] = page(body, head=head, policy=policy)
        return self.origin(name) + "/"

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = environ.get("HTTP_HOST", "").partition(".")[0]
        return self.applications[name](environ, start_response)


def page(body: str, *, head: str = "", policy: str = "") -> Application:
    """An application with one page, which may set a policy for itself."""
    content = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The shop</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"{head}</head><body>{body}</body></html>"
    ).encode()

    def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(content)))]
        start_response("200 OK", [*headers, *([("Content-Security-Policy", policy)] if policy else [])])
        return [content]

    return application
