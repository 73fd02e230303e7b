"""Commands: `python wsgi.py <command>` and `flask <command>`."""

from flask import Flask


def register_cli(app: Flask) -> None:
    """Registers the commands."""
