"""Whether the process lives, and whether it should be sent anybody."""

from functools import lru_cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request

from webapp import green, metrics
from webapp.config import settings
from webapp.database import read_only
from webapp.errors import NotFound
from webapp.migration import head_revision
from webapp.pages.auth import public
from webapp.services import meter

bp = Blueprint("health", __name__)

PATIENCE_SECONDS = 1.0
VERSION = "SELECT version_num FROM alembic_version"


@bp.get("/healthz")
@public
def alive() -> dict[str, Any]:
    """The process answers; says nothing about the database."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def ready() -> tuple[dict[str, Any], int]:
    """The database answers in time, with the schema that we need, and the process is not stopping."""
    if current_app.extensions.get("parley_draining"):
        return {"status": "draining"}, 503
    problem = _database_problem()
    return ({"status": problem}, 503) if problem else ({"status": "ok"}, 200)


@bp.get("/metrics")
@public
def tell_metrics() -> Response:
    """What this process counts and measures, for a scraper that may read it."""
    if not metrics.may_read(request.environ, settings()):
        raise NotFound("There is no such page")
    meter.read(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
    body, content_type = metrics.text(request.headers.get("Accept", ""))
    return Response(body, content_type=content_type)


def _database_problem() -> str | None:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    answers: list[str | None] = []
    answered = green.Waker()

    def ask() -> None:
        answers.append(_look(app))
        answered.wake()

    green.soon(ask)  # a database that hangs must not take this request along
    answered.wait(PATIENCE_SECONDS)
    return answers[0] if answers else "database does not answer"


def _look(app: Flask) -> str | None:
    try:
        with app.app_context(), read_only() as session:
            revision = session.connection().exec_driver_sql(VERSION).scalar()
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
        green.log_rarely(f"not ready: {type(error).__name__}")
        return "database does not answer"
    return None if revision == _head() else "schema is of another version"


@lru_cache(maxsize=1)
def _head() -> str:
    return head_revision()
