"""The connection of a peer: what arrives on it, and the bounds of what may."""

import asyncio
import struct
import time
from collections.abc import Callable
from typing import cast

import structlog

from quarterdeck_server.runtime.h2 import frames, headers
from quarterdeck_server.runtime.h2.call import STREAM_WINDOW, Call, MessageTooLarge, Tally
from quarterdeck_server.runtime.h2.frames import (
    ACK,
    DEFAULT_WINDOW,
    END_HEADERS,
    END_STREAM,
    FRAME_HEADER_BYTES,
    MAX_FRAME_BYTES,
    PREFACE,
    PRIORITY_FLAG,
    Code,
    ConnectionFault,
    Kind,
    Setting,
)
from quarterdeck_server.runtime.h2.headers import HeaderReader, Opening
from quarterdeck_server.runtime.h2.outlet import Lane, Outlet
from quarterdeck_server.runtime.h2.site import Site

log = structlog.get_logger()

CONNECTION_WINDOW = 4 * 1024 * 1024
MAX_BLOCK_BYTES = 64 * 1024
MAX_HELD_BYTES = 64 * 1024 * 1024
CALM_AFTER = 20_000
"""Frames a second that cost work and bring nothing: more, and the peer is sent away.

All readers of an edge share its connection, and may well leave together.
"""
CALM_WINDOW_S = 1.0
_PRIORITY_BYTES = 5
_PING_BYTES = 8
_HEADER = struct.Struct(">HBBBI")


