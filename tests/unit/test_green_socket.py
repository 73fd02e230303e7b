"""The guards of a websocket, without a network."""

import os
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
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


def test_a_bucket_lets_bursts_pass_and_then_makes_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SimpleNamespace(at=0.0)
    monkeypatch.setattr(green_socket.time, "monotonic", lambda: now.at)
    bucket = green_socket.Bucket(per_second=10, burst=5)
    assert [bucket.take(1) for _ in range(5)] == [0] * 5
    assert bucket.take(1) == pytest.approx(0.1)
    assert bucket.take(2) == pytest.approx(0.3)
    now.at = 100
    assert bucket.take(5) == 0
    assert bucket.take(1) == pytest.approx(0.1)


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
