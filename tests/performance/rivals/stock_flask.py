"""Stock Flask-SocketIO on eventlet, each message a bare ORM insert and commit: PORT, DATABASE_URL."""

# ruff: noqa: E402 - patched before anything else is imported, as its documentation asks
import warnings

warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
import eventlet

eventlet.monkey_patch()

import sys
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_socketio import SocketIO, emit, join_room
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

PORT, URL = int(sys.argv[1]), sys.argv[2]


class Base(DeclarativeBase):
    pass


class Message(Base):
    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    client_id: Mapped[str] = mapped_column(sa.String(64))
    sender: Mapped[str] = mapped_column(sa.String(32))
    content: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


engine = sa.create_engine(URL, **({"pool_size": 20} if URL.startswith("postgresql") else {}))
if URL.startswith("sqlite"):

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # as durable as ours


Base.metadata.create_all(engine)
app = Flask(__name__)
socketio = SocketIO(app, async_mode="eventlet", cors_allowed_origins="*", transports=["websocket"])


@socketio.on("join")
def join(body: dict[str, Any]) -> dict[str, Any]:
    join_room(f"ticket:{body['ticket_id']}")
    join_room("queue")
    return {"ok": True}


@socketio.on("comment.create")
def create_comment(body: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    with Session(engine) as session:
        given = {name: body[name] for name in ("ticket_id", "client_id", "content")}
        message = Message(**given, sender="agent", created_at=now)
        session.add(message)
        session.commit()
        made = {**given, "id": message.id, "sender": "agent", "created_at": now.isoformat()}
    emit("ticket.event", made, to=f"ticket:{body['ticket_id']}")
    return {"ok": True, "data": {"id": made["id"]}}


@socketio.on("queue.update")
def update_queue(body: dict[str, Any]) -> dict[str, Any]:
    emit("ticket.row", body, to="queue")
    return {"ok": True}


@app.route("/healthz")
def health() -> str:
    return "ok"


if __name__ == "__main__":
    socketio.run(app, host="127.0.0.1", port=PORT, max_size=20_000)
