"""Redis tells the other processes which cached rows and live boards have changed: a hint, never waited for.

One that is lost costs nothing but freshness: what is cached lives five seconds, a board looks by itself.
"""

import json
import logging
import queue
import time
import uuid
from typing import Any

import redis
from flask import Flask

from webapp import cache, green
from webapp.realtime import boards
from webapp.realtime.backplane import OPTIONS, channel
from webapp.services import feed

log = logging.getLogger(__name__)

QUEUE = 2000
PAUSE_SECONDS = 1.0
BOARD, FEED = "board", "feed"


class Bumps:
    """Publishes this process's bumps and takes in those of the others."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.origin = uuid.uuid4().hex
        self.outgoing: queue.Queue[str] = queue.Queue(QUEUE)

    def send(self, kind: str, place: cache.Key) -> None:
        """Queues a bump; dropped where the queue is full."""
        body = {"from": self.origin, "cache": kind, "workspace": str(place[0]), "id": str(place[1])}
        try:
            self.outgoing.put_nowait(json.dumps(body))
        except queue.Full:
            log.debug("a bump was dropped")

    def take(self, text: Any) -> None:
        """Applies another process's bump; what is no bump of ours is passed over."""
        try:
            body = json.loads(text)
            if body["from"] == self.origin:
                return
            workspace_id = uuid.UUID(body["workspace"])
            if body["cache"] in (BOARD, FEED):
                feed.wake(workspace_id)
                if body["cache"] == BOARD:
                    boards.mark(workspace_id)
            else:
                cache.CACHES[body["cache"]].bump((workspace_id, uuid.UUID(body["id"])))
        except (ValueError, KeyError, TypeError):
            return

    def publish_forever(self) -> None:
        """Empties the queue; a Redis that is down is tried again with the next bump."""
        client: Any = None
        while True:
            text = self.outgoing.get()
            try:
                client = client or redis.Redis.from_url(self.url, **OPTIONS)
                client.publish(self.name, text)
            except redis.RedisError:
                client = None

    def listen_forever(self) -> None:
        """Takes in what the others publish, and begins again where Redis went away."""
        while True:
            try:
                with redis.Redis.from_url(self.url).pubsub(ignore_subscribe_messages=True) as heard:
                    heard.subscribe(self.name)
                    for message in heard.listen():
                        self.take(message["data"])
            except (redis.RedisError, OSError):
                time.sleep(PAUSE_SECONDS)


def start(app: Flask) -> None:
    """Starts both directions, where there is a Redis."""
    settings: Any = app.config["PARLEY"]
    if not settings.redis_url:
        return
    bumps = Bumps(settings.redis_url, f"{channel(settings)}:bumps")
    cache.on_bump(bumps.send)
    boards.on_touch(lambda workspace_id: bumps.send(BOARD, (workspace_id, workspace_id)))
    feed.on_commit(lambda workspace_id: bumps.send(FEED, (workspace_id, workspace_id)))
    green.spawn(bumps.publish_forever)
    green.spawn(bumps.listen_forever)
