"""Structured logs: one event a line, with the request's id and without personal data."""

import fcntl
import logging
import re
import sys
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

import structlog

from webapp.config import Upkeep

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


class LogFile(WatchedFileHandler):
    """A file that whichever process finds it full begins anew; the others notice. `kept` old ones stay.

    One that somebody else moves away (logrotate) is begun anew as well, without a signal.
    """

    def __init__(self, path: Path, most_bytes: int, kept: int) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self.path, self.most_bytes, self.kept = Path(self.baseFilename), most_bytes, kept

    def handle(self, record: logging.LogRecord) -> bool:
        """Writes a line. A full disk or a missing folder ends nothing: standard error tells of it."""
        try:
            return super().handle(record)
        except OSError:
            self.handleError(record)
            return False

    def reopenIfNeeded(self) -> None:  # noqa: N802 - asked before each line
        """Looks whether the file is full, and whether it is still the one that is open."""
        if self._is_full():
            self._make_room()
        super().reopenIfNeeded()

    def _is_full(self) -> bool:
        return bool(self.most_bytes) and self.path.exists() and self.path.stat().st_size >= self.most_bytes

    def _make_room(self) -> None:
        with Path(f"{self.path}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._is_full():  # another process was first
                return
            for number in range(self.kept - 1, 0, -1):
                with suppress(FileNotFoundError):
                    Path(f"{self.path}.{number}").replace(f"{self.path}.{number + 1}")
            self.path.replace(f"{self.path}.1")


def configure(level: str, form: str, upkeep: Upkeep | None = None) -> None:
    """Sends structlog's and the standard library's records through one chain.

    `form`: `json` for machines, `text` for a terminal. `upkeep`: names the file, if it is to be one.
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
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if upkeep and upkeep.log_file:
        handler = LogFile(upkeep.log_file, upkeep.log_file_bytes, upkeep.log_files)
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
