"""Socket.IO packets as we take them."""

import re

import pytest
from socketio.packet import Packet

from tests.support import ROOT
from webapp.realtime import rooms, server
from webapp.realtime.packet import Malformed, StrictJSON, StrictPacket

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text, data",
    [
        ('2/agent,7["ticket.open",{"a":1}]', ["ticket.open", {"a": 1}]),
        ('2/agent,["ticket.open"]', ["ticket.open", None]),
        ('0/chat,{"token":"x"}', {"token": "x"}),
        ("0/agent", None),
        ("1/agent,", None),
    ],
)
def test_what_clients_send_is_read(text: str, data: object) -> None:
    assert StrictPacket(encoded_packet=text).data == data


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "2", "2[]", "2{}", "2[1]", '2["connect"]', '2["disconnect",1]', '2["*"]', '2["a",1,2]',
        '2["' + "a" * 61 + '"]', '51-["a",{}]', '61-[]', '3[1]', '2["a",NaN]', '2["a",' + "[" * 50_000, b"2",
        "4{}", "7", "2" + "1" * 200 + '["a"]', "0[1]", '0"x"', '2-["a"]', '29999999999-["a"]', "²", '2["a"',
    ],
)  # fmt: skip
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        StrictPacket(encoded_packet=text)


def test_what_we_send_is_what_the_library_sends() -> None:
    plain = Packet(2, ["a", {"b": "é"}], namespace="/agent", id=1).encode()
    assert StrictPacket(2, ["a", {"b": "é"}], namespace="/agent", id=1).encode() == plain
    with pytest.raises(ValueError, match="Out of range"):
        StrictJSON.dumps(float("nan"))


@pytest.mark.parametrize("room", ["", None, ["a"]])
def test_k33_nothing_is_emitted_without_a_room(room: object) -> None:
    with pytest.raises(ValueError, match="needs a room"):
        server.emit("ticket.event", {}, room=room, namespace=rooms.AGENT)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs a room"):
        server.emit("ticket.event", {}, room="x", namespace="/")


def test_k33_there_is_one_door_out() -> None:
    emitting = re.compile(
        r"socketio(\.server)?\.(emit|send)\(|broadcast\s*=|flask_socketio import .*\b(emit|send)\b"
    )
    found = {
        path.relative_to(ROOT / "webapp").as_posix(): emitting.findall(path.read_text())
        for path in (ROOT / "webapp").rglob("*.py")
        if emitting.search(path.read_text())
    }
    assert set(found) == {"realtime/server.py"}
    assert len(found["realtime/server.py"]) == 2
