"""What the API's doors cost, beside the simplest correct Flask view that does the same query or insert.

Those views stand in `plain_views`. Both are called as a server calls them, in turn, in the same run, with a
key whose use has been noted; what they write is taken back.
"""

import io
import json
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import EnvironBuilder

from tests.performance.plain_views import Sample, plain_app
from webapp.auth import acting_as
from webapp.database import Base, transaction
from webapp.extensions import db
from webapp.schemas.api_key import ServiceKeyIn
from webapp.services import api_key as keys
from webapp.services import permission

BEGIN, END = "<!-- begin: the doors, made by make bench -->", "<!-- end of the doors -->"
HEAD = (
    "| request | database | statements, simplest | ours | CPU, simplest | ours | times | bound |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)
BOUND = 2.0
ROUNDS = 30
TURNS = 10
COMMENTS = 5
TICKETS = "/api/v1/tickets"
BODY = {"title": "No light", "description": "Since Monday", "customer_email": "maria@example.com"}

Call = Callable[[], Any]


def measure(kind: str, desk: Any) -> tuple[list[str], list[str]]:
    """The lines of the table, and which bound is broken."""
    token = _key(desk)
    ticket_id = _conversation(desk, token)
    asked = {
        "GET a ticket": ("GET", f"{TICKETS}/{ticket_id}", None),
        "GET a list of 50": ("GET", f"{TICKETS}?limit=50", None),
        "POST a ticket": ("POST", TICKETS, BODY),
    }
    lines, problems = [], []
    for name, (method, path, sent) in asked.items():
        environ = _environ(method, path, sent, token)
        _call(
            desk.app, _environ("GET", f"{TICKETS}?limit=1", None, token)
        )  # notes the key's use, once a minute
        with _kept_nothing(desk) as connection:
            ours = partial(_call, desk.app, environ)
            answer, samples = _written(desk, ours)
            url = desk.environment["DATABASE_URL"]
            theirs = partial(_call, plain_app(url, connection, samples), environ)
            _check_same(answer, _written(desk, theirs), samples)
            counts = [_statements(desk, connection, call) for call in (theirs, ours)]
            seconds = _beside(desk, theirs, ours)
        times = seconds[1] / seconds[0]
        figures = [*map(str, counts), *(f"{each * 1000:.2f} ms" for each in seconds)]
        lines.append(f"| {name} | {kind} | {' | '.join(figures)} | {times:.2f} | {BOUND:g} |")
        if times > BOUND:
            problems.append(f"{name}: {times:.2f} times the CPU of the simplest view, {BOUND:g} are allowed")
    return lines, problems


def _key(desk: Any) -> str:
    with desk.inside(), acting_as(desk.make.actor(desk.make.user(role="admin"))), transaction():
        scopes = sorted(permission.permissions_of("admin") - keys.PERSONAL)
        return keys.create_service_key(ServiceKeyIn(name="Bench", role="admin", scopes=scopes))[1]


def _conversation(desk: Any, token: str) -> str:
    """A ticket of a customer who has written, and was answered."""
    body = {**BODY, "customer_email": "rosa@example.com"}
    found = json.loads(_call(desk.app, _environ("POST", TICKETS, body, token))[1])["ticket"]["id"]
    for number in range(COMMENTS):
        kind = "note" if number % 2 else "reply"
        said = {"client_id": str(uuid.uuid4()), "content": f"The fuse, perhaps ({number})", "kind": kind}
        _call(desk.app, _environ("POST", f"{TICKETS}/{found}/comments", said, token))
    return str(found)


def _environ(method: str, path: str, body: Any, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    builder = EnvironBuilder(method=method, path=path, json=body, headers=headers)
    try:
        return builder.get_environ()
    finally:
        builder.close()


def _call(app: Flask, environ: dict[str, Any]) -> Any:
    """A request as a server hands it over, without a client's own work."""
    sent = {**environ}
    if length := int(environ.get("CONTENT_LENGTH") or 0):
        environ["wsgi.input"].seek(0)
        sent["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
    statuses: list[str] = []
    answer = app.wsgi_app(sent, lambda status, _headers, _error=None: statuses.append(status))
    body = b"".join(answer)
    assert statuses[0][0] == "2", (statuses, body)
    return statuses[0], body


@contextmanager
def _kept_nothing(desk: Any) -> Iterator[sa.Connection]:
    """Until it is left, all requests share one connection, and `_undone` takes back what they wrote."""
    with desk.app.app_context():
        engines, engine = db.engines, db.engine
        db.session.configure(join_transaction_mode="create_savepoint")
    with engine.connect() as connection:
        engines[None] = connection  # type: ignore[assignment]
        if not desk.is_sqlite:  # the plain views know nothing of row-level security
            scope = "SELECT set_config('app.workspace_id', %s, false)"
            connection.exec_driver_sql(scope, (str(desk.workspace.id),))
            connection.commit()
        try:
            yield connection
        finally:
            engines[None] = engine
    with desk.app.app_context():
        db.session.configure(join_transaction_mode="conditional_savepoint")


@contextmanager
def _taken_back(desk: Any) -> Iterator[sa.Connection]:
    with desk.app.app_context():
        connection: Any = db.engine
    outer = connection.begin()
    desk.app.extensions["parley_limiter"].reset()
    try:
        yield connection
    finally:
        outer.rollback()


def _cpu(desk: Any, call: Call) -> float:
    """The seconds of CPU that a call takes."""
    with _taken_back(desk):
        began = time.process_time()
        call()
        return time.process_time() - began


def _written(desk: Any, call: Call) -> tuple[Any, list[Sample]]:
    """What a call answers, and the rows that it adds; in the order in which they refer to each other."""
    models = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
    known = [table for table in Base.metadata.sorted_tables if table in models]
    with _taken_back(desk) as connection:
        before = {table: _ids(connection, table) for table in known}
        answer = json.loads(call()[1])
        samples = [
            (models[table], _values(models[table], row))
            for table in known
            for row in _rows(connection, table, _ids(connection, table) - before[table])
        ]
    return answer, samples


def _ids(connection: sa.Connection, table: Any) -> set[Any]:
    return set(map(tuple, connection.execute(sa.select(*table.primary_key.columns))))


def _rows(connection: sa.Connection, table: Any, ids: set[Any]) -> list[Any]:
    own = sa.tuple_(*table.primary_key.columns)
    return list(connection.execute(sa.select(table).where(own.in_(sorted(ids)))).mappings()) if ids else []


def _values(model: Any, row: Any) -> dict[str, Any]:
    """By the model's attributes; keys that the database counts are left to it."""
    attributes = sa.inspect(model).column_attrs
    return {
        one.key: row[one.columns[0].name]
        for one in attributes
        if not (one.columns[0].primary_key and isinstance(one.columns[0].type, sa.Integer))
    }


def _check_same(ours: Any, theirs: tuple[Any, list[Sample]], samples: list[Sample]) -> None:
    """Both answer alike; a new ticket leaves as many rows of each kind."""
    kinds = [sorted(model.__name__ for model, _ in rows) for rows in (samples, theirs[1])]
    assert kinds[0] == kinds[1], kinds
    if samples:
        ours, theirs = [sorted(answer["ticket"]) for answer in (ours, theirs[0])], None
        assert ours[0] == ours[1], ours
    else:
        differing = {name for name in ours if ours[name] != theirs[0][name]}
        assert differing <= {"next_cursor"}, differing


def _statements(desk: Any, connection: sa.Connection, call: Call) -> int:
    """How many statements a call sends, those that begin and end its transactions left out."""
    found: list[str] = []

    def listen(_conn: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        if "SAVEPOINT" not in sql:
            found.append(sql)

    sa.event.listen(connection, "before_cursor_execute", listen)
    _cpu(desk, call)
    sa.event.remove(connection, "before_cursor_execute", listen)
    return len(found)


def _beside(desk: Any, *calls: Call) -> list[float]:
    """Seconds of CPU that each takes, turn by turn."""
    spent: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, found in zip(calls, spent, strict=True):
            found.append(sum(_cpu(desk, call) for _ in range(TURNS)) / TURNS)
    return [statistics.median(found) for found in spent]
