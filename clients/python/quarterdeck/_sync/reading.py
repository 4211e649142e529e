"""Read a stream and notice when it is silent. Written by hand for both kinds of client."""

import threading
import time
from collections.abc import Iterator
from typing import Protocol

import grpc
from google.protobuf.message import Message

IDLE_POLL = 0.5
"""Seconds between looks at a reader that waits for nothing."""


class Answers[Response](Protocol):
    """A call whose answers are streamed."""

    def __iter__(self) -> Iterator[Response]:
        """Yield the answers."""

    def cancel(self) -> object:
        """End the call."""


class Reader[Response: Message]:
    """Reads the answers of one call.

    A blocking read has no timeout of its own, so a thread beside it cancels the call when the
    time is over.
    """

    def __init__(self, call: Answers[Response], _response: type[Response]) -> None:
        self._call = call
        self._answers: Iterator[Response] = iter(call)
        self._deadline: float | None = None
        self._was_silent = False
        self._stopped = threading.Event()
        threading.Thread(target=self._guard, name="quarterdeck-watchdog", daemon=True).start()

    def read(self, silence: float) -> Response | None:
        """Read the next answer, None at the end. TimeoutError after ``silence`` seconds."""
        self._deadline = time.monotonic() + silence
        try:
            return next(self._answers, None)
        except grpc.RpcError:
            if self._was_silent:
                raise TimeoutError from None
            raise
        finally:
            self._deadline = None

    def cancel(self) -> None:
        """End the call."""
        self._stopped.set()
        self._call.cancel()

    def _guard(self) -> None:
        while not self._stopped.wait(self._remaining()):
            deadline = self._deadline
            if deadline is not None and time.monotonic() >= deadline:
                self._was_silent = True
                self._call.cancel()
                return

    def _remaining(self) -> float:
        deadline = self._deadline
        if deadline is None:
            return IDLE_POLL
        return min(IDLE_POLL, max(0.0, deadline - time.monotonic()))
