"""What travels on the bus, and its form between processes.

A batch is joined from records: a fixed header, the topic, the payload. The bus parses nothing of
it, and a payload is copied, never decoded, on its way from a producer to a reader.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from quarterdeck_server.runtime.bus.share import WHOLE, Share

# The bytes of the topic and of the payload, the rows, the epoch, the sequence, the publish time.
_HEADER = struct.Struct("<HIIQQq")


class Message(NamedTuple):
    """A payload on a topic; ``payload`` is the encoded noun of the topic's kind.

    ``sequence`` is that of the first row and ``rows`` how many sequence numbers it takes. Kinds
    that begin with "_" stay between our processes.
    """

    topic: str
    epoch: int
    sequence: int
    rows: int
    publish_time_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order of their publishers.

    ``lost`` when some before them may be missing. ``away`` when the bus has not answered for a
    while, so nobody knows what is published; the next batch that is not, ends it. Both speak of
    the topics of ``share`` alone.
    """

    messages: tuple[Message, ...]
    lost: bool = False
    away: bool = False
    share: Share = WHOLE


def encode(messages: Iterable[Message]) -> bytes:
    """Join messages to bytes."""
    parts: list[bytes] = []
    for message in messages:
        topic = message.topic.encode()
        parts.append(
            _HEADER.pack(
                len(topic),
                len(message.payload),
                message.rows,
                message.epoch,
                message.sequence,
                message.publish_time_ns,
            )
        )
        parts += (topic, message.payload)
    return b"".join(parts)


def decode(data: bytes) -> tuple[Message, ...]:
    """Take bytes apart again; ValueError if they are not a batch."""
    messages = []
    place = 0
    try:
        while place < len(data):
            topic_bytes, payload_bytes, rows, epoch, sequence, time_ns = _HEADER.unpack_from(
                data, place
            )
            middle = place + _HEADER.size + topic_bytes
            place, start = middle + payload_bytes, place + _HEADER.size
            if place > len(data):
                raise ValueError("the batch ends within a message")
            topic = data[start:middle].decode()
            messages.append(Message(topic, epoch, sequence, rows, time_ns, data[middle:place]))
    except struct.error as error:
        raise ValueError("the batch ends within a header") from error
    return tuple(messages)
