"""What leaves on a connection: windows, frames, one write for everything of a turn of the loop."""

import asyncio

from quarterdeck_server.runtime.h2.frames import (
    DEFAULT_WINDOW,
    FRAME_HEADER_BYTES,
    LARGEST_FRAME_BYTES,
    LARGEST_WINDOW,
    MAX_FRAME_BYTES,
    Code,
    ConnectionFault,
)

FLUSH_BYTES = 256 * 1024
"""So much is handed to the socket before the turn of the loop ends."""
HIGH_BYTES, LOW_BYTES = 256 * 1024, 64 * 1024
"""With so much unsent in the socket's buffer messages wait, until so little is left."""
PREFIX_BYTES = 5


class Lane:
    """The way out of one stream: its window, and the rest of a message that did not fit."""

    __slots__ = ("is_open", "outlet", "rest", "stream", "tail", "waiter", "window")

    def __init__(self, outlet: "Outlet", stream: int) -> None:
        self.outlet = outlet
        self.stream = stream
        self.tail = b"\0\0" + stream.to_bytes(4)
        self.window = outlet.initial_window
        self.rest: memoryview | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.is_open = True

    @property
    def is_clear(self) -> bool:
        """Tell whether nothing of an earlier message waits."""
        return self.rest is None

    def close(self) -> None:
        """Send nothing more; whoever waits is let go."""
        self.is_open = False
        self.rest = None
        self._release()

    def clear(self) -> None:
        """Let go on whoever waits for the rest to be out."""
        self.rest = None
        self._release()

    def _release(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)
        self.waiter = None


class Outlet:
    """The sending half of a connection."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.initial_window = DEFAULT_WINDOW
        self._transport = transport
        self._loop = loop
        self._window = DEFAULT_WINDOW
        self._max_frame = MAX_FRAME_BYTES
        self._parts: list[bytes | memoryview] = []
        self._size = 0
        self._is_scheduled = False
        self._is_full = False
        self._blocked: dict[int, Lane] = {}
        transport.set_write_buffer_limits(high=HIGH_BYTES, low=LOW_BYTES)

    def control(self, data: bytes) -> None:
        """Send frames that no window counts."""
        self._parts.append(data)
        self._size += len(data)
        self._schedule()

    def message(self, lane: Lane, data: bytes) -> bool:
        """Send a message of a clear lane; tell whether all of it is out of our hands."""
        size = len(data)
        length = size + PREFIX_BYTES
        if (
            length <= lane.window
            and length <= self._window
            and length <= self._max_frame
            and not self._is_full
        ):
            lane.window -= length
            self._window -= length
            # The bytes of the message are shared by every reader: only these fourteen are its own.
            self._parts.append(length.to_bytes(3) + lane.tail + b"\0" + size.to_bytes(4))
            self._parts.append(data)
            self._size += length + FRAME_HEADER_BYTES
            if self._size > FLUSH_BYTES:
                self.flush()
            else:
                self._schedule()
            return True
        lane.rest = memoryview(b"\0" + size.to_bytes(4) + data)
        self._push(lane)
        return lane.rest is None

    def flush(self) -> None:
        """Hand everything to the socket."""
        self._is_scheduled = False
        if self._parts:
            parts, self._parts, self._size = self._parts, [], 0
            self._transport.write(b"".join(parts))

    def forget(self, lane: Lane) -> None:
        """Send nothing more for a stream."""
        self._blocked.pop(lane.stream, None)
        lane.close()

    def pause(self) -> None:
        """Wait: the socket takes no more."""
        self._is_full = True

    def resume(self) -> None:
        """Go on: the socket takes more."""
        self._is_full = False
        self._push_blocked()

    def widen(self, increment: int) -> None:
        """Take the peer's leave to send more on the connection."""
        self._window = _widened(self._window, increment)
        self._push_blocked()

    def widen_lane(self, lane: Lane, increment: int) -> None:
        """Take the peer's leave to send more on a stream."""
        lane.window = _widened(lane.window, increment)
        if lane.rest is not None:
            self._push(lane)

    def allow_frames(self, size: int) -> None:
        """Take over the largest frame that the peer accepts."""
        if not MAX_FRAME_BYTES <= size < 2**24:
            raise ConnectionFault(Code.PROTOCOL_ERROR, "a frame size that is none")
        self._max_frame = min(size, LARGEST_FRAME_BYTES)

    def allow_window(self, size: int, lanes: list[Lane]) -> None:
        """Take over the window that streams begin with; those that are open change by as much."""
        if size > LARGEST_WINDOW:
            raise ConnectionFault(Code.FLOW_CONTROL_ERROR, "a window that is too large")
        change, self.initial_window = size - self.initial_window, size
        for lane in lanes:
            lane.window += change
        if change > 0:
            self._push_blocked()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self.flush)

    def _push_blocked(self) -> None:
        """Let the streams that wait go on, each with a frame at a time."""
        while self._blocked and self._window > 0 and not self._is_full:
            moved = False
            for lane in tuple(self._blocked.values()):
                moved |= self._push_frame(lane)
            if not moved:
                break

    def _push(self, lane: Lane) -> None:
        while self._push_frame(lane):
            pass
        if lane.rest is not None:
            self._blocked[lane.stream] = lane

    def _push_frame(self, lane: Lane) -> bool:
        """Send one frame of what waits; tell whether there was something, and leave to send it."""
        rest = lane.rest
        if rest is None or self._is_full:
            return False
        size = min(len(rest), lane.window, self._window, self._max_frame)
        if size <= 0:
            return False
        lane.window -= size
        self._window -= size
        self._parts.append(size.to_bytes(3) + lane.tail)
        self._parts.append(rest[:size])
        self._size += size + FRAME_HEADER_BYTES
        if size == len(rest):
            self._blocked.pop(lane.stream, None)
            lane.clear()
        else:
            lane.rest = rest[size:]
        if self._size > FLUSH_BYTES:
            self.flush()
        else:
            self._schedule()
        return True


def _widened(window: int, increment: int) -> int:
    if increment == 0:
        raise ConnectionFault(Code.PROTOCOL_ERROR, "a window that widens by nothing")
    if window + increment > LARGEST_WINDOW:
        raise ConnectionFault(Code.FLOW_CONTROL_ERROR, "a window that is too large")
    return window + increment
