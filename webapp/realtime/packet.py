"""Socket.IO packets as we take them: text only, one payload, no name that the library keeps for itself."""

import json
from typing import Any

from socketio import packet

_RESERVED = frozenset({"connect", "connect_error", "disconnect", "*"})
_NAME_CHARS = 60


class Malformed(ValueError):
    """What a client sent is no packet that we take. Never shown, never logged with its text."""


def _refuse(_text: str) -> Any:
    raise ValueError


class StrictJSON:
    """The `json` module as Socket.IO wants it, for input by strangers: no NaN, no endless nesting."""

    @staticmethod
    def dumps(value: Any, **options: Any) -> str:
        """Compact JSON; NaN and Infinity are errors on the way out as well."""
        return json.dumps(value, allow_nan=False, **options)

    @staticmethod
    def loads(text: str) -> Any:
        """The value; `ValueError` for anything that is no JSON, or that is made to exhaust the parser."""
        try:
            return json.loads(text, parse_constant=_refuse)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class StrictPacket(packet.Packet):
    """Refuses binary attachments (their number is not limited), reserved names and odd shapes."""

    json = StrictJSON

    def __init__(self, *args: Any, encoded_packet: Any = None, **options: Any) -> None:
        if encoded_packet is not None and not encoded_packet:
            raise Malformed  # the library would take nothing for an event without a name
        super().__init__(*args, encoded_packet=encoded_packet, **options)

    def decode(self, encoded_packet: Any) -> int:
        """Reads a packet; an event's data is then `[name, payload]`, the payload None if there was none."""
        if not isinstance(encoded_packet, str):
            raise Malformed
        try:
            attachments = super().decode(encoded_packet)
        except (ValueError, TypeError, IndexError, AttributeError):
            raise Malformed from None
        if attachments or self.packet_type not in (
            packet.CONNECT,
            packet.DISCONNECT,
            packet.EVENT,
            packet.ACK,
        ):
            raise Malformed
        self._check()
        return 0

    def _check(self) -> None:
        if self.packet_type == packet.EVENT:
            self.data = _event(self.data)
        elif self.packet_type == packet.ACK:
            raise Malformed  # we never ask a client for one
        elif self.packet_type == packet.CONNECT and not isinstance(self.data, dict | None):
            raise Malformed


def _event(data: Any) -> list[Any]:
    if not isinstance(data, list) or not 1 <= len(data) <= 2 or not isinstance(data[0], str):
        raise Malformed
    if data[0] in _RESERVED or len(data[0]) > _NAME_CHARS:
        raise Malformed
    return [data[0], data[1] if len(data) == 2 else None]
