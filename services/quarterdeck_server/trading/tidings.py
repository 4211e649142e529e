"""What other areas must hear of the log's past: finished days that are no longer what they were."""

from contextlib import suppress

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import Bus, Message
from quarterdeck_server.runtime.clock import Clock

RESTATED = "_restated"


class Tidings:
    """Tells on the bus, between our processes; who misses it reads anew in some minutes."""

    def __init__(self, bus: Bus, clock: Clock, epoch: int) -> None:
        self._bus, self._clock, self._epoch = bus, clock, epoch
        self._sequence = 0

    async def restated(self, account: str) -> None:
        """Tell that the past of an account was changed."""
        self._sequence += 1
        topic = topics.topic(RESTATED, account)
        message = Message(topic, self._epoch, self._sequence, 1, self._clock.now_ns(), b"")
        with suppress(Unavailable):
            await self._bus.publish([message])
