"""The program: `python wsgi.py [--workers N]` serves, `python wsgi.py <command> …` runs a command.

`app` is for `flask --app wsgi`. Serving patches the process for eventlet before anything else is imported;
commands stay unpatched.
"""

import os
import sys
import warnings

warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
SERVES = __name__ == "__main__" and len(sys.argv) == 1
if SERVES:
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")  # the system's own resolver, with its hosts file
    import eventlet

    eventlet.monkey_patch()

import errno
import gc
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from flask import Flask

from webapp.supervisor import LISTENER, is_orphaned, is_supervised, say_ready

log = logging.getLogger("parley")

DRAIN_SECONDS = 10
GOODBYE_SECONDS = 2  # for the sockets' last packets to leave
PARTING_SECONDS = 0.5  # for who was let in last to say what they want, which cutting idle lines would lose
IDLE_SECONDS = 75
READ_SECONDS = 60
GREENLETS = 10_000
OTHER_FILES = 500  # beside connections: the database's, uploads, logs
OTHER_COPY_SECONDS = 10
NUMBER = "PARLEY_NUMBER"  # which of the workers it is, from 0
_held: list[Any] = []  # locks that last as long as the process


def main() -> None:
    """Serves, or hands over to a command."""
    from webapp.config import ConfigError

    try:
        if SERVES:
            serve()
        elif sys.argv[1] == "--workers":
            supervise(sys.argv[2:])
        else:
            from webapp.cli import main as run_command

            sys.exit(run_command(sys.argv[1:]))
    except ConfigError as error:
        refuse(str(error), code=2)


def refuse(message: str, *, code: int = 1) -> NoReturn:
    """Ends the start with one plain message."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201
    os._exit(code)


def serve() -> None:
    """The whole life of a serving process."""
    from webapp import create_app

    gc.disable()
    app = create_app()
    settings = app.config["PARLEY"]
    listener = listen(settings.host, settings.port)
    prepare_database(app)
    demo = fill_demo(app) if settings.demo else None  # before anybody is served: it writes a past
    greet(app)
    keep_what_stays()
    server = Server(app, listener)
    server.start()
    eventlet.spawn(read_templates, app)
    if demo is not None:
        serve_shop(app, demo.inbox_key)
    log.info("Parley serves %s", settings.base_url)
    say_ready()
    server.wait_for_signal()
    server.drain()
    logging.shutdown()
    os._exit(0)


def keep_what_stays() -> None:
    """Garbage is looked for from now on, never among what was loaded: that takes a sixth of a second."""
    gc.collect()
    gc.freeze()
    gc.enable()


def read_templates(app: Flask) -> None:
    """Compiles every template before somebody asks for it: a report's, in one go, would stop everybody."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
        time.sleep(0.01)
    gc.freeze()


# --- before anybody is served ---------------------------------------------------------------------


def listen(host: str, port: int) -> socket.socket:
    """The listening socket; a port that is taken ends the start with one line."""
    if is_supervised():
        return socket.socket(fileno=int(os.environ[LISTENER]))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # Not SO_REUSEPORT, which eventlet.listen() sets: a second copy must fail, not steal half the clients.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(1024)
    except OSError as error:
        reason = "Address already in use" if error.errno == errno.EADDRINUSE else error.strerror
        refuse(f"Parley cannot listen on {host}:{port}: {reason}. Set PORT to another one.")
    # Accepted sockets inherit it; small answers otherwise wait for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def prepare_database(app: Flask) -> None:
    """Locks the database against a second lone process, migrates it, and checks the role it is used by."""
    import sqlalchemy as sa

    from webapp import migration, upgrade
    from webapp.extensions import db

    settings = app.config["PARLEY"]
    try:
        hold_database(settings)
        with migrating_alone(settings):
            upgrade.bring_up_to_date(settings)
        with app.app_context():
            problem = migration.role_problem(db.engine, settings)
    except sa.exc.OperationalError as error:
        refuse(f"Parley cannot open its database: {str(error.orig).strip().splitlines()[0]}")
    if problem:
        refuse(problem)


def hold_database(settings: Any) -> None:
    """Refuses a second process that could not tell this one's clients what happens."""
    if settings.is_sqlite:
        hold_sqlite_file(settings)
    else:
        hold_postgresql(settings)


def hold_sqlite_file(settings: Any) -> None:
    """Takes the lock file beside the SQLite file; the system frees it however the process ends."""
    import fcntl

    from sqlalchemy.engine import make_url

    database = make_url(settings.database_url).database
    if not database or database == ":memory:":
        return
    path = Path(f"{database}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock: IO[str] = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        refuse(
            f"Another Parley (process {lock.read().strip() or 'unknown'}) already uses {database}: "
            "one process per SQLite file. For more set DATABASE_URL to PostgreSQL and REDIS_URL."
        )
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    _held.append(lock)


