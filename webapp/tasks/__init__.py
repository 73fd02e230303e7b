"""Background work."""

from flask import Flask


def register_tasks(app: Flask) -> None:
    """Registers the kinds of job."""
