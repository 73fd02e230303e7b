"""`doctor`: looks at everything that an installation needs, one line each, and shows no secret."""

import base64
import http.client
import json
import os
import shutil
import smtplib
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import click
import redis
import sqlalchemy as sa

from webapp import migration
from webapp.backup import sqlite
from webapp.config import MEBIBYTE, VERSION, Settings, is_loopback, settings
from webapp.extensions import db
from webapp.integrations.smtp import connected

OK, WARNING, FAIL = "ok", "warning", "fail"
SECONDS = 5.0
NONE_YET = "there is none yet: `wsgi.py migrate` or the first start makes it"
CLOCK_WARNS, CLOCK_FAILS = 2.0, 30.0
DISK_WARNS, DISK_FAILS = 1024 * MEBIBYTE, 100 * MEBIBYTE


@dataclass(frozen=True)
class Finding:
    """What was found: `state` is ok, warning or fail."""

    name: str
    state: str
    says: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def doctor(as_json: bool) -> None:
    """Look whether everything that Parley needs is there; ends with 1 if something is not."""
    found = list(examine(settings()))
    is_well = all(finding.state != FAIL for finding in found)
    if as_json:
        click.echo(json.dumps({"ok": is_well, "checks": [asdict(finding) for finding in found]}, indent=1))
    else:
        for finding in found:
            click.echo(f"{finding.state:<8} {finding.name:<10} {finding.says}")
    click.get_current_context().exit(0 if is_well else 1)


def examine(current: Settings) -> Iterator[Finding]:
    """A finding for each thing to look at; one that cannot be looked at fails, and the others go on."""
    for name, look in CHECKS.items():
        try:
            state, says = look(current)
        except (OSError, sa.exc.SQLAlchemyError, redis.RedisError, smtplib.SMTPException) as error:
            state, says = FAIL, _reason(error)
        yield Finding(name, state, says)


def _reason(error: Exception) -> str:
    """An error in words that hold no address and no password: what a driver says may repeat both."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, sa.exc.DBAPIError):
        return str(error.orig).strip().partition("\n")[0]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"does not answer as it should ({type(error).__name__})"


def _settings(current: Settings) -> tuple[str, str]:
    doubts = []
    if not current.is_secure and not is_loopback(urlsplit(current.base_url).hostname or ""):
        doubts.append("BASE_URL is not https: passwords travel in the open")
    if current.is_secure and not current.proxy_hops:
        doubts.append("BASE_URL is https, but PROXY_HOPS is 0: every visitor has the proxy's address")
    if current.sqlite_synchronous != "FULL" and current.is_sqlite:
        doubts.append("SQLITE_SYNCHRONOUS may lose the last messages when the power fails")
    if current.allow_rls_bypass:
        doubts.append("ALLOW_RLS_BYPASS opens one of the locks between workspaces")
    if doubts:
        return WARNING, "; ".join(doubts)
    return OK, f"Parley {VERSION} at {current.base_url}"


def _is_missing(current: Settings) -> bool:
    """Whether there is no SQLite file yet; opening it would make one."""
    return current.is_sqlite and not sqlite.database_file(current.database_url).exists()


def _database(current: Settings) -> tuple[str, str]:
    if _is_missing(current):
        return WARNING, NONE_YET
    began = time.perf_counter()
    version = "sqlite_version()" if current.is_sqlite else "current_setting('server_version')"
    with db.engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT {version}").scalar_one()
    kind = "SQLite" if current.is_sqlite else "PostgreSQL"
    return OK, f"{kind} {found}, answers in {(time.perf_counter() - began) * 1000:.0f} ms"


def _role(current: Settings) -> tuple[str, str]:
    if current.is_sqlite:
        return OK, "not needed on SQLite"
    problem = migration.role_problem(db.engine, current)
    return (
        (FAIL, " ".join(problem.split())) if problem else (OK, f"{current.database_role} sees one workspace")
    )


def _schema(current: Settings) -> tuple[str, str]:
    own = migration.head_revision()
    found = None if _is_missing(current) else migration.current_revision(current)
    if found is None:
        return WARNING, NONE_YET
    if found == own:
        return OK, f"at {found}"
    if migration.is_known(found):
        return WARNING, f"at {found}, this program's is {own}: the next start migrates it"
    return WARNING, f"at {found}, newer than this program's {own}"


def _disk(current: Settings) -> tuple[str, str]:
    current.instance_path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=current.instance_path) as file:
        file.write(b"a")
    free = shutil.disk_usage(current.instance_path).free
    state = FAIL if free < DISK_FAILS else WARNING if free < DISK_WARNS else OK
    return state, f"{free / 1e9:,.1f} GB free for database and files"


def _clock(current: Settings) -> tuple[str, str]:
    if current.is_sqlite:
        return OK, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, the database's own"
    with db.engine.connect() as connection:
        before = datetime.now(UTC)
        theirs = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        here = before + (datetime.now(UTC) - before) / 2
    apart = abs((theirs - here).total_seconds())
    state = FAIL if apart > CLOCK_FAILS else WARNING if apart > CLOCK_WARNS else OK
    return state, f"{apart:.1f} s from the database's"


def _mail(current: Settings) -> tuple[str, str]:
    mail = current.mail
    if mail.providers == ("outbox",):
        return (
            WARNING,
            "nobody carries it: it lies in INSTANCE_PATH/outbox, but for workspaces with a provider",
        )
    if mail.smtp:
        with connected(mail.smtp, SECONDS) as server:
            server.noop()
    return OK, f"by {', '.join(mail.providers)}" + (f"; {mail.smtp.host} answers" if mail.smtp else "")


def _redis(current: Settings) -> tuple[str, str]:
    if not current.redis_url:
        return OK, "not used: one process"
    began = time.perf_counter()
    options: dict[str, Any] = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
    with redis.Redis.from_url(current.redis_url, **options) as client:
        client.ping()
    if _is_open(current.redis_url):
        return WARNING, "whoever reaches it can speak to every browser: give it a password, or an ACL"
    return OK, f"answers in {(time.perf_counter() - began) * 1000:.0f} ms"


def _is_open(redis_url: str) -> bool:
    """Whether others than this machine might use it without a password."""
    parts = urlsplit(redis_url)
    return parts.scheme != "unix" and not parts.password and not is_loopback(parts.hostname or "localhost")


def _websocket(current: Settings) -> tuple[str, str]:
    """The way that a browser takes: the address that people use, through whatever is in front."""
    parts = urlsplit(current.base_url)
    kind = http.client.HTTPSConnection if current.is_secure else http.client.HTTPConnection
    line = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Origin": current.origin,
    }
    try:
        line.request("GET", "/socket.io/?EIO=4&transport=websocket", headers=headers)
        answer = line.getresponse()
    except (ConnectionRefusedError, socket.gaierror):  # doctor may come before the first start
        return WARNING, f"nobody serves {current.base_url} at the moment"
    except http.client.HTTPException as error:
        return FAIL, _reason(error)
    finally:
        line.close()
    if answer.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
        return OK, f"opens at {current.base_url}"
    cure = "the proxy has to pass `Upgrade` and `Connection` on"
    return FAIL, f"{current.base_url} answers {answer.status} instead of opening one: {cure}"


CHECKS: dict[str, Callable[[Settings], tuple[str, str]]] = {
    "settings": _settings,
    "database": _database,
    "role": _role,
    "schema": _schema,
    "disk": _disk,
    "clock": _clock,
    "mail": _mail,
    "redis": _redis,
    "websocket": _websocket,
}
