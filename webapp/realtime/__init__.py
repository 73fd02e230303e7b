"""Socket.IO: what a browser may say, and which fact goes to which room."""

from flask import Flask


def register_realtime(app: Flask) -> None:
    """Registers commands, broadcasts and what follows from lost access."""
    from webapp.realtime import boards, broadcasts, commands, late, presence, revocation, server
    from webapp.services import feed, meter

    commands.register()
    broadcasts.register()
    presence.register()
    boards.register()
    late.register()
    feed.register()
    meter.register()
    server.register_metrics()
    revocation.register(app)
