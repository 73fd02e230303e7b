"""The guards of a websocket, without a network."""

import errno
import os
import warnings
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet
    from eventlet.event import Event
    from eventlet.websocket import FailedConnectionError, RFC6455WebSocket

    from webapp import green_socket

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 125, 65536])
@pytest.mark.parametrize("offset", [0, 1, 2, 3, 1001])
def test_fast_unmasking_is_unmasking(length: int, offset: int) -> None:
    data, mask = os.urandom(length), os.urandom(4)
    plain = RFC6455WebSocket._apply_mask(data, mask, offset=offset)
    assert green_socket.GuardedWebSocket._apply_mask(data, mask, offset=offset) == plain
    assert green_socket.GuardedWebSocket._apply_mask(data, mask, length=length, offset=offset) == plain


def test_fragments_are_counted_together() -> None:
    message = green_socket.CappedMessage(1, 1 << 20)
    message.push(b"x" * green_socket.MESSAGE_BYTES)
    with pytest.raises(FailedConnectionError, match=r"1009|too big"):
        message.push(b"x")


@pytest.mark.parametrize("size, fits", [(10, green_socket.WAITING_PACKETS), (300_000, 4)])
def test_a_client_that_does_not_read_is_cut_off(size: int, fits: int) -> None:
    waiting, cuts = green_socket.SendQueue(), []
    waiting.cut = lambda: cuts.append(1)
    packet: Any = SimpleNamespace(data="x" * size)
    for _ in range(fits):
        waiting.put(packet)
    assert (waiting.qsize(), cuts) == (fits, [])
    waiting.put(packet)
    waiting.put(packet)
    assert (waiting.qsize(), cuts) == (fits, [1])
    waiting.put(None)
    assert waiting.qsize() == fits + 1, "the writer's end must still get through"


def test_what_is_read_makes_room() -> None:
    waiting = green_socket.SendQueue()
    for _ in range(3 * green_socket.WAITING_PACKETS):
        waiting.put(SimpleNamespace(data={"a": 1}))
        waiting.get()
    assert (waiting.qsize(), waiting.waiting_bytes, waiting.dropped) == (0, 0, False)


@pytest.mark.parametrize("shared, served", [(True, [2, 1]), (False, [5, 1])])
def test_no_address_takes_more_than_its_share_of_the_connections(shared: bool, served: list[int]) -> None:
    pool, ended = green_socket.Connections(8, shared=shared), Event()
    counts: Counter[str] = Counter()

    def serve(state: list[Any]) -> None:
        counts[state[0][0]] += 1
        ended.wait()

    for port in range(5):
        pool.spawn(serve, [("192.0.2.1", port), None, "idle"])
    pool.spawn(serve, [("192.0.2.2", 1), None, "idle"])
    eventlet.sleep(0)
    assert list(counts.values()) == served
    ended.send()
    pool.waitall()
    assert not pool.open
    pool.spawn(serve, [("192.0.2.1", 9), None, "idle"])
    pool.waitall()
    assert counts["192.0.2.1"] == served[0] + 1


def test_what_makes_accepting_fail_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(green_socket, "sleep", lambda _seconds: None)
    answers: list[Any] = [OSError(errno.EMFILE, "Too many open files"), OSError(errno.ECONNABORTED, "x")]
    answers += [("client", "address"), OSError(errno.EBADF, "closed")]

    def accept() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    answers.insert(0, TimeoutError())
    waits: list[float] = []
    bare = SimpleNamespace(accept=accept, getsockname=lambda: "here", settimeout=waits.append)
    listener = green_socket.Listener(bare)
    assert waits, "somebody who shuts it is heard"
    assert listener.getsockname() == "here"
    assert listener.accept() == ("client", "address")
    with pytest.raises(OSError, match="closed"):
        listener.accept()


def test_text_that_is_none_is_no_message() -> None:
    message = green_socket.CappedMessage(1, 1 << 20, decoder=RFC6455WebSocket.UTF8Decoder())
    with pytest.raises(FailedConnectionError, match=r"1007|no text"):
        message.push(b"\xff\xff", final=True)
        message.getvalue()
