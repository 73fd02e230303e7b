"""HTML pages."""

from flask import Flask


def register_pages(app: Flask) -> None:
    """Registers the page blueprints."""
