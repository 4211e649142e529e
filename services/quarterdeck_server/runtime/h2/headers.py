"""Header blocks of gRPC over HTTP/2: read with hpack, written without any state."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

import hpack

from quarterdeck_server.runtime.h2.frames import Code, ConnectionFault

MAX_HEADER_LIST_BYTES = 16_384
_STATUS_200 = b"\x88"
_CACHED_BLOCKS = 64
_UNITS_S = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_LARGEST_SHORT = 127

type Metadata = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a call."""

    path: str
    content_type: str
    encoding: str
    timeout_s: float | None
    metadata: Metadata


class HeaderReader:
    """Reads the header blocks of a connection.

    A block that only names entries of the table leaves the table as it is, so the same block means
    the same until another block changes the table: then it need not be decoded again.
    """

    def __init__(self) -> None:
        self._decoder = hpack.Decoder(max_header_list_size=MAX_HEADER_LIST_BYTES)
        self._known: dict[bytes, Opening] = {}

    def read(self, block: bytes) -> Opening:
        """Read a block. Raises ConnectionFault, for after a bad block the table is lost."""
        known = self._known.get(block)
        if known is not None:
            return known
        try:
            found = self._decoder.decode(block, raw=True)
        except hpack.OversizedHeaderListError as error:
            raise ConnectionFault(Code.ENHANCE_YOUR_CALM, "the headers are too large") from error
        except (hpack.HPACKError, ValueError, IndexError) as error:
            raise ConnectionFault(Code.COMPRESSION_ERROR, "the headers cannot be read") from error
        opening = _opening([(bytes(name), bytes(value)) for name, value, *_ in found])
        if _is_indexed(block):
            if len(self._known) < _CACHED_BLOCKS:
                self._known[block] = opening
        else:
            self._known.clear()
        return opening


def _is_indexed(block: bytes) -> bool:
    """Tell whether a block surely has only one-byte references to the table."""
    return all(0x80 < byte < 0xFF for byte in block)  # noqa: PLR2004 - RFC 7541, section 6.1


def _opening(found: list[tuple[bytes, bytes]]) -> Opening:
    pseudo: dict[str, str] = {}
    metadata: list[tuple[str, str | bytes]] = []
    for raw_name, raw_value in found:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name.startswith(":"):
            pseudo[name] = value
        elif name.endswith("-bin"):
            metadata.append((name, _binary(value)))
        else:
            metadata.append((name, value))
    if pseudo.get(":method") != "POST" or ":path" not in pseudo:
        raise ConnectionFault(Code.PROTOCOL_ERROR, "a request that is no call of gRPC")
    plain = {name: value for name, value in metadata if isinstance(value, str)}
    return Opening(
        pseudo[":path"],
        plain.get("content-type", ""),
        plain.get("grpc-encoding", "identity"),
        _timeout_s(plain.get("grpc-timeout")),
        tuple(one for one in metadata if not _is_of_transport(one[0])),
    )


def _is_of_transport(name: str) -> bool:
    return name in {"te", "content-type", "grpc-encoding", "grpc-accept-encoding", "grpc-timeout"}


def _binary(value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except binascii.Error as error:
        raise ConnectionFault(Code.PROTOCOL_ERROR, "metadata that is not base64") from error


def _timeout_s(text: str | None) -> float | None:
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if not number.isascii() or not number.isdigit() or len(number) > 8 or unit not in _UNITS_S:  # noqa: PLR2004 - as gRPC's specification has it
        raise ConnectionFault(Code.PROTOCOL_ERROR, "a grpc-timeout that is none")
    return int(number) * _UNITS_S[unit]


def _length(value: int) -> bytes:
    """Encode a length with a seven bit prefix (RFC 7541, section 5.1), no Huffman coding."""
    if value < _LARGEST_SHORT:
        return bytes((value,))
    found = bytearray((_LARGEST_SHORT,))
    value -= _LARGEST_SHORT
    while value > _LARGEST_SHORT:
        found.append(value & _LARGEST_SHORT | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def literal(fields: Iterable[tuple[str, str | bytes]]) -> bytes:
    """Encode fields as literals that no table remembers, so that no state is needed."""
    found = bytearray()
    for name, value in fields:
        key = name.lower().encode("latin-1")
        if isinstance(value, bytes) or name.endswith("-bin"):
            raw = value.encode("latin-1") if isinstance(value, str) else value
            text = base64.b64encode(raw).rstrip(b"=")
        else:
            text = value.encode("latin-1", "replace")
        found += b"\0" + _length(len(key)) + key + _length(len(text)) + text
    return bytes(found)


RESPONSE = _STATUS_200 + literal([("content-type", "application/grpc")])
"""What a response begins with."""

NOT_GRPC = b"\x08\x03415"
"""The answer to what is no call of gRPC: status 415, literal, its name from the static table."""


def trailers(code: int, details: str, metadata: Iterable[tuple[str, str | bytes]]) -> bytes:
    """Return what a response ends with."""
    fields: list[tuple[str, str | bytes]] = [("grpc-status", str(code))]
    if details:
        fields.append(("grpc-message", quote(details, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")))
    return literal([*fields, *metadata])
