"""Redis between the processes: a hint, never the truth, and never waited for.

Own clients are served at once; what other processes should hear goes through a bounded queue that one
background task empties. A Redis that is down or hangs costs messages there, which catch up from the ledger,
and no time here.
"""

import hashlib
import json
import logging
import queue
import time
from typing import Any

import socketio

from webapp import green, metrics
from webapp.config import Settings
from webapp.realtime import late

log = logging.getLogger(__name__)

QUEUE = 2000
OPTIONS = {"socket_timeout": 1, "socket_connect_timeout": 1, "health_check_interval": 15}
QUIET_SECONDS = 10


def channel(settings: Settings) -> str:
    """The installation's own channel: several may share a Redis, whose databases do not divide channels."""
    return "parley:" + hashlib.sha256(b"parley.channel:" + settings.secret_key.encode()).hexdigest()[:16]


class Backplane(socketio.RedisManager):
    """Socket.IO's Redis manager, with publishing taken off the path of whoever emits."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(str(settings.redis_url), channel=channel(settings), redis_options=dict(OPTIONS))
        self.outgoing: queue.Queue[Any] = queue.Queue(QUEUE)
        self.lost = 0
        self.quiet_until = 0.0

    def initialize(self) -> None:
        """Starts to listen and to publish, at the first connection."""
        super().initialize()
        green.spawn(self._publish_queued)

    def _handle_emit(self, message: dict[str, Any]) -> None:
        if message["event"] != "ticket.event" or late.take(message["data"][0]):
            super()._handle_emit(message)

    def _publish(self, data: Any) -> None:
        try:
            self.outgoing.put_nowait(data)
        except queue.Full:
            self._note_loss("the queue is full")

    def _publish_queued(self) -> None:
        client: Any = None
        while True:
            data = self.outgoing.get()
            try:
                client = client or self._connect()
                client.publish(self.channel, json.dumps(data))
            except Exception as error:  # noqa: BLE001 - a hint that is lost is no failure
                client = None
                self._note_loss(type(error).__name__)

    def _connect(self) -> Any:
        # One of its own: the listener's is in the middle of waiting.
        return self._get_redis_module().Redis.from_url(self.redis_url, **OPTIONS)

    def _note_loss(self, reason: str) -> None:
        self.lost += 1
        metrics.HINTS_LOST.inc()
        if time.monotonic() > self.quiet_until:
            log.warning(
                "Redis does not take what other processes should hear (%s); %s lost", reason, self.lost
            )
            self.quiet_until = time.monotonic() + QUIET_SECONDS
