"""Everything a browser complains of and asks for. What a test did not declare fails it."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# The browser's own words on an answer of 4xx or 5xx, and on a line that is cut.
NETWORK = r"Failed to load resource|WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED|net::ERR_"


@dataclass
class Watch:
    """What happened in the contexts that it watches."""

    problems: list[str] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)

    def over(self, context: Any) -> Any:
        """Watches a context; returns it."""
        context.on("console", self._said)
        context.on("weberror", lambda error: self.problems.append(f"page error: {error.error}"))
        context.on("dialog", self._asked)
        context.on("request", self._requested)
        context.on("page", lambda page: page.on("websocket", lambda line: self.sockets.append(line.url)))
        return context

    def expects(self, *patterns: str) -> None:
        """Declares complaints that belong to what the test does."""
        self.declared += patterns

    def check(self) -> None:
        """Fails with what nobody declared."""
        found = [text for text in self.problems if not any(re.search(one, text) for one in self.declared)]
        assert not found, "the browser complained:\n" + "\n".join(found)

    @property
    def urls(self) -> list[str]:
        """Every address that was asked for, websockets too."""
        return [request.url for request in self.requests] + self.sockets

    @property
    def origins(self) -> set[str]:
        """Whom the browser talked to."""
        parts = [urlsplit(url) for url in self.urls]
        return {part.netloc for part in parts if part.scheme in ("http", "https", "ws", "wss")}

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning", "assert"):
            place = message.location.get("url", "")
            self.problems.append(f"console {message.type}: {message.text} ({place})")

    def _requested(self, request: Any) -> None:
        self.requests.append(request)

    def _asked(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()
