"""Socket.IO: what a browser may say, and which fact goes to which room."""

from flask import Flask


def register_realtime(app: Flask) -> None:
    """Registers commands, broadcasts and what follows from lost access."""
    from webapp.realtime import broadcasts, commands, presence, revocation

    commands.register()
    broadcasts.register()
    presence.register()
    revocation.register(app)
