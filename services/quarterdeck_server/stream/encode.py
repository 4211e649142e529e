"""Bytes for readers: events by joining, controls by protobuf.

The numbers of the fields come from the descriptors, so another kind of event is one more field of
``Event.payload`` and nothing here.
"""

import struct

from google.protobuf.descriptor import Descriptor

from quarterdeck.api.auth.v1 import permission_pb2
from quarterdeck.api.stream.v1.event_pb2 import Event
from quarterdeck.api.stream.v1.stream_service_pb2 import WatchResponse
from quarterdeck_server.stream import mapping
from quarterdeck_server.stream.domain import Control
from quarterdeck_server.stream.ports import Published

_VARINT, _FIXED64, _LENGTH_DELIMITED = 0, 1, 2
_TIME = struct.Struct("<Q")


def _permission_of_kinds() -> dict[str, str]:
    option = permission_pb2.read_permission
    return {
        field.name: permission_pb2.Permission.Name(
            field.GetOptions().Extensions[option]
        ).removeprefix("PERMISSION_")
        for field in Event.DESCRIPTOR.oneofs_by_name["payload"].fields
    }


KIND_PERMISSIONS = _permission_of_kinds()
"""The kinds of events, and the permission each needs, as the contract has them."""

KINDS = tuple(KIND_PERMISSIONS)


def varint(value: int) -> bytes:
    """Encode an unsigned number as protobuf does."""
    if value < 128:  # noqa: PLR2004 - seven bits
        return _SMALL[value]
    if value < 16_384:  # noqa: PLR2004 - fourteen bits
        return bytes((value & 127 | 128, value >> 7))
    if value < 2_097_152:  # noqa: PLR2004 - twenty-one bits
        return bytes((value & 127 | 128, value >> 7 & 127 | 128, value >> 14))
    found = bytearray()
    while value > 127:  # noqa: PLR2004 - seven bits
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


_SMALL = [bytes([value]) for value in range(128)]


def _tag(message: Descriptor, field: str, wire_type: int) -> bytes:
    return varint(message.fields_by_name[field].number << 3 | wire_type)


_CONTROLS = _tag(WatchResponse.DESCRIPTOR, "controls", _LENGTH_DELIMITED)
_EVENTS = _tag(WatchResponse.DESCRIPTOR, "events", _LENGTH_DELIMITED)
_TOPIC = _tag(Event.DESCRIPTOR, "topic", _LENGTH_DELIMITED)
_EPOCH = _tag(Event.DESCRIPTOR, "epoch", _VARINT)
_SEQUENCE = _tag(Event.DESCRIPTOR, "sequence", _VARINT)
_ROWS = _tag(Event.DESCRIPTOR, "rows", _VARINT)
_PUBLISH_TIME = _tag(Event.DESCRIPTOR, "publish_time_ns", _FIXED64)
_FIXED_BYTES = len(_ROWS) + len(_PUBLISH_TIME) + _TIME.size
_PAYLOADS = {kind: _tag(Event.DESCRIPTOR, kind, _LENGTH_DELIMITED) for kind in KINDS}


class WireEncoder:
    """Encodes what goes to readers as fields of a ``WatchResponse``."""

    def prefix(self, topic: str, epoch: int) -> bytes:
        """Return the fields of an event that all events of a topic and epoch share."""
        name = topic.encode()
        return b"".join((_TOPIC, varint(len(name)), name, _EPOCH, varint(epoch), _SEQUENCE))

    def event(self, prefix: bytes, kind: str, message: Published) -> bytes:
        """Join an event around its payload, which is not looked into."""
        payload = message.payload
        sequence, rows, size = varint(message.sequence), varint(message.rows), varint(len(payload))
        tag = _PAYLOADS[kind]
        around = len(prefix) + len(sequence) + len(rows) + len(tag) + len(size) + _FIXED_BYTES
        return b"".join(
            (
                *(_EVENTS, varint(around + len(payload)), prefix, sequence, _ROWS, rows),
                *(_PUBLISH_TIME, _TIME.pack(message.publish_time_ns), tag, size, payload),
            )
        )

    def control(self, control: Control) -> bytes:
        """Encode a control."""
        body = mapping.control_to(control).SerializeToString()
        return b"".join((_CONTROLS, varint(len(body)), body))
