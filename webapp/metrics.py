"""What a process counts and measures of itself, for Prometheus; each process tells its own.

Others import these and count. Labels have few values, never a workspace, a person or an address.
"""

import hmac
from collections.abc import Callable
from typing import Any

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from webapp.config import VERSION, Settings, is_loopback
from webapp.middleware import host_name

disable_created_metrics()  # a third of the lines, for nothing

QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LONG = (0.1, 0.5, 1, 5, 15, 60, 300, 1800)

BUILD = Gauge("parley_build_info", "1, with the program's version.", ["version"])
BUILD.labels(VERSION).set(1)
MESSAGES = Counter("parley_messages", "Messages that this process committed.", ["kind", "author"])
REQUESTS = Histogram(
    "parley_request_seconds", "HTTP requests until their answer began.", ["area", "status"], buckets=QUICK
)
COMMANDS = Histogram(
    "parley_command_seconds", "Commands of browsers until their ack.", ["command", "ok"], buckets=QUICK
)
SOCKETS = Gauge("parley_sockets", "Sockets of this process that were let in.", ["namespace"])
PUSHED = Counter("parley_pushed", "Events that this process delivered to rooms of sockets.", ["event"])
FEED_LAG = Histogram(
    "parley_feed_lag_seconds",
    "From an event's time until its sockets here were told: by our own commit, or late from the ledger.",
    ["by"],
    buckets=QUICK,
)
HINTS_LOST = Counter("parley_redis_hints_lost", "What Redis did not carry to other processes.")
STALLS = Histogram(
    "parley_loop_stall_seconds", "How late the loop was, at each look.", buckets=(0.01, *QUICK[2:-2])
)
JOBS_DONE = Histogram(
    "parley_job_seconds",
    "Jobs that this process ran, mail and webhooks too.",
    ["type", "outcome"],
    buckets=LONG,
)
MAIL = Counter("parley_mail", "Mails of tickets that reached a state here.", ["state"])
DATABASE_UP = Gauge("parley_database_up", "1 if the database answered in time.")
JOBS = Gauge("parley_jobs", "Jobs of the installation, as its table says.", ["state"])
JOB_LAG = Gauge("parley_job_lag_seconds", "How long the oldest job has been due.")
TIMER_LAG = Gauge("parley_timer_lag_seconds", "How long the oldest deadline has been due.")
DISK_FREE = Gauge("parley_disk_free_bytes", "Room left where the files are.")


def text(accept: str) -> tuple[bytes, str]:
    """All of it in the form that a scraper asks for, and that form's content type."""
    encode, content_type = choose_encoder(accept)
    return encode(REGISTRY), content_type


FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_X_FORWARDED_HOST")


def may_read(environ: dict[str, Any], settings: Settings) -> bool:
    """Whether somebody may read them: who has METRICS_TOKEN, or without one who is on this machine.

    A proxy on this machine is none of them: it names a public host, or says for whom it asks.
    """
    token = settings.upkeep.metrics_token
    if token:
        shown = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ").encode()
        return hmac.compare_digest(shown, token.encode())
    is_here = is_loopback(environ.get("REMOTE_ADDR", "")) and is_loopback(
        host_name(environ.get("HTTP_HOST", ""))
    )
    return is_here and not any(name in environ for name in FORWARDED)


Read = Callable[[], None]


def application(settings: Settings, read: Read) -> Callable[..., list[bytes]]:
    """A WSGI application that tells them and nothing else; `read` looks at what is not counted as it goes."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if not may_read(environ, settings):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"METRICS_TOKEN, or this machine\n"]
        read()
        body, content_type = text(environ.get("HTTP_ACCEPT", ""))
        start_response("200 OK", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [body]

    return serve