class Connection(asyncio.Protocol):
    """The receiving half of a connection, and its calls."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._calls: dict[int, Call] = {}
        self._buffer = bytearray()
        self._headers = HeaderReader()
        self._block: tuple[int, int, bytearray] | None = None
        self._tally = Tally()
        self._last_stream = 0
        self._is_begun = False
        self._is_leaving = False
        self._idle_frames = 0
        self._counted_since = time.monotonic()
        self._unacknowledged = 0
        self._outlet: Outlet
        self._transport: asyncio.Transport
        self._peer = ""
        self.pinged_at: float | None = None
        self.heard_at = time.monotonic()
        self._handlers: dict[int, Callable[[int, int, memoryview], None]] = {
            Kind.DATA: self._on_data,
            Kind.HEADERS: self._on_headers,
            Kind.PRIORITY: self._on_nothing,
            Kind.RST_STREAM: self._on_reset,
            Kind.SETTINGS: self._on_settings,
            Kind.PING: self._on_ping,
            Kind.GOAWAY: self._on_nothing,
            Kind.WINDOW_UPDATE: self._on_window_update,
            Kind.CONTINUATION: self._on_continuation,
        }

    # The transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce ourselves."""
        # That of uvloop is one as well, but not by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        self._peer = _address(transport.get_extra_info("peername"))
        self._outlet = Outlet(self._transport, asyncio.get_running_loop())
        self._outlet.control(
            frames.settings(
                {
                    Setting.MAX_CONCURRENT_STREAMS: self._site.max_streams,
                    Setting.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                    Setting.MAX_HEADER_LIST_SIZE: headers.MAX_HEADER_LIST_BYTES,
                }
            )
            + frames.window_update(0, CONNECTION_WINDOW - DEFAULT_WINDOW)
        )
        self._site.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        """End every call: its peer is gone."""
        self._site.connections.discard(self)
        calls, self._calls = tuple(self._calls.values()), {}
        for call in calls:
            call.leave()

    def pause_writing(self) -> None:
        """Wait: the socket takes no more."""
        self._outlet.pause()

    def resume_writing(self) -> None:
        """Go on: the socket takes more."""
        self._outlet.resume()

    def data_received(self, data: bytes) -> None:
        """Take what came, whole frames at a time."""
        self.heard_at = time.monotonic()
        self._buffer += data
        try:
            self._take_frames()
        except ConnectionFault as fault:
            self._fail(fault)

    # Leaving.

    def drain(self) -> None:
        """Ask the peer for no more calls; those that run go on."""
        if not self._is_leaving:
            self._is_leaving = True
            self._outlet.control(frames.goaway(self._last_stream, Code.NO_ERROR))
            self._close_when_idle()

    def close(self) -> None:
        """Send what is left and end the connection."""
        self._outlet.flush()
        self._transport.close()

    def ping(self) -> None:
        """Ask whether the peer is there."""
        self.pinged_at = time.monotonic()
        self._outlet.control(frames.frame(Kind.PING, 0, 0, b"are you?"))

    def abort(self) -> None:
        """End the connection at once: nobody is there."""
        self._transport.abort()

    def finished(self, call: Call) -> None:
        """Forget a call that is over."""
        self._calls.pop(call.lane.stream, None)
        self._close_when_idle()

    def _close_when_idle(self) -> None:
        if self._is_leaving and not self._calls:
            asyncio.get_running_loop().call_soon(self.close)

    def _fail(self, fault: ConnectionFault) -> None:
        log.warning("connection_refused", peer=self._peer, code=fault.code.name, note=fault.note)
        self._site.count_fault(fault.code.name)
        self._outlet.control(frames.goaway(self._last_stream, fault.code, fault.note))
        self.close()
        self._buffer = bytearray()

    # Frames.

    def _take_frames(self) -> None:
        buffer = self._buffer
        start = 0
        if not self._is_begun:
            if not PREFACE.startswith(bytes(buffer[: len(PREFACE)])):
                raise ConnectionFault(Code.PROTOCOL_ERROR, "this is no HTTP/2")
            if len(buffer) < len(PREFACE):
                return
            self._is_begun, start = True, len(PREFACE)
        with memoryview(buffer) as view:
            start = self._take_whole(view, start)
        if not self._transport.is_closing():
            del buffer[:start]

    def _take_whole(self, view: memoryview, start: int) -> int:
        end = len(view)
        while end - start >= FRAME_HEADER_BYTES and not self._transport.is_closing():
            high, low, kind, flags, stream = _HEADER.unpack_from(view, start)
            size = high << 8 | low
            if size > MAX_FRAME_BYTES:
                raise ConnectionFault(Code.FRAME_SIZE_ERROR, "a frame that is too large")
            after = start + FRAME_HEADER_BYTES + size
            if after > end:
                break
            if self._block is not None and kind != Kind.CONTINUATION:
                raise ConnectionFault(Code.PROTOCOL_ERROR, "headers that do not go on")
            handler = self._handlers.get(kind, self._on_nothing)
            with view[start + FRAME_HEADER_BYTES : after] as payload:
                handler(stream & 0x7FFFFFFF, flags, payload)
            start = after
        return start

    def _on_nothing(self, *_: object) -> None:
        self._expect_calm()

    def _on_data(self, stream: int, flags: int, payload: memoryview) -> None:
        size = len(payload)
        self._unacknowledged += size
        if self._unacknowledged > CONNECTION_WINDOW // 2:
            self._outlet.control(frames.window_update(0, self._unacknowledged))
            self._unacknowledged = 0
        if not size and not flags & END_STREAM:
            self._expect_calm()
        call = self._calls.get(stream)
        if call is None:
            if stream > self._last_stream or stream == 0:
                raise ConnectionFault(Code.PROTOCOL_ERROR, "data of no stream")
            return
        try:
            call.receive(frames.unpadded(flags, payload), size, is_end=bool(flags & END_STREAM))
        except MessageTooLarge:
            self._site.refuse_too_large(call)
        if self._tally.held > MAX_HELD_BYTES:
            raise ConnectionFault(Code.ENHANCE_YOUR_CALM, "too much that waits")

    def _on_headers(self, stream: int, flags: int, payload: memoryview) -> None:
        block = frames.unpadded(flags, payload)
        if flags & PRIORITY_FLAG:
            block = block[_PRIORITY_BYTES:]
        if flags & END_HEADERS:
            self._open(stream, flags, bytes(block))
        else:
            self._block = stream, flags, bytearray(block)

    def _on_continuation(self, stream: int, flags: int, payload: memoryview) -> None:
        if self._block is None or self._block[0] != stream:
            raise ConnectionFault(Code.PROTOCOL_ERROR, "a continuation of nothing")
        self._expect_calm()
        _, first_flags, block = self._block
        block += payload
        if len(block) > MAX_BLOCK_BYTES:
            raise ConnectionFault(Code.ENHANCE_YOUR_CALM, "the headers are too large")
        if flags & END_HEADERS:
            self._block = None
            self._open(stream, first_flags, bytes(block))

    def _on_reset(self, stream: int, _: int, payload: memoryview) -> None:
        frames.uint31(payload)
        if stream == 0 or stream > self._last_stream:
            raise ConnectionFault(Code.PROTOCOL_ERROR, "a reset of no stream")
        # Opening and leaving at once, again and again, costs us and not the peer.
        self._expect_calm()
        call = self._calls.pop(stream, None)
        if call is not None:
            call.leave()

    def _on_settings(self, stream: int, flags: int, payload: memoryview) -> None:
        if stream:
            raise ConnectionFault(Code.PROTOCOL_ERROR, "settings of a stream")
        if flags & ACK:
            return
        self._expect_calm()
        for key, value in frames.settings_of(payload):
            if key == Setting.INITIAL_WINDOW_SIZE:
                self._outlet.allow_window(value, [call.lane for call in self._calls.values()])
            elif key == Setting.MAX_FRAME_SIZE:
                self._outlet.allow_frames(value)
        self._outlet.control(frames.frame(Kind.SETTINGS, ACK, 0))

    def _on_ping(self, stream: int, flags: int, payload: memoryview) -> None:
        if len(payload) != _PING_BYTES or stream:
            raise ConnectionFault(Code.FRAME_SIZE_ERROR, "a ping of a wrong length")
        if flags & ACK:
            self.pinged_at = None
            return
        self._expect_calm()
        self._outlet.control(frames.frame(Kind.PING, ACK, 0, bytes(payload)))

    def _on_window_update(self, stream: int, _: int, payload: memoryview) -> None:
        increment = frames.uint31(payload)
        if stream == 0:
            self._outlet.widen(increment)
        elif (call := self._calls.get(stream)) is not None:
            self._outlet.widen_lane(call.lane, increment)
        elif stream > self._last_stream:
            raise ConnectionFault(Code.PROTOCOL_ERROR, "a window of no stream")

    def _expect_calm(self) -> None:
        """Count a frame that brings nothing; many of them are an attack."""
        self._idle_frames += 1
        if self._idle_frames > CALM_AFTER:
            now = time.monotonic()
            if now - self._counted_since < CALM_WINDOW_S:
                raise ConnectionFault(Code.ENHANCE_YOUR_CALM, "too many frames for nothing")
            self._idle_frames, self._counted_since = 0, now

    # Calls.

    def _open(self, stream: int, flags: int, block: bytes) -> None:
        opening = self._headers.read(block)
        if stream in self._calls and flags & END_STREAM:
            self._calls[stream].receive(memoryview(b""), 0, is_end=True)
            return
        if stream % 2 == 0 or stream <= self._last_stream:
            raise ConnectionFault(Code.PROTOCOL_ERROR, "a stream that is none")
        self._last_stream = stream
        if self._is_leaving or len(self._calls) >= self._site.max_streams:
            self._outlet.control(frames.reset(stream, Code.REFUSED_STREAM))
            return
        if not opening.content_type.startswith("application/grpc"):
            self._outlet.control(frames.headers(stream, headers.NOT_GRPC, is_end=True))
            return
        self._begin(stream, opening, is_whole=bool(flags & END_STREAM))

    def _begin(self, stream: int, opening: Opening, *, is_whole: bool) -> None:
        lane = Lane(self._outlet, stream)
        call = Call(opening, lane, self._tally, self._peer, self._site.max_message_bytes)
        call.add_done_callback(self.finished)
        self._calls[stream] = call
        if is_whole:
            call.receive(memoryview(b""), 0, is_end=True)
        self._site.begin(call)


def _address(name: object) -> str:
    if isinstance(name, tuple):
        host, port = name[:2]
        return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"
    return "unix:"
