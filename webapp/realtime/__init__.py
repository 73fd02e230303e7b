"""Socket.IO: what a browser may say, and which fact goes to which room."""

from flask import Flask


def register_realtime(app: Flask) -> None:
    """Registers commands and broadcasts."""
