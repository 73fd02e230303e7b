"""A process that does nothing but background work: `wsgi.py worker`."""

import logging
import signal
import time
from functools import partial
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Flask

from webapp import green, metrics
from webapp.services import meter
from webapp.tasks import schedule
from webapp.tasks.report import Follower
from webapp.tasks.timer import Timers
from webapp.tasks.worker import Worker

log = logging.getLogger(__name__)


class Quiet(WSGIRequestHandler):
    """Writes no line a request."""

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


def serve_metrics(app: Flask) -> WSGIServer | None:
    """Serves this process's metrics on METRICS_PORT, in a thread; None where it is not set."""
    settings = app.config["PARLEY"]
    upkeep = settings.upkeep
    if not upkeep.metrics_port:
        return None
    told = metrics.application(settings, partial(meter.read, app))
    server = make_server(upkeep.metrics_host, upkeep.metrics_port, told, handler_class=Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def run_worker(app: Flask, concurrency: int) -> None:
    """Does jobs, timers and schedules, and follows the ledger, until SIGTERM or SIGINT.

    Returns once what runs then has ended; what was left goes again when its lease has run out.
    """
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: signals.append(received))
    worker, timers, follower = Worker(app, concurrency=concurrency), Timers(app), Follower(app)
    worker.start()
    timers.start()
    follower.start()
    schedule.start(app)
    serve_metrics(app)
    log.info("the worker is ready")
    while not signals:
        time.sleep(0.1)
    timers.stop()
    follower.stop()
    green.stop_loops()
    log.info("the worker stopped" if worker.stop() else "the worker stopped before its jobs had ended")
