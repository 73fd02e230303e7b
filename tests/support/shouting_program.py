"""A real server that, asked to `/shout`, tells all staff more than one who does not read can take.

It goes at the pace of whoever reads best, so that somebody who does read is not lost on a busy machine.
"""

import os
import time

import eventlet

PACKETS = 20_000
WAITING = 100


def main() -> None:
    """Serves until it is killed."""
    import wsgi
    from webapp import create_app
    from webapp.extensions import socketio
    from webapp.realtime import rooms, server

    app = create_app()

    def fewest_waiting() -> int:
        return min((one.queue.qsize() for one in socketio.server.eio.sockets.values()), default=0)

    def shout(workspace_id: str) -> dict:
        for number in range(PACKETS):
            room = rooms.staff(workspace_id)  # type: ignore[arg-type]
            server.emit("shout", [number, "x" * 1000], room=room, namespace=rooms.AGENT)
            if number % 20 == 0:
                time.sleep(0.001)
            while fewest_waiting() > WAITING:
                time.sleep(0.001)
        return {"sockets": len(server.connections())}

    app.add_url_rule("/shout/<workspace_id>", view_func=shout)
    wsgi.accept(wsgi.listen("127.0.0.1", int(os.environ["PORT"])), app, eventlet.GreenPool())
    while True:
        time.sleep(1)


if __name__ == "__main__":
    eventlet.monkey_patch()
    main()
