"""A process that does nothing but background work: `wsgi.py worker`."""

import logging
import signal
import time

from flask import Flask

from webapp import green
from webapp.tasks import schedule
from webapp.tasks.timer import Timers
from webapp.tasks.worker import Worker

log = logging.getLogger(__name__)


def run_worker(app: Flask, concurrency: int) -> None:
    """Does jobs, timers and schedules until SIGTERM or SIGINT; what runs then may finish.

    Returns once everything has ended; what was left goes again when its lease has run out.
    """
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: signals.append(received))
    worker, timers = Worker(app, concurrency=concurrency), Timers(app)
    worker.start()
    timers.start()
    schedule.start(app)
    log.info("the worker is ready")
    while not signals:
        time.sleep(0.1)
    timers.stop()
    green.stop_loops()
    log.info("the worker stopped" if worker.stop() else "the worker stopped before its jobs had ended")
