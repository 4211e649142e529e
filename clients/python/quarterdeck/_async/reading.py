"""Read a stream and notice when it is silent. Written by hand for both kinds of client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from google.protobuf.message import Message


class AsyncAnswers[Response](Protocol):
    """A call whose answers are streamed."""

    def __aiter__(self) -> AsyncIterator[Response]:
        """Yield the answers."""

    async def read(self) -> object:
        """Wait for the next answer, or for the mark of the end."""

    def cancel(self) -> object:
        """End the call."""


class AsyncReader[Response: Message]:
    """Reads the answers of one call."""

    def __init__(self, call: AsyncAnswers[Response], response: type[Response]) -> None:
        self._call, self._response = call, response
        self._reading: asyncio.Task[object] | None = None

    async def read(self, silence: float) -> Response | None:
        """Read the next answer, None at the end. TimeoutError after ``silence`` seconds.

        The read goes on when this is cancelled, so that nothing is lost to ``asyncio.wait_for``.
        """
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._call.read())
        done, _ = await asyncio.wait({self._reading}, timeout=silence)
        if not done:
            raise TimeoutError
        reading, self._reading = self._reading, None
        answer = reading.result()
        return answer if isinstance(answer, self._response) else None

    def cancel(self) -> None:
        """End the call."""
        if self._reading is not None:
            self._reading.add_done_callback(_forget)
        self._call.cancel()


def _forget(task: asyncio.Task[object]) -> None:
    """Take the outcome, which nobody waits for any more."""
    if not task.cancelled():
        task.exception()
