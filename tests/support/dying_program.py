"""`dying_program.py N command …`: a command that `kill -9` ends when the schema's mark moves the Nth time."""

import itertools
import os
import signal
import sys
from typing import Any

import sqlalchemy as sa

from webapp.cli import main

if __name__ == "__main__":
    changes, last = itertools.count(1), int(sys.argv[1])

    @sa.event.listens_for(sa.Engine, "after_cursor_execute")
    def _die(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE alembic_version") and next(changes) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.exit(main(sys.argv[2:]))
