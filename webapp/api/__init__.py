"""REST under /api/v1: parse, one transaction, one service call, present."""

from typing import Any


def register_api(app: Any) -> None:
    """Registers the REST blueprints."""
