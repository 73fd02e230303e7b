"""What tests stand on: real PostgreSQL, Valkey, browser, node, and our own server as a child process.

Each module finds its program in a package that `python3 tools/dev.py setup` installs, else on the system,
and says how to get it where there is none. Nothing is skipped.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(sys.prefix)


class Missing(RuntimeError):
    """A program that a test needs is not on this machine."""
