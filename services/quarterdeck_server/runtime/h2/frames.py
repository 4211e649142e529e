"""The frames of HTTP/2 (RFC 9113, section 6), as far as a server of gRPC needs them."""

import struct
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEADER_BYTES = 9
MAX_FRAME_BYTES = 16_384
"""What we accept in a frame, and what we send before a peer allows more: the protocol's default."""
LARGEST_FRAME_BYTES = 65_536
"""What we send in a frame even if a peer allows more: other streams want their turn."""
DEFAULT_WINDOW = 65_535
LARGEST_WINDOW = 2**31 - 1

END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY_FLAG = 0x1, 0x1, 0x4, 0x8, 0x20

_SETTING = struct.Struct(">HI")
_UINT32 = struct.Struct(">I")
_GOAWAY = struct.Struct(">II")


class Kind(IntEnum):
    """The types of frames."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Setting(IntEnum):
    """The settings that matter here."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class Code(IntEnum):
    """Why a stream or a connection ends."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


class ConnectionFault(Exception):
    """A peer broke the protocol, or asks for more than it may: its connection ends."""

    def __init__(self, code: Code, note: str) -> None:
        super().__init__(note)
        self.code, self.note = code, note


def frame(kind: Kind, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame."""
    length = len(payload).to_bytes(3)
    return b"".join((length, bytes((kind, flags)), stream.to_bytes(4), payload))


def settings(values: dict[Setting, int]) -> bytes:
    """Return a SETTINGS frame."""
    payload = b"".join(_SETTING.pack(key, value) for key, value in values.items())
    return frame(Kind.SETTINGS, 0, 0, payload)


def settings_of(payload: memoryview) -> list[tuple[int, int]]:
    """Read a SETTINGS frame."""
    if len(payload) % _SETTING.size:
        raise ConnectionFault(Code.FRAME_SIZE_ERROR, "SETTINGS of a wrong length")
    return list(_SETTING.iter_unpack(payload))


def window_update(stream: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE frame."""
    return frame(Kind.WINDOW_UPDATE, 0, stream, _UINT32.pack(increment))


def reset(stream: int, code: Code) -> bytes:
    """Return a RST_STREAM frame."""
    return frame(Kind.RST_STREAM, 0, stream, _UINT32.pack(code))


def goaway(last_stream: int, code: Code, note: str = "") -> bytes:
    """Return a GOAWAY frame."""
    return frame(Kind.GOAWAY, 0, 0, _GOAWAY.pack(last_stream, code) + note.encode()[:200])


def headers(stream: int, block: bytes, *, is_end: bool) -> bytes:
    """Return a header block as HEADERS, and CONTINUATION where it is too large for one frame."""
    first, rest = block[:MAX_FRAME_BYTES], block[MAX_FRAME_BYTES:]
    end = END_STREAM if is_end else 0
    found = [frame(Kind.HEADERS, end | (0 if rest else END_HEADERS), stream, first)]
    while rest:
        piece, rest = rest[:MAX_FRAME_BYTES], rest[MAX_FRAME_BYTES:]
        found.append(frame(Kind.CONTINUATION, 0 if rest else END_HEADERS, stream, piece))
    return b"".join(found)


def uint31(payload: memoryview) -> int:
    """Read the number that WINDOW_UPDATE and RST_STREAM carry."""
    if len(payload) != _UINT32.size:
        raise ConnectionFault(Code.FRAME_SIZE_ERROR, "a frame of a wrong length")
    return int(_UINT32.unpack(payload)[0]) & LARGEST_WINDOW


def unpadded(flags: int, payload: memoryview) -> memoryview:
    """Take the padding off DATA or HEADERS."""
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise ConnectionFault(Code.PROTOCOL_ERROR, "more padding than payload")
    return payload[1 : len(payload) - payload[0]]
