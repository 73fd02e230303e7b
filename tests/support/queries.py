"""Counts what a piece of code asks the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

SESSION_WORDS = ("SELECT set_config", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")


class Queries:
    """The statements seen so far, without those that only hold sessions and workspaces together."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @property
    def count(self) -> int:
        """How many."""
        return len(self.statements)


@contextmanager
def counted() -> Iterator[Queries]:
    """Listens to every engine of this process."""
    found = Queries()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(SESSION_WORDS):
            found.statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)
