"""Somebody who watches one chat on a line that keeps breaking, and all they are told, for the reducers."""

import random
import time
from threading import Event as Signal
from typing import Any

from tests.support import node
from tests.support.live import Customer, Desk

AGENT = """
import {newThreads, reduceThreads} from './static/js/agent/thread-state.js';
let text = ''; for await (const piece of process.stdin) text += piece;
const {id, tape} = JSON.parse(text);
const act = ([kind, body]) => kind === 'state'
  ? {type: 'thread/snapshot', snapshot: body}
  : {type: 'thread/events', id, events: kind === 'replay' ? body.events : [body]};
const {events, gap} = tape.map(act).reduce(reduceThreads, newThreads()).byId[id];
console.log(JSON.stringify({events, gap}));
"""
CUSTOMER = """
import {emptyThread, hasGap, withEvent, withReplay, withSnapshot} from './static/js/chat/thread-state.js';
let text = ''; for await (const piece of process.stdin) text += piece;
const act = {state: withSnapshot, replay: withReplay, event: (thread, event) => withEvent(thread, event)};
const thread = JSON.parse(text).tape.reduce((known, [kind, body]) => act[kind](known, body), emptyThread);
console.log(JSON.stringify({events: thread.events, gap: hasGap(thread) || thread.outdated}));
"""


class Viewer:
    """Follows docs/realtime.md: joins, takes the state, hears, and after each break asks for what came since.

    `tape` is all that the server said, in the order in which it came.
    """

    def __init__(self, browser: Desk | Customer, ticket_id: str, seed: int) -> None:
        self.browser, self.ticket_id, self.dice = browser, ticket_id, random.Random(seed)
        self.tape: list[tuple[str, Any]] = []
        self.last, self.is_new = 0, True
        self.waits: list[float] = []
        self.done = Signal()
        browser.hear = self.hear  # type: ignore[method-assign]

    def hear(self, name: str, body: Any = None) -> None:
        """An event that joins on moves `last`; one beyond a gap waits for the replay."""
        if name == "ticket.event" and body["ticket_id"] == self.ticket_id:
            self._note("event", body, [body])

    def _note(self, kind: str, body: Any, events: list[Any]) -> None:
        with self.browser.changed:
            self.tape.append((kind, body))
            for event in events:
                if event["seq"] == self.last + 1 or kind == "state":
                    self.last = max(self.last, event["seq"])
            self.browser.changed.notify_all()

    def live(self) -> None:
        """Stays a while, is cut off, comes back, until all is written; the last time after that."""
        while not self.done.is_set():
            self.done.wait(self.dice.uniform(0.1, 0.5))
            self.browser.line.cut()
            self.done.wait(self.dice.uniform(0.05, 0.4))
            self.come_back()

    def come_back(self) -> None:
        """A new connection, and all that was missed."""
        self.browser.connect()
        began = time.monotonic()
        self.catch_up()
        self.waits.append(time.monotonic() - began)

    def catch_up(self) -> None:
        """Takes the state (staff join by it, each time) and what came after the last event, page by page."""
        state = self._state() if self.is_new or isinstance(self.browser, Desk) else None
        page = {"has_more": not self.is_new}
        while page["has_more"]:
            before, page = self.last, self._replay()
            assert page["reset"] is False
            self._note("replay", page, page["events"])
            assert self.last > before or not page["has_more"], "the replay leads nowhere"
        if state:
            self._note("state", state, state["events"])
        self.is_new = False

    def _state(self) -> Any:
        if isinstance(self.browser, Desk):
            return self.browser.must("ticket.open", {"ticket_id": self.ticket_id})
        return self.browser.must("chat.resume", {})

    def _replay(self) -> Any:
        if isinstance(self.browser, Desk):
            return self.browser.get(f"tickets/{self.ticket_id}/events", after=self.last, limit=100).json()
        return self.browser.get("events", ticket=self.ticket_id, after=self.last, limit=100).json()

    def shown(self) -> list[dict[str, Any]]:
        """The thread as the page's own reducer makes it of all that was said; without a gap."""
        script = AGENT if isinstance(self.browser, Desk) else CUSTOMER
        made: Any = node.evaluate(script, {"id": self.ticket_id, "tape": self.tape})
        assert not made["gap"]
        return list(made["events"])
