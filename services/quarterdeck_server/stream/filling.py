"""Reading what a stream's reader lacks of durable topics from the log that stores them."""

import asyncio
from collections.abc import Callable, Mapping

from quarterdeck_server.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream.claims import BEYOND
from quarterdeck_server.stream.domain import CursorInvalid
from quarterdeck_server.stream.engine.reader import Reader
from quarterdeck_server.stream.engine.resume import Hole
from quarterdeck_server.stream.ports import Records, TopicRecords

PATIENCE_S = 5.0
PAUSE_S = 0.1

type Fail = Callable[[QuarterdeckError], None]


class Filling:
    """Fills the holes of one reader, beside the loop that writes to it."""

    def __init__(self, reader: Reader, records: Records, clock: Clock, fail: Fail) -> None:
        self._reader, self._records, self._clock, self._fail = reader, records, clock, fail
        self._fields: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None
        self.token = ""

    def blame(self, fields: Mapping[str, str]) -> None:
        """Remember which field of the request named a topic's cursor."""
        self._fields |= fields

    def begin(self, wake: Callable[[], None]) -> asyncio.Task[None]:
        """Return the work on the holes there are, which wakes the stream at its end."""
        if self._task is None:
            self._task = asyncio.create_task(self._fill(), name="stream-resume")
            self._task.add_done_callback(lambda _: wake())
        return self._task

    def finish(self) -> None:
        """Let go of work that is done. Raises what went wrong in it."""
        if self._task is not None:
            task, self._task = self._task, None
            task.result()

    def cancel(self) -> None:
        """Give up."""
        if self._task is not None:
            self._task.cancel()

    async def _fill(self) -> None:
        holes = self._reader.holes
        try:
            answers = await asyncio.gather(*(self._read(hole) for hole in holes))
        except QuarterdeckError as error:
            self._fail(error)
            return
        for hole, records in zip(holes, answers, strict=True):
            self._reader.fill(hole, records, self._clock.monotonic())

    async def _read(self, hole: Hole) -> TopicRecords:
        records = await self._insist(hole)
        if records.epoch == hole.epoch and records.last < hole.after:
            field = self._fields.get(hole.topic, "subscriptions")
            raise CursorInvalid(field, BEYOND)
        return records

    async def _insist(self, hole: Hole) -> TopicRecords:
        give_up_at = self._clock.monotonic() + PATIENCE_S
        while True:
            try:
                return await self._records.after(hole.topic, hole.after, hole.until, self.token)
            except Unavailable:
                if self._clock.monotonic() > give_up_at:
                    raise
            await asyncio.sleep(PAUSE_S)
