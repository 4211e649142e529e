"""The way out: gives rows their sequence numbers and puts them on the bus, in that order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.marketdata.domain.sequence import Sequencer
from quarterdeck_server.runtime.bus import Bus, Message
from quarterdeck_server.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Parcel:
    """An encoded noun on its way to a topic."""

    topic: str
    rows: int
    payload: bytes


class NotPublished(Unavailable):
    """The bus did not take the messages; their numbers are gone."""

    def __init__(self, messages: Sequence[Message], cause: Unavailable) -> None:
        super().__init__(str(cause), cause.retry_after_s, **cause.metadata)
        self.messages = messages


class Outlet:
    """The one owner of the topics of this area."""

    def __init__(self, bus: Bus, clock: Clock, sequencer: Sequencer) -> None:
        self._bus, self._clock, self._sequencer = bus, clock, sequencer
        # The order on the bus must be that of the numbers, also when callers overlap.
        self._turn = asyncio.Lock()

    async def send(self, parcels: Sequence[Parcel]) -> list[Message]:
        """Publish all parcels at one time; raises NotPublished when the bus does not take them.

        Numbers of parcels that the bus did not take are not used again: whether a reader saw them
        cannot be known.
        """
        async with self._turn:
            now_ns = self._clock.now_ns()
            messages = [self._number(parcel, now_ns) for parcel in parcels]
            try:
                await self._bus.publish(messages)
            except Unavailable as error:
                raise NotPublished(messages, error) from error
            return messages

    def _number(self, parcel: Parcel, now_ns: int) -> Message:
        first = self._sequencer.take(parcel.topic, parcel.rows)
        epoch = self._sequencer.epoch
        return Message(parcel.topic, epoch, first, parcel.rows, now_ns, parcel.payload)
