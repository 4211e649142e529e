"""Streams whose answers are bytes already: what many readers get is encoded once."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc


class EncodedStreams:
    """Registers handlers as the generated code has them, but for some streams that write bytes."""

    def __init__(self, server: grpc.aio.Server, names: frozenset[str]) -> None:
        self._server, self._names = server, names

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Wait for the handlers by name, which come next."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Register the handlers."""
        chosen = {name: self._handler(name, known) for name, known in handlers.items()}
        generic = grpc.method_handlers_generic_handler(service, chosen)
        self._server.add_generic_rpc_handlers((generic,))

    def _handler(self, name: str, known: Any) -> Any:
        if name not in self._names:
            return known
        # Without a serializer, what the handler yields is written as it is.
        return grpc.unary_stream_rpc_method_handler(known.unary_stream, known.request_deserializer)


def register(
    add: Callable[[Any, Any], None], servicer: object, names: frozenset[str]
) -> Callable[[grpc.aio.Server], None]:
    """Return how a servicer is added to a server when some of its streams write bytes."""
    return lambda server: add(servicer, EncodedStreams(server, names))


def field(number: int, content: bytes) -> bytes:
    """Encode a field that holds a text, bytes or a message, around content that is encoded."""
    return b"".join((_varint(number << 3 | 2), _varint(len(content)), content))


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte, the eighth says that more follow
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
