"""Structured logs: one event a line, with the request's id and without personal data."""

import logging
import re
import sys
from typing import Any

import structlog

_PERSONAL = {
    "email",
    "content",
    "password",
    "token",
    "authorization",
    "cookie",
    "title",
    "description",
    "address",
}

_DETAIL = re.compile(r"DETAIL:.*?(?=\n\[SQL|\n\nThe above exception|\n\nDuring handling|\Z)", re.DOTALL)


def configure(level: str, form: str) -> None:
    """Sends structlog's and the standard library's records through one chain.

    `form`: `json` for machines, `text` for a terminal.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_personal_data,
        structlog.processors.format_exc_info,
        _without_rows,
    ]
    renderer = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # These two would write message bodies at INFO.
    for name in ("engineio", "socketio", "engineio.server", "socketio.server"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _without_personal_data(_logger: Any, _method: str, record: dict[str, Any]) -> dict[str, Any]:
    return {key: "(hidden)" if key.lower() in _PERSONAL else value for key, value in record.items()}


def _without_rows(_logger: Any, _method: str, record: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL's DETAIL repeats the row that was refused."""
    if "exception" in record:
        record["exception"] = _DETAIL.sub("DETAIL: (hidden)", record["exception"])
    return record