def hold_postgresql(settings: Any) -> None:
    """Takes the database alone where there is no Redis to reach other processes' clients, else with others.

    A predecessor that is still draining is waited for.
    """
    from webapp.migration import SERVING_LOCK, owner_engine

    kind = "_shared" if settings.redis_url else ""
    connection = owner_engine(settings.database_url).connect().execution_options(isolation_level="AUTOCOMMIT")
    taking = f"SELECT pg_try_advisory_lock{kind}({SERVING_LOCK})"
    give_up_at = time.monotonic() + OTHER_COPY_SECONDS
    while not connection.exec_driver_sql(taking).scalar():
        if time.monotonic() > give_up_at:
            refuse(
                "Another Parley serves this database. Several processes need REDIS_URL, the same for all of "
                "them, to reach each other's clients."
            )
        time.sleep(0.2)
    _held.append(connection)


@contextmanager
def migrating_alone(settings: Any) -> Iterator[None]:
    """Lets processes that start together migrate one after the other."""
    if settings.is_sqlite:
        yield
        return
    from webapp.migration import SERVING_LOCK, owner_engine

    with owner_engine(settings.database_url).connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SERVING_LOCK + 1})")
        yield


# --- serving --------------------------------------------------------------------------------------


class Server:
    """The application behind a listening socket, with its background work, until a signal ends it."""

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        from webapp.green_socket import Listener
        from webapp.tasks.report import Follower
        from webapp.tasks.timer import Timers
        from webapp.tasks.worker import Worker

        self.app = app
        self.listener = Listener(listener)
        self.pool = connections(app.config["PARLEY"])
        self.worker = Worker(app)
        self.timers = Timers(app)
        self.follower = Follower(app)
        self.accepting: Any = None
        self.signals = 0

    def start(self) -> None:
        """Starts the background work and accepts connections."""
        from webapp import green
        from webapp.realtime import boards, bumps, late, presence, revocation, server
        from webapp.services import feed
        from webapp.tasks import schedule

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_signal)
        if self.app.config["PARLEY"].log_level == "DEBUG":
            log_requests(self.app)
        green.watch_for_stalls()
        if self.app.config["PARLEY"].jobs_in_web:  # else `wsgi.py worker` does it, in a process of its own
            self.worker.start()
            self.timers.start()
            schedule.start(self.app)
        self.follower.start()
        server.start()
        presence.start(self.app)
        revocation.start(self.app)
        bumps.start(self.app)
        boards.start(self.app)
        late.start(self.app)
        feed.start(self.app)
        self.accepting = accept(self.listener, self.app, self.pool)
        if self.app.config["PARLEY"].upkeep.metrics_port:
            eventlet.spawn(serve_metrics, self.app)

    def _note_signal(self, _number: int, _frame: Any) -> None:
        self.signals += 1
        if self.signals > 1:  # somebody is in a hurry
            os._exit(1)

    def wait_for_signal(self) -> None:
        """Sleeps until SIGTERM or SIGINT; a handler that does more than count could deadlock the hub."""
        while not self.signals and not is_orphaned():
            time.sleep(0.1)

    def drain(self) -> None:
        """Takes no more connections, sends the sockets elsewhere, lets requests and jobs finish."""
        from webapp import green
        from webapp.realtime import server

        log.info("draining")
        give_up_at = time.monotonic() + DRAIN_SECONDS
        self.app.extensions["parley_draining"] = True
        green.stop_loops()
        self.timers.stop()
        self.follower.stop()
        if is_supervised():  # others are there to let people in; alone we do so to the last
            self.listener.shut()
        server.say_goodbye()
        wait_while(server.is_connected, GOODBYE_SECONDS)
        self.listener.shut()
        time.sleep(PARTING_SECONDS)
        eventlet.kill(self.accepting)
        self.worker.stop(max(0, give_up_at - time.monotonic()))
        wait_while(self.pool.running, give_up_at - time.monotonic())
        log.info("stopped")


def wait_while(condition: Callable[[], Any], seconds: float) -> None:
    """Waits until a condition holds no more, at most so long."""
    give_up_at = time.monotonic() + seconds
    while condition() and time.monotonic() < give_up_at:
        time.sleep(0.02)


