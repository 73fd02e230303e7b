"""A line between a browser and the server that a test can cut."""

import re
from typing import Any

from playwright.sync_api import BrowserContext, WebSocketRoute

SOCKETS = re.compile(r"/socket\.io/")


class Network:
    """A browser's way to the server: websockets and the API can be cut, pages always load."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.sockets = self.api = self.reads = True
        self.lines: list[WebSocketRoute] = []
        context.route_web_socket(SOCKETS, self._dial)
        context.route("**/api/v1/**", self._ask)

    def cut(self, *, api: bool = True) -> None:
        """No websocket any more, and with `api` no request either."""
        self.sockets, self.api = False, not api
        for line in self.lines:
            line.close(code=1012)
        self.lines.clear()

    def deafen(self) -> None:
        """What is written still goes out; nothing that is asked for comes back."""
        self.reads = False

    def mend(self) -> None:
        """As before."""
        self.sockets = self.api = self.reads = True

    def _dial(self, line: WebSocketRoute) -> None:
        if not self.sockets:
            line.close(code=1012)
            return
        line.connect_to_server()
        self.lines.append(line)

    def _ask(self, route: Any) -> None:
        if self.api and (self.reads or route.request.method != "GET"):
            route.fallback()
        else:
            route.abort("internetdisconnected")
