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
import uuid
from typing import Any

import socketio

from webapp import green, metrics
from webapp.config import Settings
from webapp.realtime import late
from webapp.services import viewing

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
        self.looks_seconds = settings.presence_expire_seconds
        self.lost = 0
        self.quiet_until = 0.0

    def initialize(self) -> None:
        """Starts to listen and to publish, at the first connection."""
        super().initialize()
        green.spawn(self._publish_queued)

    def _handle_emit(self, message: dict[str, Any]) -> None:
        """Shows an event to the sockets here, this process's own and the other processes' alike."""
        event, [body] = message["event"], message["data"]
        if event == "ticket.event" and not late.take(body):
            return
        if event == "presence.updated":
            message = {**message, "data": [self._with_other_looks(message["host_id"], body)]}
        super()._handle_emit(message)

    def _with_other_looks(self, process_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """What somebody does on a ticket by one process is not all that they do there."""
        who = uuid.UUID(body["ticket_id"]), uuid.UUID(body["user_id"])
        if process_id == self.host_id:
            return {**body, "state": viewing.state_of(*who)}
        return {**body, "state": viewing.view_elsewhere(process_id, *who, body["state"], self.looks_seconds)}

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
