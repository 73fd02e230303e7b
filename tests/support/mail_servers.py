"""Servers that speak the real protocols: SMTP by aiosmtpd, SendGrid's v3 API by hand, SES by moto."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.process import free_port


class SmtpServer:
    """Takes mail and keeps each envelope; `slow`: seconds between taking one and saying so."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.answer, self.slow = "250 OK", 0.0
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - its name
        import asyncio

        self.envelopes.append(envelope)
        await asyncio.sleep(self.slow)
        return self.answer

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.controller.port}?tls=off"


@contextmanager
def smtp_server() -> Iterator[SmtpServer]:
    """A mail server on the loopback address."""
    server = SmtpServer()
    server.controller.start()
    try:
        yield server
    finally:
        server.controller.stop()


class SendGrid:
    """`POST /v3/mail/send` as the real one answers it; what it took is in `mails`."""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.status, self.slow = 202, 0.0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        grid = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, slow = grid.status, grid.slow  # as they are when it is asked, not when it answers
                if status == 202:
                    grid.mails.append(body)
                grid.keys.append(self.headers["Authorization"])
                if self.path != "/v3/mail/send":
                    self.send_error(404)
                    return
                time.sleep(slow)
                self.send_response(status)
                self.send_header("X-Message-Id", f"sg-{len(grid.mails)}")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@contextmanager
def sendgrid_server() -> Iterator[SendGrid]:
    """A SendGrid on the loopback address."""
    grid = SendGrid()
    thread = threading.Thread(target=grid.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield grid
    finally:
        grid.server.shutdown()
        grid.server.server_close()
        thread.join()