def connections(settings: Any) -> Any:
    """The greenlets that serve: as many as there may be files, for which the process takes what it may."""
    from webapp.green_socket import Connections

    return Connections(min(GREENLETS, allow_files() - OTHER_FILES), shared=not settings.proxy_hops)


def allow_files() -> int:
    """Raises the limit of open files, often 1,024, to what this process may have, and returns it."""
    import resource

    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = GREENLETS + OTHER_FILES
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return max(allowed, wanted)


def accept(listener: socket.socket, app: Callable[..., Any], pool: Any) -> Any:
    """Serves a WSGI application on a socket in the background; returns the greenlet to kill."""
    import eventlet.wsgi

    from webapp.green_socket import Listener, Protocol

    return eventlet.spawn(
        eventlet.wsgi.server,
        Listener(listener),
        app,
        custom_pool=pool,
        protocol=Protocol,
        log_output=False,  # its lines hold query strings and addresses
        keepalive=IDLE_SECONDS,
        socket_timeout=READ_SECONDS,
        debug=False,  # no traceback in a 500
    )


def serve_metrics(app: Flask) -> None:
    """Serves this process's metrics on a port of its own: METRICS_PORT, or that plus the worker's number."""
    from functools import partial

    from webapp.metrics import application
    from webapp.services import meter

    settings = app.config["PARLEY"]
    number = int(os.environ.get(NUMBER, "0"))
    address = (settings.upkeep.metrics_host, settings.upkeep.metrics_port + number)
    while True:
        try:
            listener = eventlet.listen(address, reuse_port=False)
            break
        except OSError:  # a predecessor that drains has it still
            time.sleep(1)
    accept(listener, application(settings, partial(meter.read, app)), eventlet.GreenPool(10))


def log_requests(app: Flask) -> None:
    """One line a request at level debug: the endpoint, never the address, which may hold a token."""
    from flask import g, request

    def began() -> None:
        g.began = time.perf_counter()

    def done(response: Any) -> Any:
        spent = (time.perf_counter() - g.get("began", time.perf_counter())) * 1000
        log.debug("%s %s %s %.1f ms", request.method, request.endpoint, response.status_code, spent)
        return response

    app.before_request(began)
    app.after_request(done)


# --- several processes ----------------------------------------------------------------------------


def supervise(arguments: list[str]) -> NoReturn:
    """Runs N serving processes on one socket that they inherit: see `webapp.supervisor`."""
    from webapp import supervisor
    from webapp.config import load_settings
    from webapp.log import configure

    settings = load_settings(os.environ)
    if len(arguments) != 1 or not arguments[0].isdigit() or not 1 <= int(arguments[0]) <= 64:
        refuse("usage: wsgi.py --workers N, with N from 1 to 64", code=2)
    if settings.is_sqlite or not settings.redis_url:
        refuse("--workers needs PostgreSQL (DATABASE_URL) and Redis (REDIS_URL).", code=2)
    configure(settings.log_level, settings.log_format, settings.upkeep)
    listener = listen(settings.host, settings.port)
    first = dict(os.environ)  # it makes the demo
    more = {**first, "DEMO": "0", "SECRET_KEY": settings.secret_key}
    environments = [first, *[more] * (int(arguments[0]) - 1)]
    numbered = [{**one, NUMBER: str(number)} for number, one in enumerate(environments)]
    sys.exit(supervisor.supervise([sys.executable, __file__], listener.fileno(), numbered))


# --- the demo -------------------------------------------------------------------------------------


def fill_demo(app: Flask) -> Any:
    """Makes sure that there is demo data and prints how to get in; None over somebody's own data."""
    from webapp.demo import ensure_demo

    return ensure_demo(app)


def greet(app: Flask) -> None:
    """Says how to set up an installation that has no workspace yet."""
    from webapp.services.workspace import first_run_hint

    with app.app_context():
        hint = first_run_hint()
    if hint:
        print(hint, flush=True)  # noqa: T201


def serve_shop(app: Flask, inbox_key: str) -> None:
    """Serves the shop that embeds the widget, on a port of its own: another origin than ours."""
    from webapp.demo_shop import make_shop

    settings = app.config["PARLEY"]
    address = (settings.host, settings.demo_port)
    try:
        listener = eventlet.listen(address, reuse_port=False)
    except OSError:
        log.warning("the demo's shop is not served: port %d is taken; set DEMO_PORT", settings.demo_port)
        return
    accept(listener, make_shop(settings.base_url, inbox_key), eventlet.GreenPool())


if __name__ == "__main__":
    main()
elif "FLASK_APP" in os.environ or "flask" in Path(sys.argv[0]).name:
    from webapp import create_app

    app = create_app()
