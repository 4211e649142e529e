"""Notices of the deck itself to everybody who watches."""

from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck_server.kernel import topics
from quarterdeck_server.runtime.bus.port import Bus
from quarterdeck_server.runtime.clock import Clock

TOPIC = topics.topic("notices", "broadcast")


class Notices:
    """Publishes on the broadcast topic, which all processes share: the bus numbers it."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock

    async def broadcast(self, notice: Notice) -> None:
        """Publish a notice."""
        payload = notice.SerializeToString()
        await self._bus.append(TOPIC, payload, publish_time_ns=self._clock.now_ns())
