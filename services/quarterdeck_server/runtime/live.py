"""Streams end when the token that opened them does: at its expiry, or soon after its revocation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from quarterdeck_server.kernel.errors import NotAuthenticated, QuarterdeckError, Unavailable
from quarterdeck_server.runtime.authenticate import Authenticator
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import Clock

CHECK_PAUSE_S = 1.0


class ShuttingDown(Unavailable):
    """The service is stopping: reconnect and resume."""

    reason = "SHUTTING_DOWN"

    def __init__(self) -> None:
        super().__init__("the service is stopping", retry_after_s=0.2)


def reason_of(end: asyncio.CancelledError) -> QuarterdeckError | None:
    """Return why a stream that is interrupted ends, if it is not its reader who left."""
    reason = end.args[0] if end.args else None
    return reason if isinstance(reason, QuarterdeckError) else None


@dataclass(eq=False, slots=True)
class _Stream:
    task: "asyncio.Task[object]"
    caller: Caller | None
    verdict: Exception | None = None

    def end(self, verdict: Exception) -> None:
        if self.verdict is None:
            self.verdict = verdict
            self.task.cancel(verdict)  # with the reason, so that what it ends can tell it


class LiveStreams:
    """The open streams of this process, and what may still go on."""

    def __init__(self, authenticator: Authenticator, clock: Clock) -> None:
        self._authenticator, self._clock = authenticator, clock
        self._streams: set[_Stream] = set()
        self.draining = asyncio.Event()

    @asynccontextmanager
    async def watched(self, caller: Caller | None) -> AsyncIterator[None]:
        """Run a stream; it ends with a typed error when its token does, or the process."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a stream runs in a task")
        stream = _Stream(task, caller)
        self._streams.add(stream)
        try:
            if self.draining.is_set():
                raise ShuttingDown
            yield
        except asyncio.CancelledError:
            if stream.verdict is None:
                raise
            task.uncancel()
            raise stream.verdict from None
        finally:
            self._streams.discard(stream)

    async def check(self) -> None:
        """End the streams whose token no longer holds, once a second."""
        while True:
            await asyncio.sleep(CHECK_PAUSE_S)
            for stream in tuple(self._streams):
                if verdict := self.verdict(stream.caller):
                    stream.end(verdict)

    def verdict(self, caller: Caller | None) -> NotAuthenticated | None:
        """Return why a caller's token no longer holds, if it does not."""
        if caller is None:
            return None
        if caller.expires_at <= self._clock.now_ns() / 1e9:
            return NotAuthenticated("TOKEN_EXPIRED", "the access token has expired")
        if self._authenticator.revoked(caller):
            return NotAuthenticated("TOKEN_REVOKED", "the access token was revoked")
        return None

    def drain(self) -> None:
        """End every stream: their readers reconnect elsewhere and resume."""
        self.draining.set()
        for stream in tuple(self._streams):
            stream.end(ShuttingDown())
