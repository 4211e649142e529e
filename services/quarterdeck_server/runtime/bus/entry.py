"""An entry of a stream of the bus: its fields, and the messages in it."""

from collections.abc import Collection, Iterable, Mapping

from quarterdeck_server.kernel import topics
from quarterdeck_server.runtime.bus import metrics, numbering
from quarterdeck_server.runtime.bus.message import Message, decode

DATA, EPOCH, FIRST = b"b", b"e", b"n"

type Entry = tuple[bytes, Mapping[bytes, bytes]]


def wanted(entries: Iterable[Entry], kinds: Collection[str]) -> tuple[Message, ...]:
    """Return the messages of the kinds, of all if empty; what is no batch is counted."""
    found: list[Message] = []
    for _, fields in entries:
        try:
            messages = _messages(fields)
        except (KeyError, ValueError):
            metrics.UNREADABLE.inc()
            continue
        found += (m for m in messages if not kinds or topics.kind(m.topic) in kinds)
    return tuple(found)


def position(identifier: bytes) -> tuple[int, int]:
    """Return the place of an entry, to compare it with another."""
    milliseconds, _, count = identifier.partition(b"-")
    return int(milliseconds), int(count)


def _messages(fields: Mapping[bytes, bytes]) -> tuple[Message, ...]:
    messages = decode(fields[DATA])
    if EPOCH not in fields:
        return messages
    epoch, first = int(fields[EPOCH]), int(fields[FIRST])
    return tuple(numbering.numbered(message, epoch, first) for message in messages)
